"""The switch's HSMs: commands pipelined over reactor connections, matched by header, to the first that is up."""

from collections.abc import Callable
from typing import Any

import trio

from switch.hsm.address import addresses_of
from switch.link.network import TCP, Network
from switch.link.reactor import Reactor
from switch.switching.hsmunit import HsmUnit, InProcessUnit, SocketUnit
from switch.switching.settings import HsmLinkSettings


class HsmLink:
    """Calls back `then(context, error, body)`, with error "" for what was in flight when its HSM was lost.

    What was in flight is not asked again elsewhere: its payment is declined, the next one goes to another HSM.
    """

    def __init__(self, settings: HsmLinkSettings, reactor: Reactor, network: Network = TCP) -> None:
        addresses = addresses_of(settings.host, settings.port, settings.hosts)
        alone = len(addresses) == 1
        self._units: list[HsmUnit] = [
            InProcessUnit(address, settings, reactor, self._changed)
            if address.in_process
            else SocketUnit(address, settings, reactor, self._changed, alone=alone, network=network)
            for address in addresses
        ]
        # Whom to ask, best first; kept so that a command costs no look at those that are down.
        self._ready: list[HsmUnit] = []
        self._spread = settings.spread
        self._changed()

    @property
    def up(self) -> bool:
        """Whether there is one to ask."""
        return bool(self._ready)

    def status(self) -> dict[str, bool]:
        """Which are up, by address."""
        return {str(unit.address): unit.ready for unit in self._units}

    def ask(self, command: bytes, then: Callable[[Any, str, str], None], context: Any) -> bool:
        """False when every HSM is down or has too much to do; otherwise `then` is called, whatever happens."""
        ready = self._ready
        if self._spread and len(ready) > 1:
            ready.append(ready.pop(0))
        return any(unit.ask(command, then, context) for unit in ready)

    async def run(self) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            for unit in self._units:
                nursery.start_soon(unit.run)

    def _changed(self) -> None:
        self._ready = [unit for unit in self._units if unit.ready]
