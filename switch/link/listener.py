"""Listening: accepts connections and hands them to the reactor. Past the limit a newcomer is closed at once."""

import socket
from collections.abc import Callable

import structlog
import trio

from switch.link.connection import Connection, Framer, Handler, Limits
from switch.link.network import TCP, Network
from switch.link.reactor import Reactor, describe_peer

log = structlog.get_logger()

# How long accepting pauses when the system has nothing left to accept with, such as file descriptors.
_EXHAUSTED_PAUSE = 0.5


async def accept(
    reactor: Reactor,
    sock: socket.socket,
    *,
    name: str,
    make_framer: Callable[[], Framer],
    handler: Handler,
    on_open: Callable[[Connection], None],
    limits: Limits,
    network: Network = TCP,
) -> None:
    """Accepts until cancelled, then closes the listening socket; connections already open live on."""
    counted = _Counted(handler)
    with sock:
        while True:
            await network.wait_readable(sock)
            try:
                peer, _ = sock.accept()
            except (BlockingIOError, ConnectionError):
                continue  # gone before it was accepted
            except OSError as error:
                log.error("cannot accept", listener=name, reason=error.strerror)
                await trio.sleep(_EXHAUSTED_PAUSE)
                continue
            if counted.open >= limits.max_connections:
                reason = f"{counted.open} connections open"
                log.warning("refused", listener=name, peer=describe_peer(peer), reason=reason)
                peer.close()
                continue
            peer.setblocking(False)
            label = f"{name} {describe_peer(peer)}"
            try:
                connection = reactor.add(peer, label, make_framer(), counted, limits)
            except OSError as error:
                log.warning("refused", listener=name, peer=label, reason=error.strerror)
                peer.close()
                continue
            counted.open += 1
            on_open(connection)


class _Counted:
    """The owner's handler, with the open connections counted."""

    def __init__(self, handler: Handler) -> None:
        self.open = 0
        self._handler = handler
        self.on_frame = handler.on_frame
        self.on_input_end = handler.on_input_end

    def on_close(self, connection: Connection, reason: str, unsent: list[object]) -> None:
        self.open -= 1
        self._handler.on_close(connection, reason, unsent)
