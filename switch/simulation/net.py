"""A virtual network: sockets with latency, windows, fragments and resets, and a poller that knows them."""

import errno
import os
import select
import socket
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, cast

import trio

from switch.simulation.process import Process

_WINDOW = 64 * 1024


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


class Wire:
    """Delivers calls at virtual times. `latency` in seconds, `cut` are ports that hear nothing; `tap` is told of all
    that a kernel takes, whether it arrives or not."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.latency = (0.0005, 0.003)
        self.cut: set[int] = set()
        self.fragments = False
        self.tap: Callable[[VirtualSocket, bytes], None] | None = None
        self.listening: dict[int, VirtualSocket] = {}
        self.pairs: list[tuple[int, VirtualSocket, VirtualSocket]] = []
        self._next_fd = 1000
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._more = trio.Event()

    def fd(self) -> int:
        self._next_fd += 1
        return self._next_fd

    def later(self, at: float, then: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._heap, (at, self._count, then))
        self._more.set()

    async def run(self) -> None:
        while True:
            self._more = trio.Event()
            with trio.move_on_at(self._heap[0][0] if self._heap else float("inf")):
                await self._more.wait()
            while self._heap and self._heap[0][0] <= trio.current_time():
                heappop(self._heap)[2]()

    def connect(self, port: int, process: Process) -> "VirtualSocket":
        """Raises OSError when nobody listens."""
        process.gate()
        listener = self.listening.get(port)
        if listener is None or port in self.cut:
            raise _error(errno.ECONNREFUSED)
        here, there = VirtualSocket(self, process, port), VirtualSocket(self, listener.process, port)
        here.peer, there.peer = there, here
        listener.backlog.append(there)
        listener.changed()
        self.pairs.append((port, here, there))
        return here

    def break_port(self, port: int, *, silently: bool = False) -> None:
        """Resets every connection to a port."""
        for at, here, there in self.pairs:
            if at == port and not (here.closed and there.closed):
                here.lose()
                if not silently:
                    there.lose()
        self.pairs = [pair for pair in self.pairs if not (pair[1].closed or pair[2].closed)]


class VirtualSocket:
    """One end. What the reactor asks of a socket, and `receive` for the parts that are ordinary tasks."""

    def __init__(self, wire: Wire, process: Process, port: int) -> None:
        self.wire, self.process, self.port = wire, process, port
        self.number = wire.fd()
        self.inbox = bytearray()
        self.coming = 0
        self.ended = self.reset = self.closed = self.shut = False
        self.peer: VirtualSocket | None = None
        self.backlog: list[VirtualSocket] = []
        self.watcher: VirtualPoller | None = None
        self._event = trio.Event()
        self._last = 0.0
        process.held.append(self)

    # -- as the kernel sees it

    def changed(self) -> None:
        self._event.set()
        if self.watcher is not None:
            self.watcher.notify()

    def _at(self) -> float:
        low, high = self.wire.latency
        self._last = max(self._last, trio.current_time() + self.wire.dice.uniform(low, high))
        return self._last

    def lose(self) -> None:
        """The connection is reset."""
        self.reset = True
        self.inbox.clear()
        self.changed()

    def abort(self) -> None:
        """The process is gone."""
        self.wire.listening = {port: sock for port, sock in self.wire.listening.items() if sock is not self}
        peer = self.peer
        if not self.closed and peer is not None:
            self.wire.later(self._at(), peer.lose)
        for waiting in self.backlog:
            waiting.abort()
        self.closed = True

    def events(self) -> int:
        if self.reset:
            return select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP
        readable = select.EPOLLIN if self.inbox or self.ended or self.backlog else 0
        return readable | (select.EPOLLOUT if self.room() else 0)

    def room(self) -> int:
        return 0 if self.peer is None else _WINDOW - len(self.peer.inbox) - self.peer.coming

    def _arrive(self, data: bytes) -> None:
        self.coming -= len(data)
        if not self.closed and not self.reset:
            self.inbox += data
            self.changed()

    def _end(self) -> None:
        self.ended = True
        self.changed()

    # -- as the reactor sees it

    def fileno(self) -> int:
        return self.number

    def setsockopt(self, *_: Any) -> None:
        """Nothing to set."""

    def getsockopt(self, *_: Any) -> int:
        return errno.ECONNRESET if self.reset else 0

    def setblocking(self, _flag: bool) -> None:
        """Never blocks."""

    def getsockname(self) -> tuple[str, int]:
        return "virtual", self.port

    def getpeername(self) -> tuple[str, int]:
        return "virtual", self.peer.number if self.peer else 0

    def recv(self, most: int) -> bytes:
        self.process.gate()
        if self.reset:
            raise _error(errno.ECONNRESET)
        if not self.inbox:
            if self.ended:
                return b""
            raise BlockingIOError
        if self.wire.fragments:
            most = self.wire.dice.randint(1, min(most, len(self.inbox)))
        data = bytes(self.inbox[:most])
        del self.inbox[:most]
        if self.peer is not None:
            self.peer.changed()
        return data

    def send(self, data: bytes | memoryview) -> int:
        self.process.gate("send")
        peer = self.peer
        if self.reset or self.closed or peer is None:
            raise _error(errno.ECONNRESET)
        room = min(self.room(), len(data))
        if room <= 0:
            raise BlockingIOError
        if self.wire.fragments and room > 1:
            room = self.wire.dice.randint(1, room)
        part = bytes(data[:room])
        if self.wire.tap is not None:
            self.wire.tap(self, part)
        if self.port in self.wire.cut:
            return room  # nobody hears it
        peer.coming += room
        self.wire.later(self._at(), lambda: peer._arrive(part))
        return room

    def shutdown(self, _how: int) -> None:
        if self.peer is not None and not self.shut and self.port not in self.wire.cut:
            self.wire.later(self._at(), self.peer._end)
        self.shut = True

    def close(self) -> None:
        if self.process.alive and not self.closed:
            self.shutdown(socket.SHUT_WR)
            self.wire.listening = {port: sock for port, sock in self.wire.listening.items() if sock is not self}
        self.closed = True
        if self in self.process.held:
            self.process.held.remove(self)

    def accept(self) -> tuple["VirtualSocket", tuple[str, int]]:
        self.process.gate()
        if not self.backlog:
            raise BlockingIOError
        found = self.backlog.pop(0)
        return found, found.getpeername()

    def __enter__(self) -> "VirtualSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- as an ordinary task sees it

    async def ready(self) -> None:
        while not (self.inbox or self.ended or self.reset or self.backlog):
            self._event = trio.Event()
            await self._event.wait()
        await trio.lowlevel.checkpoint()

    async def receive(self) -> bytes:
        """What has arrived, b"" at the end of any kind."""
        await self.ready()
        return b"" if self.reset or not self.inbox else self.recv(_WINDOW)

    def put(self, data: bytes) -> None:
        """Sends all; what a lost connection cannot take is lost."""
        while data and not (self.reset or self.closed or self.room() <= 0):
            data = data[self.send(data) :]


class VirtualPoller:
    """Level-triggered, by looking at every socket."""

    def __init__(self, network: "VirtualNetwork") -> None:
        self._network = network
        self.waker = network.wire.fd()
        self._masks: dict[int, int] = {}
        self._woken = False
        self._event = trio.Event()

    def register(self, fd: int, mask: int) -> None:
        self._masks[fd] = mask
        if fd in self._network.sockets:
            self._network.sockets[fd].watcher = self
        self.notify()

    def modify(self, fd: int, mask: int) -> None:
        self._masks[fd] = mask
        self.notify()

    def unregister(self, fd: int) -> None:
        del self._masks[fd]

    def notify(self) -> None:
        self._event.set()

    def poll(self) -> list[tuple[int, int]]:
        found = [(self.waker, select.EPOLLIN)] if self._woken else []
        always = select.EPOLLERR | select.EPOLLHUP
        for fd, mask in self._masks.items():
            sock = self._network.sockets.get(fd)
            events = sock.events() & (mask | always) if sock else self._network.flags.get(fd, 0) & mask
            if events:
                found.append((fd, events))
        return found

    def wake(self) -> None:
        self._woken = True
        self.notify()

    def heard(self) -> None:
        self._woken = False

    async def wait(self) -> None:
        await trio.lowlevel.checkpoint()
        while not self.poll():
            self._event = trio.Event()
            await self._event.wait()

    def close(self) -> None:
        """Nothing is held."""


class VirtualNetwork:
    """The network of one process, in the form the switch takes. `flags` are events of what is no socket."""

    def __init__(self, wire: Wire, process: Process) -> None:
        self.wire, self.process = wire, process
        self.sockets: dict[int, VirtualSocket] = {}
        self.flags: dict[int, int] = {}
        self._poller = VirtualPoller(self)

    def poller(self) -> VirtualPoller:
        return self._poller

    async def connect(self, _host: str, port: int, _within: float) -> socket.socket:
        await trio.sleep(self.wire.dice.uniform(*self.wire.latency))
        return self._known(self.wire.connect(port, self.process))

    def bind(self, _host: str, port: int) -> socket.socket:
        return self._known(listen(self.wire, port, self.process))

    async def wait_readable(self, sock: socket.socket) -> None:
        found = cast("VirtualSocket", sock)
        await found.ready()
        for waiting in found.backlog:
            self._known(waiting)

    def _known(self, sock: VirtualSocket) -> socket.socket:
        self.sockets[sock.number] = sock
        return cast("socket.socket", sock)

    def flag(self, fd: int, events: int) -> None:
        self.flags[fd] = events
        self._poller.notify()


def listen(wire: Wire, port: int, process: Process) -> VirtualSocket:
    """Raises OSError when the port is taken."""
    if port in wire.listening:
        raise _error(errno.EADDRINUSE)
    sock = wire.listening[port] = VirtualSocket(wire, process, port)
    return sock
