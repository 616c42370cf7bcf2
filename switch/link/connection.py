"""One TCP connection of the reactor: frames in, frames out, what was not sent told at the end.

Knows nothing of messages; only the reactor's task calls `readable`, `write` and `released`."""

import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

CLOSED_BY_PEER = "closed by peer"


class Framer(Protocol):
    """Cuts a byte stream into frames; FrameErrors are ValueErrors with the good `frames` before them."""

    def feed(self, data: bytes) -> list[bytes]: ...

    @property
    def pending(self) -> int: ...

    def wrap(self, frame: bytes) -> bytes: ...


class RawFramer:
    """For a protocol that frames for itself: what arrives is passed on as it came."""

    pending = 0

    def feed(self, data: bytes) -> list[bytes]:
        return [data]

    def wrap(self, frame: bytes) -> bytes:
        return frame


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bytes, counts and seconds; 0 seconds means no limit.

    `frame_timeout` from the first byte of a frame to its last, `idle_timeout` between two arrivals,
    `write_timeout` without the peer taking a byte, `linger_timeout` for the peer to see our end.
    """

    max_frame: int = 8192
    max_out: int = 4 * 1024 * 1024
    read_per_tick: int = 16 * 1024
    max_connections: int = 1024
    frame_timeout: float = 10.0
    idle_timeout: float = 300.0
    write_timeout: float = 10.0
    linger_timeout: float = 1.0
    connect_timeout: float = 3.0


class Handler(Protocol):
    """What the owner of a connection does with it."""

    def on_frame(self, connection: "Connection", frame: bytes) -> None: ...

    def on_input_end(self, connection: "Connection", reason: str) -> None:
        """No frame will come any more, but answers may still go: the owner calls `finish` or `close` when done."""

    def on_close(self, connection: "Connection", reason: str, unsent: list[Any]) -> None:
        """Called once; `unsent` are the tokens of frames that were not handed to the kernel whole."""


class Connection:
    """`send` gathers, the reactor writes once per tick. Frames out may carry a token."""

    def __init__(
        self,
        sock: socket.socket,
        name: str,
        framer: Framer,
        handler: Handler,
        limits: Limits,
        touch: Callable[["Connection"], None],
        now: float,
    ) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.name = name
        self.closed = ""
        self.paused = False
        self.blocked = False
        self._framer = framer
        self._handler = handler
        self._limits = limits
        self._touch = touch
        self._last_in = self._frame_since = self._progress = now
        self._input_ended = ""
        self._end_seen = False
        self._finish = ""
        self._shut_at: float | None = None
        self._out: list[bytes] = []
        self._head = memoryview(b"")
        self._tokens: deque[tuple[int, Any]] = deque()
        self._queued_total = 0
        self._written_total = 0

    def __repr__(self) -> str:
        return f"<Connection {self.name} {self.closed or 'open'}>"

    @property
    def heard_at(self) -> float:
        """The time of the last arrival, or of the connection's beginning."""
        return self._last_in

    @property
    def pending_out(self) -> int:
        """Bytes gathered and not yet taken by the kernel."""
        return self._queued_total - self._written_total

    @property
    def unsent(self) -> list[Any]:
        """The tokens of frames that the kernel has not taken whole."""
        return [token for _, token in self._tokens]

    @property
    def wants_input(self) -> bool:
        """Whether it would read: also after `finish`, to see the peer's end and to throw away what comes before it."""
        if self.closed or self._end_seen:
            return False
        return bool(self._finish) or not (self.paused or self._input_ended)

    def send(self, frame: bytes, token: Any = None) -> bool:
        """Gathers a frame; False when the connection is closed, or closes now because the frame cannot go out."""
        if self.closed or self._finish:
            return False
        try:
            data = self._framer.wrap(frame)
        except ValueError as error:
            self.close(f"cannot send: {error}")
            return False
        if self.pending_out + len(data) > self._limits.max_out:
            self.close(f"peer does not read: {self.pending_out} bytes wait")
            return False
        self._out.append(data)
        self._queued_total += len(data)
        if token is not None:
            self._tokens.append((self._queued_total, token))
        self._touch(self)
        return True

    def close(self, reason: str) -> None:
        """Closes at the end of the tick; nothing more is written."""
        if not self.closed:
            self.closed = reason
            self._touch(self)

    def end_input(self, reason: str) -> None:
        """Takes no more frames; what was gathered and what is still sent goes out. Follow it with `finish`."""
        if not (self.closed or self._input_ended):
            self._input_ended = reason
            self._touch(self)

    def finish(self, reason: str) -> None:
        """Closes once everything gathered is written and the peer has had time to see it."""
        if not (self.closed or self._finish):
            self._finish = reason
            self._touch(self)

    def pause(self, now: float, *, paused: bool) -> None:
        """Stops or resumes reading; the time in between is not held against the peer."""
        if self.paused != paused:
            self.paused = paused
            self._last_in = self._frame_since = now
            self._touch(self)

    # -- the reactor's side

    def readable(self, now: float, *, hung_up: bool) -> None:
        """Reads what is there within the bound and passes on the frames; `hung_up` when the socket is of no use."""
        if not self.wants_input:
            if hung_up:
                self.close(self._why_lost())
            return
        try:
            data = self.sock.recv(self._limits.read_per_tick)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(f"connection lost: {error.strerror}")
            return
        if not data:
            self._end_of_input()
        elif not self._finish:
            self._take(data, now)

    def _take(self, data: bytes, now: float) -> None:
        self._last_in = now
        unfinished = self._framer.pending
        fault = ""
        try:
            frames = self._framer.feed(data)
        except ValueError as error:
            frames, fault = getattr(error, "frames", []), f"bad frame: {error}"
        if frames or not unfinished:
            self._frame_since = now
        for frame in frames:
            if self.closed or self._input_ended or self._finish:
                return
            self._handler.on_frame(self, frame)
        if fault:
            self._no_more_input(fault)

    def _end_of_input(self) -> None:
        """A peer that has shut its sending side may still wait for answers."""
        self._end_seen = True
        self._touch(self)
        if not self._finish:
            self._no_more_input("connection ended in mid-frame" if self._framer.pending else CLOSED_BY_PEER)

    def _no_more_input(self, reason: str) -> None:
        if not (self.closed or self._input_ended):
            self.end_input(reason)
            self._handler.on_input_end(self, reason)

    def _why_lost(self) -> str:
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return f"connection lost: {os.strerror(code)}" if code else CLOSED_BY_PEER

    def write(self, now: float) -> None:
        """Hands the kernel as much as it takes."""
        while self._head or self._out:
            if not self._head:
                self._head = memoryview(self._out[0] if len(self._out) == 1 else b"".join(self._out))
                self._out = []
            try:
                sent = self.sock.send(self._head)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self.close(f"connection lost: {error.strerror}")
                return
            self._note_written(sent, now)
            if self._head:
                break
        self.blocked = bool(self.pending_out)
        if self._finish and not self.blocked:
            self._shut(now)

    def _note_written(self, sent: int, now: float) -> None:
        self._progress = now
        self._head = self._head[sent:]
        self._written_total += sent
        while self._tokens and self._tokens[0][0] <= self._written_total:
            self._tokens.popleft()

    def _shut(self, now: float) -> None:
        """Says that no more comes, then waits for the peer's end: closing over unread bytes would reset the
        connection, and the peer would lose answers that it has not read yet."""
        if self._end_seen:
            self.close(self._finish)
        elif self._shut_at is None:
            self._shut_at = now
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError:
                self.close(self._finish)

    def overdue(self, now: float) -> str:
        """Why the connection should be closed for silence, "" when it should not."""
        limits = self._limits
        if self._shut_at is not None:
            return self._finish if now - self._shut_at > limits.linger_timeout else ""
        if self.blocked and limits.write_timeout and now - self._progress > limits.write_timeout:
            return f"peer does not read for {limits.write_timeout:g} s"
        if self.paused or self._input_ended:
            return ""
        if self._framer.pending and limits.frame_timeout and now - self._frame_since > limits.frame_timeout:
            return f"frame unfinished for {limits.frame_timeout:g} s"
        if limits.idle_timeout and now - self._last_in > limits.idle_timeout:
            return f"idle for {limits.idle_timeout:g} s"
        return ""

    def released(self) -> None:
        """The socket is gone: the owner learns why and what was not sent."""
        self.sock.close()
        unsent = self.unsent
        self._tokens.clear()
        self._out.clear()
        self._head = memoryview(b"")
        self._handler.on_close(self, self.closed, unsent)
