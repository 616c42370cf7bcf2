"""An HSM client for code that is not on the hot path: nodes, issuers, the lab. Several HSMs, reconnects by itself."""

from collections.abc import Sequence
from types import TracebackType

import trio

from switch.hsm.address import addresses_of
from switch.hsm.channel import Dialer, HsmUnavailable
from switch.hsm.member import Member
from switch.hsm.requests import HsmReply
from switch.hsm.settings import HsmClientSettings
from switch.hsm.tls import ClientTls, client_context

__all__ = ["HsmClient", "HsmUnavailable"]


class HsmClient:
    """Many callers at once; `async with HsmClient(host, port) as hsm: await hsm.call(command)`.

    `addresses` adds HSMs under the same LMK: "host:port", or "in-process" (also as `host`). The first that is up is
    asked, with `spread` the one with the fewest commands in flight. Each has up to `connections` connections, the
    second opened when the first is busy. `timeout` (seconds) bounds a call over all HSMs it is tried on.

    A command that an HSM may have executed already is sent to another one when the first does not answer. That is
    safe because every host command here is stateless: it depends on its bytes and the LMK only and changes nothing in
    the HSM. A key or a random number made twice is used once; PIN tries are counted by who asks.

    NC goes to every HSM each `check_interval` seconds, 0 for never. One that fails is asked last until it answers NC.
    """

    def __init__(
        self,
        host: str = "",
        port: int = 0,
        header_length: int = 4,
        timeout: float = 1.0,
        *,
        addresses: Sequence[str] = (),
        connections: int = 1,
        spread: bool = False,
        check_interval: float = 5.0,
        tls: ClientTls | None = None,
    ) -> None:
        """Raises ValueError for an address that cannot be read and HsmConfigError for TLS files."""
        self._timeout = timeout
        self._connections = connections
        self._spread = spread
        self._check_interval = check_interval
        context = client_context(tls) if tls else None
        name = tls.server_name if tls else ""
        self._dialers = [Dialer(each, header_length, context, name) for each in addresses_of(host, port, addresses)]
        self._members: list[Member] = []
        self._nursery_manager = trio.open_nursery()
        self._nursery: trio.Nursery

    @classmethod
    def of(cls, settings: HsmClientSettings, timeout: float | None = None) -> "HsmClient":
        """As a configuration file says; `timeout` instead of its own."""
        return cls(
            settings.host,
            settings.port,
            settings.header_length,
            settings.timeout if timeout is None else timeout,
            addresses=settings.hosts,
            connections=settings.connections,
            spread=settings.spread,
            check_interval=settings.check_interval,
            tls=settings.tls,
        )

    @property
    def up(self) -> dict[str, bool]:
        """Which HSMs are thought to be up, by address."""
        return {str(member.address): member.up for member in self._members}

    async def __aenter__(self) -> "HsmClient":
        nursery = self._nursery = await self._nursery_manager.__aenter__()
        alone = len(self._dialers) == 1
        self._members = [Member(each, self._connections, nursery, alone=alone) for each in self._dialers]
        if self._check_interval:
            for member in self._members:
                nursery.start_soon(member.watch, self._check_interval, self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._nursery.cancel_scope.cancel()
        # The nursery only holds readers and watchers: what the caller raised is not its to wrap into a group.
        await self._nursery_manager.__aexit__(None, None, None)

    async def call(self, command: bytes) -> HsmReply:
        """The reply to `command` within the timeout; raises HsmUnavailable."""
        deadline = trio.current_time() + self._timeout
        up = [member for member in self._members if member.up]
        down = [member for member in self._members if not member.up]
        if self._spread:
            up.sort(key=_in_flight)
        reason = ""
        # Those that are up share the time; the others are for want of better.
        for group in (up, down):
            for index, member in enumerate(group):
                share = (deadline - trio.current_time()) / (len(group) - index)
                if share <= 0:
                    break
                with trio.move_on_after(share) as scope:
                    try:
                        return await member.call(command)
                    except HsmUnavailable as error:
                        reason = str(error)
                if scope.cancelled_caught:
                    reason = f"HSM {member.address} did not answer"
                    member.failed("no answer in time")
        raise HsmUnavailable(reason)


def _in_flight(member: Member) -> int:
    return member.in_flight
