"""What becomes of each message: to the issuer of the card, or back with a no; answers to where the request came from.

It decides nothing about a payment. Opens no socket: links and connections are handed in."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
import trio

from switch.message import MessageError, View, VisaHeader, is_request, mask_pan
from switch.simulator.network import codes
from switch.simulator.network.acquirers import Acquirer
from switch.simulator.network.asked import Asked, supported
from switch.simulator.network.flights import Flight
from switch.simulator.network.host import HostAnswer, HostMessages
from switch.simulator.network.issuer_link import IssuerLink
from switch.simulator.network.pin import PinFailure, PinTranslation
from switch.simulator.network.ranges import Ranges
from switch.simulator.network.scheme import Scheme

log = structlog.get_logger()


class Relay:
    """`counts` is what happened, by name; `draining` turns new payments away, `drained` is set when none waits."""

    def __init__(self, scheme: Scheme, ranges: Ranges, messages: HostMessages) -> None:
        self.counts: Counter[str] = Counter()
        self.draining = False
        self.drained = trio.Event()
        self._scheme = scheme
        self._ranges = ranges
        self._messages = messages
        self._issuers: Mapping[str, IssuerLink] = {}
        self._nursery: trio.Nursery
        self._pins: PinTranslation

    def attach(self, issuers: Mapping[str, IssuerLink], nursery: trio.Nursery, pins: PinTranslation) -> None:
        """Before the first message: where requests go, where they wait for the HSM, and the HSM."""
        self._issuers, self._nursery, self._pins = issuers, nursery, pins

    def drain(self) -> None:
        """From now on no payment is taken."""
        self.draining = True
        self._settle()

    def pass_time(self, now: float) -> None:
        """Notes the issuers' silence; `now` in trio's seconds."""
        for link in self._issuers.values():
            silent, forgotten = link.flights.pass_time(now)
            for flight in silent:
                self._note("warning", "issuer is silent", flight.asked, issuer=link.name)
            for flight in forgotten:
                self._note("warning", "never answered", flight.asked, issuer=link.name)

    def _settle(self) -> None:
        if self.draining and not any(link.flights.awaited for link in self._issuers.values()):
            self.drained.set()

    # -- from acquirers

    def frame(self, acquirer: Acquirer, frame: bytes) -> None:
        """A frame from an acquirer."""
        try:
            envelope = self._scheme.envelope(frame)
        except MessageError as error:
            self.counts["unreadable"] += 1
            acquirer.close(f"unreadable header: {error}")
            return
        try:
            self._message(acquirer, self._scheme.view(frame), envelope)
        except MessageError as error:
            self._refuse(acquirer, frame, envelope, error)

    def _message(self, acquirer: Acquirer, view: View, envelope: VisaHeader | None) -> None:
        if not is_request(view.mti):
            log.warning("message ignored", acquirer=acquirer.name, mti=view.mti)
        elif supported(view.mti) and view.mti[1] == "8":
            self._manage(acquirer, self._scheme.asked(view, envelope))
        elif not acquirer.signed_on:
            self._turn_away(acquirer, view, envelope, codes.UNAVAILABLE, "not signed on")
        elif not supported(view.mti):
            self._turn_away(acquirer, view, envelope, codes.INVALID, "message type is not supported")
        else:
            asked = self._scheme.asked(view, envelope)
            if asked.get("95").strip("0 "):
                self._turn_away(acquirer, view, envelope, codes.INVALID, "partial reversal is not supported")
                return
            try:
                frame = self._build(asked)
            except MessageError as error:
                error.partial = view.sound()
                raise
            self._route(acquirer, asked, frame)

    def _build(self, asked: Asked) -> bytes:
        """What the issuer is to get, still without a PIN block."""
        now = datetime.now(UTC)
        if asked.kind == "4":
            return self._messages.reversal(asked, now)
        return self._messages.advice(asked, now) if asked.mti[2] == "2" else self._messages.authorisation(asked, now)

    def _manage(self, acquirer: Acquirer, asked: Asked) -> None:
        function, scheme = asked.get("70"), self._scheme
        code = codes.APPROVED
        if function in scheme.sign_on and self.draining:
            code = codes.UNAVAILABLE
        elif function in scheme.sign_on | scheme.sign_off:
            acquirer.signed_on = function in scheme.sign_on
        elif function not in scheme.echo:
            code = codes.INVALID
        acquirer.reply(scheme.answer(asked, code))
        log.info("management", acquirer=acquirer.name, function=function, response_code=code)

    def _route(self, acquirer: Acquirer, asked: Asked, frame: bytes) -> None:
        flight = Flight(asked.without_sensitive(), acquirer.reply, trio.current_time())
        name = self._ranges.issuer(asked.pan)
        if name is None:
            self._decline(flight, codes.NO_ISSUER, "no range has this card number")
            return
        link = self._issuers[name]
        if self.draining or not link.up:
            self._decline(flight, codes.UNAVAILABLE, "node stops" if self.draining else f"{name} is not signed on")
        elif not link.flights.add(flight):
            self._decline(flight, codes.UNAVAILABLE, f"too many requests wait for {name}")
        elif asked.mti[:3] == "010" and asked.get("52"):
            self._nursery.start_soon(self._translate, link, flight, frame, asked.get("52"))
        else:
            self._forward(link, flight, frame)

    async def _translate(self, link: IssuerLink, flight: Flight, frame: bytes, block: str) -> None:
        try:
            translated = await self._pins.translate(link.zpk, block, flight.asked.pan)
        except PinFailure as failure:
            if link.flights.remove(flight):
                self._decline(flight, failure.code, str(failure))
            return
        if flight.silent and link.flights.remove(flight):
            self._decline(flight, codes.MALFUNCTION, "HSM was too slow")
        else:
            self._forward(link, flight, self._messages.with_pin(frame, translated))

    def _forward(self, link: IssuerLink, flight: Flight, frame: bytes) -> None:
        if flight not in link.flights:
            return  # its repeat has taken its place
        if link.send(frame):
            self._note("info", "forwarded", flight.asked, issuer=link.name)
        elif link.flights.remove(flight):
            self._decline(flight, codes.UNAVAILABLE, f"{link.name} is not signed on")

    # -- answers

    def answered(self, link: IssuerLink, answer: HostAnswer) -> None:
        """An issuer's answer to a request, an advice or a reversal."""
        flight = link.flights.take(answer)
        if flight is None:
            self.counts["unmatched"] += 1
            log.warning("answer to nothing", issuer=link.name, mti=answer.mti, stan=answer.stan, rrn=answer.rrn)
            return
        try:
            code, frame = self._scheme.relay(flight.asked, answer)
        except MessageError as error:
            self._note("error", "answer cannot be passed on", flight.asked, issuer=link.name, reason=str(error))
            return
        self.counts["late"] += flight.silent
        self.counts["undelivered"] += not flight.reply(frame)
        self._note(
            "info",
            "answered",
            flight.asked,
            issuer=link.name,
            response_code=code,
            late=flight.silent,
            ms=round(1000 * (trio.current_time() - flight.started)),
        )

    def _decline(self, flight: Flight, code: str, reason: str) -> None:
        flight.reply(self._scheme.answer(flight.asked, code))
        self._note("warning", "declined", flight.asked, response_code=code, reason=reason)

    def _turn_away(self, acquirer: Acquirer, view: View, envelope: VisaHeader | None, code: str, reason: str) -> None:
        self.counts["turned away"] += 1
        acquirer.reply(self._scheme.brief(view.sound(), envelope, code))
        log.warning("turned away", acquirer=acquirer.name, mti=view.mti, response_code=code, reason=reason)

    def _refuse(self, acquirer: Acquirer, frame: bytes, envelope: VisaHeader | None, error: MessageError) -> None:
        self.counts["unreadable"] += 1
        reply = self._scheme.refusal(error, envelope) or self._scheme.reject(frame, error, envelope)
        if reply is None:
            acquirer.close(f"unreadable message: {error}")
        else:
            acquirer.reply(reply)
            log.warning("refused", acquirer=acquirer.name, reason=str(error))

    def _note(self, level: str, event: str, asked: Asked, **more: object) -> None:
        """One line about one message."""
        self.counts[event] += 1
        self._settle()
        getattr(log, level)(
            event,
            scheme=self._scheme.name,
            mti=asked.mti,
            card=mask_pan(asked.pan),
            stan=asked.get("11"),
            rrn=asked.get("37"),
            **more,
        )
