"""The acquirers' connections: accepted within a bound, each with its own sign-on state. Knows no message."""

from collections.abc import Callable

import structlog
import trio

from switch.simulator.network.config import Limits
from switch.simulator.network.peer import Peer

log = structlog.get_logger()


class Acquirer:
    """One connection; `signed_on` is what the acquirer last asked for."""

    def __init__(self, name: str, peer: Peer) -> None:
        self.name = name
        self.signed_on = False
        self._peer = peer

    def reply(self, frame: bytes) -> bool:
        """False when the connection is gone or going."""
        return self._peer.send(frame)

    def close(self, reason: str) -> None:
        """Ends the connection once the answers before are written."""
        self._peer.finish(reason)


class Acquirers:
    """All of them."""

    def __init__(self, framing: str, limits: Limits, on_frame: Callable[[Acquirer, bytes], None]) -> None:
        self._framing = framing
        self._limits = limits
        self._on_frame = on_frame
        self._open: set[Acquirer] = set()
        self._ended = trio.Event()

    async def handle(self, stream: trio.SocketStream) -> None:
        """Serves one connection to its end."""
        try:
            host, port = stream.socket.getpeername()[:2]
        except OSError:
            return  # gone before it was looked at
        name = f"{host}:{port}"
        if len(self._open) >= self._limits.max_connections:
            log.warning("refused", acquirer=name, reason=f"{len(self._open)} connections are open")
            return
        peer = Peer(stream, self._framing, self._limits)
        acquirer = Acquirer(name, peer)
        self._open.add(acquirer)
        log.info("connected", acquirer=name)
        try:
            await peer.run(lambda frame: self._on_frame(acquirer, frame))
        finally:
            self._open.discard(acquirer)
            self._ended.set()
            log.info("disconnected", acquirer=name, reason=peer.reason)

    async def finish(self, reason: str) -> None:
        """Ends every connection once its answers are written, which the peers' write timeout bounds."""
        for acquirer in list(self._open):
            acquirer.close(reason)
        while self._open:
            self._ended = trio.Event()
            await self._ended.wait()
