"""One HSM of the switch: a connection of the reactor that is dialled for ever, or an HSM in this process."""

from collections.abc import Callable
from typing import Any, Protocol

import structlog
import trio

from switch.hsm import requests
from switch.hsm.address import HsmAddress
from switch.hsm.inprocess import exchange, open_conversation
from switch.hsm.session import HsmProtocolError, HsmSession
from switch.link.connection import Connection, RawFramer
from switch.link.dialer import dial
from switch.link.network import TCP, Network
from switch.link.reactor import Reactor
from switch.switching.settings import HsmLinkSettings

log = structlog.get_logger()

Then = Callable[[Any, str, str], None]


class HsmUnit(Protocol):
    """What the link asks of an HSM."""

    address: HsmAddress

    @property
    def ready(self) -> bool:
        """Whether payments may be sent its way."""

    def ask(self, command: bytes, then: Then, context: Any) -> bool:
        """False when it is down or has too much to do; otherwise `then` is called, whatever happens."""

    async def run(self) -> None:
        """Until cancelled."""


class SocketUnit:
    """Calls `changed` when it comes or goes. One among several is ready once it has answered NC: an HSM that accepts
    connections and answers nothing must not be preferred to one that works."""

    def __init__(
        self,
        address: HsmAddress,
        settings: HsmLinkSettings,
        reactor: Reactor,
        changed: Callable[[], None],
        *,
        alone: bool,
        network: Network = TCP,
    ) -> None:
        self.address = address
        self.ready = False
        self._settings = settings
        self._reactor = reactor
        self._changed = changed
        self._alone = alone
        self._network = network
        self._connection: Connection | None = None
        self._session: HsmSession[tuple[Then, Any]] = HsmSession(settings.header_length)

    def ask(self, command: bytes, then: Then, context: Any) -> bool:
        connection = self._connection
        if connection is None or connection.closed or self._session.full:
            return False
        connection.send(self._session.send(command, (then, context)))
        return True

    async def run(self) -> None:
        settings = self._settings
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            await dial(
                self._reactor,
                self.address.host,
                self.address.port,
                name="hsm" if self._alone else f"hsm {self.address}",
                make_framer=RawFramer,
                on_frame=self._on_data,
                on_up=self._on_up,
                on_down=self._on_down,
                limits=settings.limits,
                backoff=settings.backoff,
                network=self._network,
            )

    def _on_up(self, connection: Connection) -> None:
        self._connection = connection
        self._session = HsmSession(self._settings.header_length)
        if self._alone:
            self._set_ready(ready=True)
        else:
            self.ask(requests.diagnostics(), self._on_proof, None)

    def _on_proof(self, _context: None, error: str, _body: str) -> None:
        if error:
            self._set_ready(ready=True)

    def _on_down(self, _reason: str) -> None:
        self._connection = None
        self._set_ready(ready=False)
        for then, context in self._session.fail_all():
            self._reactor.guard(then, context, "", "")

    def _set_ready(self, *, ready: bool) -> None:
        self.ready = ready
        self._changed()

    def _on_data(self, connection: Connection, data: bytes) -> None:
        try:
            replies = self._session.feed(data)
        except HsmProtocolError as error:
            connection.close(f"not an HSM: {error}")
            return
        for (then, context), reply in replies:
            self._reactor.guard(then, context, reply.error, reply.body)

    async def _watch(self) -> None:
        """An HSM that takes commands and answers none is as good as down: the link is closed, waiters learn it."""
        while True:
            await trio.sleep(self._settings.watch_interval)
            connection, answered = self._connection, trio.Event()
            if connection is None or not self.ask(requests.diagnostics(), _set, answered):
                continue
            with trio.move_on_after(self._settings.watch_timeout) as scope:
                await answered.wait()
            if scope.cancelled_caught:
                connection.close("no answer to NC")


class InProcessUnit:
    """The same bytes without a socket. Replies are handed on at the end of the tick, never from within `ask`."""

    ready = True

    def __init__(
        self, address: HsmAddress, settings: HsmLinkSettings, reactor: Reactor, _changed: Callable[[], None]
    ) -> None:
        self.address = address
        self._reactor = reactor
        self._conversation = open_conversation(settings.header_length)
        self._session: HsmSession[tuple[Then, Any]] = HsmSession(settings.header_length)
        self._replies: list[bytes] = []
        reactor.tick_end.append(self._hand_on)

    def ask(self, command: bytes, then: Then, context: Any) -> bool:
        if self._session.full:
            return False
        self._replies.append(exchange(self._conversation, self._session.send(command, (then, context))))
        self._reactor.wake()
        return True

    async def run(self) -> None:
        await trio.sleep_forever()

    def _hand_on(self) -> None:
        while self._replies:
            data, self._replies = b"".join(self._replies), []
            for (then, context), reply in self._session.feed(data):
                self._reactor.guard(then, context, reply.error, reply.body)


def _set(event: trio.Event, _error: str, _body: str) -> None:
    event.set()
