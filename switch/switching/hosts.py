"""A host link: dialled for ever, signed on, kept alive by echo; its answers go to the engine."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
import trio

from switch.dialect.canonical import Answer, HostDialect, ManagementFunction
from switch.engine.engine import Engine
from switch.link.connection import Connection
from switch.link.dialer import always_longest, dial
from switch.link.network import TCP, Network
from switch.link.reactor import Reactor
from switch.message import MessageError, is_request
from switch.switching.clock import Clock
from switch.switching.framing import LinkFramer
from switch.switching.settings import HostLinkSettings

log = structlog.get_logger()

_ACCEPTED, _SILENCE = "00", ""
_REPLIES = "13"
_ANSWERED_CLASSES = "14"


@dataclass(slots=True, eq=False)
class _Session:
    """One connection to the host. `signed_on` stays true after a sign-off: answers under way still count."""

    connection: Connection
    signed_on: bool = False
    gone: trio.Event = field(default_factory=trio.Event)
    asked: dict[tuple[str, str], "_Asked"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Asked:
    """A management request: what came back, and that it did."""

    response_code: str = _SILENCE
    answered: trio.Event = field(default_factory=trio.Event)


class HostLink:
    """`up` from the accepted sign-on to the end of the connection or the sign-off."""

    def __init__(
        self,
        name: str,
        dialect: HostDialect,
        settings: HostLinkSettings,
        reactor: Reactor,
        engine: Engine,
        clock: Clock,
        network: Network = TCP,
        chance: Callable[[], float] = always_longest,
    ) -> None:
        self.name = name
        self.up = False
        self._dialect = dialect
        self._settings = settings
        self._reactor = reactor
        self._engine = engine
        self._clock = clock
        self._network = network
        self._chance = chance
        self._session: _Session | None = None
        self._arrived = trio.Event()
        self._stan = 0

    def send(self, frame: bytes) -> bool:
        """False when the host is not signed on."""
        return self.up and self._session is not None and self._session.connection.send(frame)

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
                make_framer=lambda: LinkFramer(self._dialect.framing, settings.limits.max_frame),
                on_frame=self._on_frame,
                on_up=self._on_up,
                on_down=self._on_down,
                limits=settings.limits,
                backoff=settings.backoff,
                network=self._network,
                chance=self._chance,
            )

    async def sign_off(self) -> None:
        """Before an orderly end: the host hears of it, whether it answers or not."""
        if self.up and self._session is not None:
            self.up = False
            await self._ask(self._session, "sign-off")
            log.info("signed off", link=self.name)

    # -- the connection's life

    def _on_up(self, connection: Connection) -> None:
        self._session = _Session(connection)
        self._arrived.set()

    def _on_down(self, _reason: str) -> None:
        was_up, self.up = self.up, False
        session, self._session = self._session, None
        self._arrived = trio.Event()
        if session is not None:
            session.gone.set()
        if was_up:
            self._engine.host_down(self.name)

    async def _converse(self) -> None:
        while True:
            await self._arrived.wait()
            session = self._session
            if session is not None:
                await self._sign_on(session)
                await session.gone.wait()

    async def _sign_on(self, session: _Session) -> None:
        code = await self._ask(session, "sign-on")
        if session.gone.is_set():
            return
        if code != _ACCEPTED:
            session.connection.close(f"sign-on refused with {code}" if code else "no answer to sign-on")
            return
        log.info("signed on", link=self.name)
        self.up = session.signed_on = True
        self._engine.host_up(self.name)
        await self._keep_alive(session)

    async def _keep_alive(self, session: _Session) -> None:
        """Asks for an echo whenever the host has been silent; payments that are answered show as much as an echo."""
        connection, missed = session.connection, 0
        while True:
            with trio.move_on_at(connection.heard_at + self._settings.echo_interval):
                await session.gone.wait()
            if session.gone.is_set() or not self.up:
                return
            asked_at = trio.current_time()
            # The same sum as above: a difference may round below the interval, and the loop would spin.
            if asked_at < connection.heard_at + self._settings.echo_interval:
                continue
            code = await self._ask(session, "echo")
            alive = code == _ACCEPTED or (code == _SILENCE and connection.heard_at > asked_at)
            missed = 0 if alive else missed + 1
            if missed >= self._settings.echo_misses and self.up:
                connection.close("no answer to echo")
                return

    async def _ask(self, session: _Session, function: ManagementFunction) -> str:
        """One management request: the response code of its answer, "" when none came in time."""
        self._stan = self._stan % 999_999 + 1
        instant, stan = self._clock.instant(), f"{self._stan:06d}"
        key, asked = (stan, instant.transmission), _Asked()
        session.asked[key] = asked
        session.connection.send(self._dialect.management(function, stan, instant.transmission, instant.year))
        with trio.move_on_after(self._settings.management_timeout):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_first, session.gone, nursery.cancel_scope)
                await asked.answered.wait()
                nursery.cancel_scope.cancel()
        del session.asked[key]
        return asked.response_code

    # -- what the host says

    def _on_frame(self, connection: Connection, frame: bytes) -> None:
        try:
            answer = self._dialect.read(frame)
            if answer.management and is_request(answer.mti):
                connection.send(self._dialect.answer_management(frame))
            elif answer.mti[2] in _REPLIES:
                self._take(answer)
            else:
                log.warning("message ignored", link=self.name, mti=answer.mti)
        except MessageError as error:
            if error.partial is None:
                connection.close(f"unreadable message: {error}")
            else:  # the request it may have answered runs into its deadline, the others are not hurt
                log.warning("message refused", link=self.name, reason=str(error))

    def _take(self, answer: Answer) -> None:
        session = self._session
        if session is None:
            return
        if answer.management:
            asked = session.asked.get(answer.key)
            if asked is not None:
                asked.response_code = answer.response_code
                asked.answered.set()
        elif session.signed_on and answer.mti[1] in _ANSWERED_CLASSES:
            self._reactor.guard(self._engine.host_answer, self.name, answer)
        else:
            log.warning("answer ignored", link=self.name, mti=answer.mti, signed_on=session.signed_on)


async def _first(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
