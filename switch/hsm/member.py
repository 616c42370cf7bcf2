"""One HSM among those a client may ask: its connections, and whether it is thought to be up."""

import structlog
import trio

from switch.hsm import requests
from switch.hsm.channel import Channel, Dialer, HsmUnavailable
from switch.hsm.requests import HsmReply

log = structlog.get_logger()

# Seconds: the pause before an HSM that failed is tried again; it doubles up to the interval of the checks.
_FIRST_PAUSE = 0.05


class Member:
    """Thought to be up until a call or a check says otherwise. Logs changes, not every failure.

    `alone` is an HSM beside which there is no other: it is asked whatever is thought of it, and callers log its loss.
    """

    def __init__(self, dial: Dialer, connections: int, nursery: trio.Nursery, *, alone: bool) -> None:
        self.address = dial.address
        self.up = True
        self._alone = alone
        self._channels = [Channel(dial, nursery) for _ in range(connections)]
        self._fell = trio.Event()

    @property
    def in_flight(self) -> int:
        """Callers that wait on its connections."""
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
            if not self._alone:
                log.warning("HSM down", hsm=str(self.address), reason=reason)

    def _answered(self) -> None:
        if not self.up:
            self.up = True
            self._fell = trio.Event()
            if not self._alone:
                log.info("HSM up", hsm=str(self.address))

    async def watch(self, interval: float, within: float) -> None:
        """NC every `interval` seconds, and sooner after a failure unless there is no other to ask meanwhile.

        NC must be answered `within` seconds. Runs until cancelled.
        """
        pause = min(_FIRST_PAUSE, interval)
        while True:
            if self.up or self._alone:
                pause = min(_FIRST_PAUSE, interval)
                with trio.move_on_after(interval):
                    await (trio.Event() if self._alone else self._fell).wait()
            if not (self.up or self._alone):
                await trio.sleep(pause)
                pause = min(interval, pause * 2)
            await self._check(within)

    async def _check(self, within: float) -> None:
        """Every connection in use is of no use when the HSM does not answer: those who wait on it are told."""
        with trio.move_on_after(within) as scope:
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
