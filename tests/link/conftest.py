"""A reactor on a clock that the test moves, a recording handler, and connections over loopback."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio
from hypothesis import settings
from trio.testing import wait_all_tasks_blocked

from switch.link.connection import Connection, Limits
from switch.link.listener import accept
from switch.link.network import bind
from switch.link.reactor import Reactor
from switch.message import make_framer

settings.register_profile("link", deadline=None, max_examples=100)
settings.load_profile("link")


class Clock:
    """Seconds, moved by the test."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Recorder:
    """A handler that writes down what it is told, and answers with `reply`."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self.frames: list[bytes] = []
        self.ended: list[str] = []
        self.closed: list[tuple[Connection, str, list[object]]] = []
        self.reply: Callable[[Connection, bytes], None] = lambda _connection, _frame: None
        self.on_end: Callable[[Connection, str], None] = lambda connection, reason: connection.finish(reason)
        self._changed = trio.Event()

    def on_open(self, connection: Connection) -> None:
        self.opened.append(connection)
        self._changed.set()

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        self.frames.append(frame)
        self.reply(connection, frame)
        self._changed.set()

    def on_input_end(self, connection: Connection, reason: str) -> None:
        self.ended.append(reason)
        self.on_end(connection, reason)
        self._changed.set()

    def on_close(self, connection: Connection, reason: str, unsent: list[object]) -> None:
        self.closed.append((connection, reason, unsent))
        self._changed.set()

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason, _ in self.closed]

    async def until(self, condition: Callable[[], object]) -> None:
        with trio.fail_after(5):
            while not condition():
                self._changed = trio.Event()
                await self._changed.wait()


@dataclass
class Bench:
    """A listener on a free port; `connect` gives the client's stream and the server's connection."""

    reactor: Reactor
    clock: Clock
    handler: Recorder
    address: tuple[str, int]
    ticks: list[int] = field(default_factory=list)

    async def connect(self, *, receive_buffer: int = 0) -> tuple[trio.SocketStream, Connection]:
        sock = trio.socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        before = len(self.handler.opened)
        await sock.connect(self.address)
        await self.handler.until(lambda: len(self.handler.opened) > before)
        return trio.SocketStream(sock), self.handler.opened[-1]

    async def settle(self) -> None:
        """Everything that was sent has arrived and was dealt with."""
        await wait_all_tasks_blocked(0.01)

    async def ticks_while_nothing_happens(self) -> int:
        await self.settle()
        before = len(self.ticks)
        await trio.sleep(0.1)
        return len(self.ticks) - before


@pytest.fixture
def new_clock() -> type[Clock]:
    return Clock


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def reactor() -> AsyncIterator[Reactor]:
    made = Reactor(Clock())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        yield made
        nursery.cancel_scope.cancel()
    made.close()


@pytest.fixture
async def listen(reactor: Reactor, nursery: trio.Nursery) -> Callable[..., Awaitable[Bench]]:
    """Opens a listener with these limits and this framing."""

    async def open_listener(limits: Limits | None = None, framing: str = "len2") -> Bench:
        limits = limits or Limits()
        sock = bind("127.0.0.1", 0)
        clock = reactor.clock
        assert isinstance(clock, Clock)
        bench = Bench(reactor, clock, Recorder(), sock.getsockname()[:2])
        reactor.tick_end.append(lambda: bench.ticks.append(1))

        async def serve() -> None:
            await accept(
                reactor,
                sock,
                name="test",
                make_framer=lambda: make_framer(framing, limits.max_frame),
                handler=bench.handler,
                on_open=bench.handler.on_open,
                limits=limits,
            )

        nursery.start_soon(serve)
        return bench

    return open_listener


def framed(*frames: bytes) -> bytes:
    return b"".join(len(frame).to_bytes(2, "big") + frame for frame in frames)


@pytest.fixture
def frame_up() -> Callable[..., bytes]:
    """Frames behind their 2-byte lengths, written out here on its own."""
    return framed


async def read_to_end(stream: trio.SocketStream) -> bytes:
    data = b""
    with trio.fail_after(5):
        async for chunk in stream:
            data += chunk
    return data


@pytest.fixture
def rest_of() -> Callable[[trio.SocketStream], Awaitable[bytes]]:
    """Everything a peer still sends until it closes."""
    return read_to_end
