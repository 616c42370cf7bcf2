"""The life of a node: listening, dialling its issuers, ready, draining, signing off. Knows no message."""

import structlog
import trio

from switch import notify
from switch.hsm.client import HsmClient
from switch.simulator.network.acquirers import Acquirers
from switch.simulator.network.config import NodeConfig
from switch.simulator.network.host import HostMessages
from switch.simulator.network.issuer_link import IssuerLink
from switch.simulator.network.mastercard import Mastercard
from switch.simulator.network.pin import PinTranslation
from switch.simulator.network.ranges import Ranges, load_ranges
from switch.simulator.network.relay import Relay
from switch.simulator.network.scheme import Scheme
from switch.simulator.network.visa import Visa

log = structlog.get_logger()

# How often silent issuers are looked for, in seconds.
_TICK = 0.05


async def serve(
    config: NodeConfig, task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serves until cancelled, then drains and signs off; reports its addresses when it listens.

    Raises NodeConfigError for a bad table of ranges and OSError for an address that cannot be listened on.
    """
    ranges = load_ranges(config.bins, config.scheme, config.issuers)
    listeners = await trio.open_tcp_listeners(config.listen.port, host=config.listen.host)
    node = Node(config, ranges)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.run, listeners)
        task_status.started([listener.socket.getsockname()[:2] for listener in listeners])
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await node.stop()
                for listener in listeners:
                    await listener.aclose()


class Node:
    """Started by `run`, ended by `stop`."""

    def __init__(self, config: NodeConfig, ranges: Ranges) -> None:
        self._config = config
        self._scheme: Scheme = Visa() if config.scheme == "visa" else Mastercard()
        messages = HostMessages()
        self._relay = Relay(self._scheme, ranges, messages)
        self._issuers = {
            name: IssuerLink(name, settings, messages, self._relay.answered)
            for name, settings in config.issuers.items()
        }
        self._acquirers = Acquirers(self._scheme.framing, config.listen.limits, self._relay.frame)
        # A cancelled caller must not cut the drain short: `stop` ends this scope.
        self._scope = trio.CancelScope(shield=True)
        self._listening = trio.CancelScope()

    async def run(self, listeners: list[trio.SocketListener]) -> None:
        """Until `stop`."""
        with self._scope:
            async with (
                HsmClient.of(self._config.hsm) as client,
                trio.open_nursery() as nursery,
            ):
                self._relay.attach(self._issuers, nursery, PinTranslation(client, self._config.zpk))
                nursery.start_soon(self._listen, listeners, nursery)
                nursery.start_soon(self._watch_silence)
                nursery.start_soon(self._announce)
                for link in self._issuers.values():
                    nursery.start_soon(link.run)

    async def stop(self) -> None:
        """Takes no new payment, waits for answers, signs off from issuers, closes."""
        self._relay.drain()
        self._listening.cancel()
        notify.notify("STOPPING=1")
        with trio.move_on_after(self._config.drain_timeout):
            await self._relay.drained.wait()
        async with trio.open_nursery() as nursery:
            for link in self._issuers.values():
                nursery.start_soon(link.sign_off)
        await self._acquirers.finish("node stops")
        self._scope.cancel()
        log.info("stopped", scheme=self._scheme.name, **self._relay.counts)

    async def _listen(self, listeners: list[trio.SocketListener], nursery: trio.Nursery) -> None:
        addresses = [f"{host}:{port}" for host, port, *_ in (each.socket.getsockname() for each in listeners)]
        log.info("listening", scheme=self._scheme.name, addresses=addresses)
        with self._listening:
            await trio.serve_listeners(self._acquirers.handle, listeners, handler_nursery=nursery)

    async def _announce(self) -> None:
        for link in self._issuers.values():
            await link.first_up.wait()
        log.info("ready", scheme=self._scheme.name)
        notify.notify("READY=1")

    async def _watch_silence(self) -> None:
        while True:
            await trio.sleep(_TICK)
            self._relay.pass_time(trio.current_time())
