"""Dialling: keeps one connection to a peer up for ever, with a growing pause between attempts."""

import socket
from collections.abc import Callable

import msgspec
import structlog
import trio

from switch.link.connection import Connection, Framer, Limits
from switch.link.network import TCP, Network
from switch.link.reactor import Reactor

log = structlog.get_logger()


class Backoff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds: the pause after a first failure, and the longest one; it doubles in between."""

    first: float = 0.05
    longest: float = 5.0

    def spread(self, pause: float, chance: float) -> float:
        """What to wait when it is `pause`'s turn: at least half of `first`, so that nobody is hammered."""
        return self.first / 2 + (pause - self.first / 2) * chance


def always_longest() -> float:
    """In place of randomness: every pause in full."""
    return 1.0


class _Closed:
    """Passes everything on and remembers the end."""

    def __init__(self, on_frame: Callable[[Connection, bytes], None]) -> None:
        self._on_frame = on_frame
        self.ended = trio.Event()
        self.reason = ""
        self.unsent: list[object] = []

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        self._on_frame(connection, frame)

    def on_input_end(self, connection: Connection, reason: str) -> None:
        connection.close(reason)

    def on_close(self, _connection: Connection, reason: str, unsent: list[object]) -> None:
        self.reason = reason
        self.unsent = unsent
        self.ended.set()


async def dial(
    reactor: Reactor,
    host: str,
    port: int,
    *,
    name: str,
    make_framer: Callable[[], Framer],
    on_frame: Callable[[Connection, bytes], None],
    on_up: Callable[[Connection], None],
    on_down: Callable[[str], None],
    limits: Limits,
    backoff: Backoff,
    network: Network = TCP,
    chance: Callable[[], float] = always_longest,
) -> None:
    """Connects, calls `on_up`, waits for the end, calls `on_down`, pauses, and again, until cancelled.

    `chance` gives numbers from 0 to 1: with random ones, peers that lost the same host do not come back at once.
    Changes are logged once, not every attempt.
    """
    pause, complained = backoff.first, False
    while True:
        closed = _Closed(on_frame)
        try:
            sock = await network.connect(host, port, limits.connect_timeout)
            connection = _add(reactor, sock, name, make_framer(), closed, limits)
        except OSError as error:
            if not complained:
                log.warning("cannot connect", link=name, peer=f"{host}:{port}", reason=error.strerror or str(error))
                complained = True
            await trio.sleep(backoff.spread(pause, chance()))
            pause = min(backoff.longest, pause * 2)
            continue
        log.info("connected", link=name, peer=f"{host}:{port}")
        on_up(connection)
        started = trio.current_time()
        await closed.ended.wait()
        log.warning("disconnected", link=name, reason=closed.reason)
        on_down(closed.reason)
        # A peer that accepts and drops at once must not be hammered.
        stable = trio.current_time() - started > backoff.longest
        pause, complained = (backoff.first if stable else min(backoff.longest, pause * 2)), False
        await trio.sleep(backoff.spread(pause, chance()))


def _add(
    reactor: Reactor, sock: socket.socket, name: str, framer: Framer, closed: _Closed, limits: Limits
) -> Connection:
    try:
        return reactor.add(sock, name, framer, closed, limits)
    except OSError:
        sock.close()
        raise
