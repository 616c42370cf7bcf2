"""One TCP connection of the reactor: frames in, frames out, what was not sent told at the end.

Knows nothing of messages; only the reactor's task calls `readable` and `write`."""

import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec


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
    """Bytes, counts and seconds; 0 seconds means no limit."""

    max_frame: int = 8192
    max_out: int = 4 * 1024 * 1024
    read_per_tick: int = 64 * 1024
    max_connections: int = 1024
    frame_timeout: float = 10.0
    idle_timeout: float = 300.0
    connect_timeout: float = 3.0


class Handler(Protocol):
    """What the owner of a connection does with it."""

    def on_frame(self, connection: "Connection", frame: bytes) -> None: ...

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
        self.last_in = self.frame_since = now
        self.paused = False
        self.half_closed = False
        self.blocked = False
        self._framer = framer
        self._handler = handler
        self._limits = limits
        self._touch = touch
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._tokens: deque[tuple[int, Any]] = deque()
        self._queued_total = 0
        self._written_total = 0
        self._finish = ""

    def __repr__(self) -> str:
        return f"<Connection {self.name} {self.closed or 'open'}>"

    @property
    def pending_out(self) -> int:
        """Bytes gathered and not yet taken by the kernel."""
        return self._out_bytes

    @property
    def finishing(self) -> bool:
        return bool(self._finish)

    def send(self, frame: bytes, token: Any = None) -> bool:
        """Gathers a frame; False when the connection is closed or the peer has stopped reading for too long."""
        if self.closed or self._finish:
            return False
        data = self._framer.wrap(frame)
        if self._out_bytes + len(data) > self._limits.max_out:
            self.close(f"peer does not read: {self._out_bytes} bytes wait")
            return False
        self._out.append(data)
        self._out_bytes += len(data)
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

    def finish(self, reason: str) -> None:
        """Closes once everything gathered is written."""
        if not self.closed:
            self._finish = self._finish or reason
            self._touch(self)

    # -- the reactor's side

    def readable(self, now: float) -> None:
        """Reads what is there within the bound and passes on the frames."""
        try:
            data = self.sock.recv(self._limits.read_per_tick)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(f"connection lost: {error.strerror}")
            return
        if not data:
            self._end_of_input()
            return
        self.last_in = now
        unfinished = self._framer.pending
        try:
            frames = self._framer.feed(data)
        except ValueError as error:
            self._pass_on(getattr(error, "frames", []))
            self.close(f"bad frame: {error}")
            return
        if frames or not unfinished:
            self.frame_since = now
        self._pass_on(frames)

    def _pass_on(self, frames: list[bytes]) -> None:
        for frame in frames:
            if self.closed:
                return
            self._handler.on_frame(self, frame)

    def _end_of_input(self) -> None:
        """A peer that has shut its sending side may still wait for answers; the owner decides when it is done."""
        if self._framer.pending:
            self.close("connection ended in mid-frame")
            return
        self.half_closed = True
        half_close = getattr(self._handler, "on_half_close", None)
        if half_close is None:
            self.close("closed by peer")
        else:
            half_close(self)

    def write(self) -> None:
        """Hands the kernel as much as it takes."""
        if self._out:
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            try:
                sent = self.sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self.close(f"connection lost: {error.strerror}")
                return
            self._written_total += sent
            self._out_bytes = len(data) - sent
            self._out = [data[sent:]] if self._out_bytes else []
            while self._tokens and self._tokens[0][0] <= self._written_total:
                self._tokens.popleft()
        if self._finish and not self._out:
            self.close(self._finish)

    def overdue(self, now: float) -> str:
        """Why the connection should be closed for silence, "" when it should not."""
        limits = self._limits
        if self._framer.pending and limits.frame_timeout and now - self.frame_since > limits.frame_timeout:
            return f"silence in mid-frame for {limits.frame_timeout:g} s"
        if limits.idle_timeout and now - self.last_in > limits.idle_timeout:
            return f"idle for {limits.idle_timeout:g} s"
        return ""

    def released(self) -> None:
        """The socket is gone: the owner learns why and what was not sent."""
        self.sock.close()
        unsent = [token for _, token in self._tokens]
        self._tokens.clear()
        self._out.clear()
        self._handler.on_close(self, self.closed, unsent)
