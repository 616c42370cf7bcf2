"""A TCP proxy between two processes that can make their network bad. It cuts streams into frames, knows no message."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import trio

from switch.message import FrameError, make_framer

HOST = "127.0.0.1"
UP, DOWN = "up", "down"  # from the dialler, to the dialler
# What a fault does while it lasts; `drop`, `half-close` and `reset` strike once per connection.
KINDS = (
    "delay",  # every frame comes late
    "drop",  # all connections are reset
    "half-close",  # one side hears an end of the stream, the other goes on talking to nobody
    "stall",  # nothing is read in one direction
    "trickle",  # byte by byte
    "reset",  # half a frame, then a reset
    "duplicate",  # every frame twice
    "lose",  # frames vanish in one direction
    "refuse",  # nobody listens, and what was connected is reset
)
_CHUNK = 65536
_BYTE_PAUSE = 0.001
_DELAY = 0.7
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds


@dataclass(slots=True, eq=False)
class _Fault:
    """One fault in force; `over` is set when it ends."""

    kind: str
    direction: str
    over: trio.Event = field(default_factory=trio.Event)


class _Gone(Exception):
    """This pair of connections is to end."""


class Proxy:
    """Listens on `port` from `open` on and passes everything on to `target` on this machine."""

    def __init__(self, name: str, framing: str, target: int) -> None:
        self.name = name
        self.port = 0
        self._framing = framing
        self.target = target
        self._fault: _Fault | None = None
        self._nursery: trio.Nursery
        self._accepting = trio.CancelScope()
        self._pairs: set[tuple[trio.SocketStream, trio.SocketStream]] = set()

    async def open(self, nursery: trio.Nursery) -> None:
        """Returns when it listens, on a port of the kernel's choice that it keeps."""
        self._nursery = nursery
        await self._listen()

    @contextmanager
    def fault(self, kind: str, direction: str) -> Iterator[None]:
        """The network is bad inside. One fault at a time: a second one replaces the first."""
        self._end_fault()
        fault = self._fault = _Fault(kind, direction)
        if kind in ("drop", "refuse"):
            self._reset_all()
        if kind == "refuse":
            self._accepting.cancel()
        try:
            yield
        finally:
            if self._fault is fault:
                self._end_fault()

    async def heal(self) -> None:
        """No fault any more, and connections are accepted again."""
        self._end_fault()
        if self._accepting.cancel_called:
            await self._listen()

    def _end_fault(self) -> None:
        if self._fault is not None:
            self._fault.over.set()
            self._fault = None

    def _reset_all(self) -> None:
        for pair in list(self._pairs):
            _reset(*pair)

    # -- connections

    async def _listen(self) -> None:
        sock = trio.socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        await sock.bind((HOST, self.port))
        sock.listen(128)
        self.port = sock.getsockname()[1]
        self._accepting = trio.CancelScope()
        self._nursery.start_soon(self._accept, sock, self._accepting)

    async def _accept(self, sock: trio.socket.SocketType, until: trio.CancelScope) -> None:
        with until, sock:
            while True:
                peer, _ = await sock.accept()
                self._nursery.start_soon(self._serve, trio.SocketStream(peer))

    async def _serve(self, client: trio.SocketStream) -> None:
        try:
            server = await trio.open_tcp_stream(HOST, self.target)
        except OSError:
            _reset(client)
            return
        pair = client, server
        self._pairs.add(pair)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._guarded, nursery, client, server, UP)
                nursery.start_soon(self._guarded, nursery, server, client, DOWN)
        finally:
            self._pairs.discard(pair)
            _reset(*pair)

    async def _guarded(
        self, nursery: trio.Nursery, source: trio.SocketStream, sink: trio.SocketStream, direction: str
    ) -> None:
        """Until the end of the stream, which is passed on; what breaks ends both directions."""
        try:
            await self._pump(source, sink, direction)
        except (_Gone, FrameError, trio.BrokenResourceError, trio.ClosedResourceError):
            _reset(source, sink)
            nursery.cancel_scope.cancel()

    async def _pump(self, source: trio.SocketStream, sink: trio.SocketStream, direction: str) -> None:
        framer = make_framer(self._framing, 9999)
        while data := await source.receive_some(_CHUNK):
            for frame in framer.feed(bytes(data)):
                await self._pass_on(framer.wrap(frame), sink, direction)
        await sink.send_eof()

    async def _pass_on(self, data: bytes, sink: trio.SocketStream, direction: str) -> None:
        fault = self._fault
        if fault is None or fault.direction not in (direction, "both"):
            await sink.send_all(data)
        elif fault.kind == "stall":
            await fault.over.wait()
            await sink.send_all(data)
        elif fault.kind == "delay":
            await trio.sleep(_DELAY)
            await sink.send_all(data)
        elif fault.kind == "trickle":
            await _trickle(data, sink)
        elif fault.kind == "duplicate":
            await sink.send_all(data + data)
        elif fault.kind == "reset":
            await sink.send_all(data[: len(data) // 2])
            raise _Gone
        elif fault.kind == "half-close":
            await sink.send_eof()
            await fault.over.wait()
            raise _Gone
        elif fault.kind != "lose":
            await sink.send_all(data)


async def _trickle(data: bytes, sink: trio.SocketStream) -> None:
    for index in range(len(data)):
        await sink.send_all(data[index : index + 1])
        await trio.sleep(_BYTE_PAUSE)


def _reset(*streams: trio.SocketStream) -> None:
    """Ends connections at once, with a RST."""
    for stream in streams:
        if stream.socket.fileno() >= 0:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            stream.socket.close()
