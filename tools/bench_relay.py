"""The bare relay: frames through the reactor from a listener to one host link and back. `switch-bench relay`.

Run as a module it is the relay's process. A frame travels with the number of its request in front, so that the host
need not understand it, and the answer finds its connection in a dictionary: what any switch must do at least."""

import sys
from typing import Any

import structlog
import trio

from switch import logs
from switch.link.connection import Connection, Limits
from switch.link.dialer import Backoff, dial
from switch.link.listener import accept
from switch.link.network import bind
from switch.link.reactor import Reactor
from switch.switching.framing import LinkFramer

log = structlog.get_logger()

_TAG = 8
_LIMITS = Limits(idle_timeout=0, max_connections=20_000)


class Relay:
    """A handler of terminals' connections; what a host sends goes back to whoever asked."""

    def __init__(self) -> None:
        self.host: Connection | None = None
        self._asked: dict[bytes, Connection] = {}
        self._number = 0

    def on_open(self, connection: Connection) -> None:
        """Nothing is kept of a connection."""

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        if self.host is None:
            connection.close("no host")
            return
        self._number += 1
        tag = self._number.to_bytes(_TAG, "big")
        self._asked[tag] = connection
        self.host.send(tag + frame)

    def on_answer(self, _connection: Connection, frame: bytes) -> None:
        self._asked.pop(frame[:_TAG]).send(frame[_TAG:])

    def on_input_end(self, connection: Connection, reason: str) -> None:
        connection.close(reason)

    def on_close(self, connection: Connection, reason: str, unsent: list[Any]) -> None:
        """Answers to it go nowhere."""

    def on_up(self, connection: Connection) -> None:
        self.host = connection

    def on_down(self, _reason: str) -> None:
        self.host = None


async def _serve(host_port: int) -> None:
    reactor, relay = Reactor(), Relay()
    sock = bind("127.0.0.1", 0)
    log.info("listening", address="{}:{}".format(*sock.getsockname()))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reactor.run)
        nursery.start_soon(_dial, reactor, relay, host_port)
        await accept(
            reactor,
            sock,
            name="relay",
            make_framer=_framer,
            handler=relay,
            on_open=relay.on_open,
            limits=_LIMITS,
        )


async def _dial(reactor: Reactor, relay: Relay, port: int) -> None:
    await dial(
        reactor,
        "127.0.0.1",
        port,
        name="host",
        make_framer=_framer,
        on_frame=relay.on_answer,
        on_up=relay.on_up,
        on_down=relay.on_down,
        limits=_LIMITS,
        backoff=Backoff(),
    )


def _framer() -> LinkFramer:
    return LinkFramer("len2", 8192)


if __name__ == "__main__":
    logs.configure("relay")
    trio.run(_serve, int(sys.argv[1]))
