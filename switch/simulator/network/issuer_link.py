"""The link to one issuer host: dialled for ever, signed on, kept alive by echo, signed off at the end.

Knows nothing of acquirers: answers go to a callback."""

import random
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
import trio

from switch.message import MessageError, View, is_request
from switch.simulator.network import host
from switch.simulator.network.config import Issuer
from switch.simulator.network.flights import Flights
from switch.simulator.network.host import HostAnswer, HostMessages
from switch.simulator.network.peer import Peer

log = structlog.get_logger()

_SIGNED_OFF = "signed off"


class _Question:
    """A management request that waits for its answer."""

    def __init__(self) -> None:
        self.event = trio.Event()
        self.accepted = False


class IssuerLink:
    """`up` from the accepted sign-on to the end of the connection; `first_up` is set at the first."""

    def __init__(
        self, name: str, settings: Issuer, messages: HostMessages, on_answer: Callable[["IssuerLink", HostAnswer], None]
    ) -> None:
        self.name = name
        self.zpk = settings.zpk
        self.up = False
        self.first_up = trio.Event()
        self.flights = Flights(settings.max_in_flight, settings.answer_timeout, settings.late_window)
        self._settings = settings
        self._messages = messages
        self._on_answer = on_answer
        self._peer: Peer | None = None
        self._heard = 0.0
        self._stan = 0
        self._questions: dict[tuple[str, str], _Question] = {}

    def send(self, frame: bytes) -> bool:
        """False when the issuer is not signed on: then nothing was sent."""
        return self.up and self._peer is not None and self._peer.send(frame)

    async def run(self) -> None:
        """Until cancelled."""
        backoff, complained = self._settings.backoff, False
        pause = backoff.first
        while True:
            try:
                stream = await self._connect()
            except OSError as error:
                if not complained:
                    log.warning("cannot connect", issuer=self.name, reason=str(error))
                complained = True
            else:
                complained, started = False, trio.current_time()
                await self._converse(stream)
                # An issuer that accepts and drops at once must not be hammered.
                if trio.current_time() - started > backoff.longest:
                    pause = backoff.first
            await trio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(backoff.longest, pause * 2)

    async def sign_off(self) -> None:
        """Before an orderly end: the issuer hears of it, whether it answers or not."""
        peer = self._peer
        if self.up and peer is not None:
            self.up = False
            accepted = await self._ask(peer, host.SIGN_OFF)
            log.info("signed off", issuer=self.name, accepted=accepted)
            peer.finish(_SIGNED_OFF)

    async def _connect(self) -> trio.SocketStream:
        settings = self._settings
        with trio.move_on_after(settings.connect_timeout):
            return await trio.open_tcp_stream(settings.host, settings.port)
        raise TimeoutError(f"no connection within {settings.connect_timeout:g} s")

    async def _converse(self, stream: trio.SocketStream) -> None:
        peer = self._peer = Peer(stream, host.FRAMING, self._settings.limits)
        self._heard = trio.current_time()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_signed_on, peer)
                await peer.run(self._frame)
                nursery.cancel_scope.cancel()
        finally:
            self.up, self._peer = False, None
            self._questions.clear()
            level = log.info if peer.reason == _SIGNED_OFF else log.warning
            level("disconnected", issuer=self.name, reason=peer.reason, in_flight=len(self.flights))

    async def _keep_signed_on(self, peer: Peer) -> None:
        if not await self._ask(peer, host.SIGN_ON):
            peer.close("sign-on was not accepted")
            return
        self._set_up(True)
        while True:
            await trio.sleep_until(self._heard + self._settings.echo_interval)
            if trio.current_time() - self._heard < self._settings.echo_interval:
                continue
            if not await self._ask(peer, host.ECHO):
                peer.close("no answer to echo")
                return

    def _set_up(self, up: bool) -> None:
        if self.up != up:
            log.info("signed on" if up else "issuer signed off", issuer=self.name)
        self.up = up
        if up:
            self.first_up.set()

    async def _ask(self, peer: Peer, function: str) -> bool:
        """One management request; whether it was accepted in time."""
        self._stan = self._stan % 999_999 + 1
        stan, now, question = f"{self._stan:06d}", datetime.now(UTC), _Question()
        key = stan, now.strftime("%m%d%H%M%S")
        self._questions[key] = question
        peer.send(self._messages.management(function, stan, now))
        with trio.move_on_after(self._settings.management_timeout):
            await question.event.wait()
        self._questions.pop(key, None)
        return question.accepted

    def _frame(self, frame: bytes) -> None:
        self._heard = trio.current_time()
        try:
            view = self._messages.view(frame)
        except MessageError as error:
            if error.partial is None and self._peer is not None:
                self._peer.close(f"unreadable message: {error}")
            else:
                log.error("unreadable answer", issuer=self.name, reason=str(error))
            return
        try:
            self._message(view)
        except MessageError as error:
            log.error("unreadable answer", issuer=self.name, mti=view.mti, reason=str(error))

    def _message(self, view: View) -> None:
        if view.mti[1] == "8" and is_request(view.mti):
            self._asked(view)
        elif view.mti[1] == "8":
            answer = self._messages.answer(view)
            question = self._questions.get((answer.stan, answer.transmission))
            if question is not None:
                question.accepted = answer.action == host.ACCEPTED
                question.event.set()
        elif view.mti[0] == "1" and view.mti[2] in "13":
            self._on_answer(self, self._messages.answer(view))
        else:
            log.warning("message ignored", issuer=self.name, mti=view.mti)

    def _asked(self, view: View) -> None:
        """The issuer's own echo, sign-on or sign-off."""
        if self._peer is not None:
            self._peer.send(self._messages.accept(view))
        if view.get("24") in (host.SIGN_ON, host.SIGN_OFF):
            self._set_up(view["24"] == host.SIGN_ON)
