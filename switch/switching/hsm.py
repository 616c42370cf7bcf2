"""The HSM link: commands pipelined over one reactor connection, matched by header."""

from collections.abc import Callable
from typing import Any

import structlog
import trio

from switch.hsm import requests
from switch.hsm.session import HsmProtocolError, HsmSession
from switch.link.connection import Connection, RawFramer
from switch.link.dialer import dial
from switch.link.reactor import Reactor
from switch.switching.settings import HsmLinkSettings

log = structlog.get_logger()

_Waiting = tuple[Callable[[Any, str, str], None], Any]


class HsmLink:
    """Calls back `then(context, error, body)`, with error "" for what was in flight when the link was lost."""

    def __init__(self, settings: HsmLinkSettings, reactor: Reactor) -> None:
        self._settings = settings
        self._reactor = reactor
        self._connection: Connection | None = None
        self._session: HsmSession[_Waiting] = HsmSession(settings.header_length)

    @property
    def up(self) -> bool:
        return self._connection is not None

    def ask(self, command: bytes, then: Callable[[Any, str, str], None], context: Any) -> bool:
        """False when the HSM is down or has too much to do; otherwise `then` is called, whatever happens."""
        connection = self._connection
        if connection is None or connection.closed or self._session.full:
            return False
        connection.send(self._session.send(command, (then, context)))
        return True

    async def run(self) -> None:
        """Until cancelled."""
        settings = self._settings
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            await dial(
                self._reactor,
                settings.host,
                settings.port,
                name="hsm",
                make_framer=RawFramer,
                on_frame=self._on_data,
                on_up=self._on_up,
                on_down=self._on_down,
                limits=settings.limits,
                backoff=settings.backoff,
            )

    def _on_up(self, connection: Connection) -> None:
        self._connection = connection
        self._session = HsmSession(self._settings.header_length)

    def _on_down(self, _reason: str) -> None:
        self._connection = None
        for then, context in self._session.fail_all():
            self._reactor.guard(then, context, "", "")

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


def _set(event: trio.Event, _error: str, _body: str) -> None:
    event.set()
