"""A host link: dialled for ever, signed on, kept alive by echo; its answers go to the engine."""

import structlog
import trio

from switch.dialect.canonical import Answer, HostDialect
from switch.engine.engine import Engine
from switch.link.connection import Connection
from switch.link.dialer import dial
from switch.link.reactor import Reactor
from switch.message import MessageError, make_framer
from switch.switching.clock import Clock
from switch.switching.settings import HostLinkSettings

log = structlog.get_logger()

_ACCEPTED = "00"


class HostLink:
    """`up` from the accepted sign-on to the end of the connection."""

    def __init__(
        self,
        name: str,
        dialect: HostDialect,
        settings: HostLinkSettings,
        reactor: Reactor,
        engine: Engine,
        clock: Clock,
    ) -> None:
        self.name = name
        self.up = False
        self._dialect = dialect
        self._settings = settings
        self._reactor = reactor
        self._engine = engine
        self._clock = clock
        self._connection: Connection | None = None
        self._arrived = trio.Event()
        self._gone = trio.Event()
        self._stan = 0
        self._expected: tuple[str, str] | None = None
        self._answer: Answer | None = None
        self._answered = trio.Event()

    def send(self, frame: bytes) -> bool:
        """False when the host is not signed on."""
        return self.up and self._connection is not None and self._connection.send(frame)

    async def run(self) -> None:
        """Until cancelled."""
        settings = self._settings
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._converse)
            await dial(
                self._reactor,
                settings.host,
                settings.port,
                name=self.name,
                make_framer=lambda: make_framer(self._dialect.framing, settings.limits.max_frame),
                on_frame=self._on_frame,
                on_up=self._on_up,
                on_down=self._on_down,
                limits=settings.limits,
                backoff=settings.backoff,
            )

    async def sign_off(self) -> None:
        """Before an orderly end: the host hears of it, whether it answers or not."""
        if self.up:
            self.up = False
            with trio.move_on_after(self._settings.management_timeout):
                await self._ask("sign-off")

    # -- the connection's life

    def _on_up(self, connection: Connection) -> None:
        self._connection = connection
        self._gone = trio.Event()
        self._arrived.set()

    def _on_down(self, _reason: str) -> None:
        was_up, self.up = self.up, False
        self._connection = None
        self._arrived = trio.Event()
        self._gone.set()
        if was_up:
            self._engine.host_down(self.name)

    async def _converse(self) -> None:
        while True:
            await self._arrived.wait()
            connection, gone = self._connection, self._gone
            if connection is None:
                continue
            if await self._ask("sign-on"):
                log.info("signed on", link=self.name)
                self.up = True
                self._engine.host_up(self.name)
                await self._keep_alive(connection, gone)
            else:
                connection.close("sign-on was not accepted")
            await gone.wait()

    async def _keep_alive(self, connection: Connection, gone: trio.Event) -> None:
        while not gone.is_set():
            with trio.move_on_after(self._settings.echo_interval):
                await gone.wait()
            if gone.is_set() or not self.up:
                return
            if not await self._ask("echo"):
                connection.close("no answer to echo")
                return

    async def _ask(self, function: str) -> bool:
        """One management request; whether it was accepted in time."""
        connection, gone = self._connection, self._gone
        if connection is None:
            return False
        self._stan = self._stan % 999_999 + 1
        instant = self._clock.instant()
        stan = f"{self._stan:06d}"
        self._expected, self._answer, self._answered = (stan, instant.transmission), None, trio.Event()
        connection.send(self._dialect.management(function, stan, instant.transmission, instant.year))
        with trio.move_on_after(self._settings.management_timeout):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_first, gone, nursery.cancel_scope)
                await self._answered.wait()
                nursery.cancel_scope.cancel()
        answer: Answer | None = self._answer
        return answer is not None and answer.response_code == _ACCEPTED

    def _on_frame(self, connection: Connection, frame: bytes) -> None:
        try:
            answer = self._dialect.read(frame)
            if not answer.management:
                self._engine.host_answer(self.name, answer)
            elif answer.mti[2] in "02":
                connection.send(self._dialect.answer_management(frame))
            elif answer.key == self._expected:
                self._answer = answer
                self._answered.set()
        except MessageError as error:
            connection.close(f"unreadable message: {error}")


async def _first(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
