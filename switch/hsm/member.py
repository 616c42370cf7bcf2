"""One HSM among those a client may ask: its connections, and whether it is thought to be up."""

import structlog
import trio

from switch.hsm import requests
from switch.hsm.address import HsmAddress
from switch.hsm.channel import Channel, Dialer, HsmUnavailable
from switch.hsm.requests import HsmReply

log = structlog.get_logger()

# Seconds: the pause before an HSM that failed is tried again; it doubles up to the interval of the checks.
_FIRST_PAUSE = 0.05


class Member:
    """Thought to be up until a call or a check says otherwise. Logs changes, not every failure."""

    def __init__(self, address: HsmAddress, dial: Dialer, connections: int, nursery: trio.Nursery) -> None:
        self.address = address
        self.up = True
        self._channels = [Channel(dial, nursery) for _ in range(connections)]
        self._fell = trio.Event()

    @property
    def in_flight(self) -> int:
        """Commands sent and not answered."""
        return sum(channel.in_flight for channel in self._channels)

    async def call(self, command: bytes) -> HsmReply:
        """On the connection with the fewest commands in flight; raises HsmUnavailable."""
        channel = min(self._channels, key=_in_flight)
        try:
            reply = await channel.call(command)
        except HsmUnavailable as error:
            self.failed(str(error))
            raise
        self._answered()
        return reply

    def failed(self, reason: str) -> None:
        """It is out until a check, or a call for want of another, has an answer."""
        if self.up:
            self.up = False
            self._fell.set()
            log.warning("HSM down", hsm=str(self.address), reason=reason)

    def _answered(self) -> None:
        if not self.up:
            self.up = True
            self._fell = trio.Event()
            log.info("HSM up", hsm=str(self.address))

    async def watch(self, interval: float, timeout: float, *, alone: bool) -> None:
        """NC every `interval` seconds, and sooner after a failure unless there is no other to ask meanwhile."""
        pause = min(_FIRST_PAUSE, interval)
        while True:
            if self.up or alone:
                pause = min(_FIRST_PAUSE, interval)
                with trio.move_on_after(interval):
                    await (trio.sleep_forever() if alone else self._fell.wait())
            if not (self.up or alone):
                await trio.sleep(pause)
                pause = min(interval, pause * 2)
            await self._check(timeout)

    async def _check(self, timeout: float) -> None:
        """Every connection in use is of no use when the HSM does not answer: those who wait on it are told."""
        with trio.move_on_after(timeout) as scope:
            try:
                await self.call(requests.diagnostics())
            except HsmUnavailable:
                return
        if scope.cancelled_caught:
            self.failed("no answer to NC")
            for channel in self._channels:
                channel.drop()


def _in_flight(channel: Channel) -> int:
    return channel.in_flight
