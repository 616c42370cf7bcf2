"""From the decision to the answer: the outcome becomes durable, the answer leaves, what cannot leave is undone."""

from switch.engine import checks, codes
from switch.engine.core import Core
from switch.engine.doubts import Doubts
from switch.engine.flight import ANSWERED, CLOSING, Flight
from switch.engine.queue import Item
from switch.engine.replies import Replies
from switch.journal.records import Ack, Intent, Outcome, Record, Stored

_Closing = tuple[Flight, list[Record], Item | None]


class Closer:
    """One method per way a flight ends."""

    def __init__(self, core: Core, replies: Replies) -> None:
        self._core = core
        self._ports = core.ports
        self._replies = replies
        self._doubts = Doubts(core)
        self._deadlines = core.settings.deadlines

    def finish(
        self, flight: Flight, state: str, code: str, extra: list[Record] | None = None, item: Item | None = None
    ) -> None:
        """The outcome goes to the journal; the answer leaves when it is durable, or 91 when that takes too long."""
        self._decide(flight, code)
        elapsed = (self._ports.instant().epoch_us - flight.started) / 1e6
        if flight.timer is None or self._deadlines.answer - elapsed < self._deadlines.grace:
            self._rearm(flight, self._deadlines.grace)
        unit = [self._outcome(flight, state, code), *(extra or [])]
        self._ports.store(unit, self._closed, (flight, unit, item))

    def decline_unsent(self, flight: Flight, code: str) -> None:
        """Nothing left the switch: the intent and its outcome are one write."""
        self._decide(flight, code)
        self._rearm(flight, self._deadlines.answer)
        unit: list[Record] = [Intent(flight.txn), self._outcome(flight, "declined", code)]
        self._ports.store(unit, self._decline_stored, flight)

    def decline_unstored(self, flight: Flight, code: str) -> None:
        """A decline that need not be durable, because nothing has left the switch."""
        self._land(flight)
        flight.response_code = code
        flight.reply = {"37": flight.txn.rrn}
        self._replies.answer(flight, code, flight.reply)
        if not flight.journalled:
            self._doubts.declined(flight)

    def close_pending(self, flight: Flight) -> None:
        """Its answer has left; should the journal still take the intent, it is not left pending."""
        outcome = self._outcome(flight, "declined", flight.response_code)
        self._core.store_for_certain([outcome], "", None)

    def repeat(self, flight: Flight, stored: Stored) -> None:
        """The journal knew the key: nothing was written."""
        self._land(flight)
        if flight.state != ANSWERED:
            self._replies.answer_stored(flight, stored)
        else:
            self._doubts.repeated(checks.content(flight.txn), stored)

    def out_of_time(self, flight: Flight) -> None:
        """The journal is slow: fail closed, and an approval that becomes durable afterwards is taken back."""
        flight.timer = None
        if flight.state != CLOSING:
            return
        if flight.approved:
            flight.withheld = flight.withheld or "journal too slow"
        self._replies.answer(flight, flight.last_word, {"37": flight.txn.rrn})

    # -- the steps

    def _decide(self, flight: Flight, code: str) -> None:
        flight.state = CLOSING
        flight.response_code = code
        flight.reply["37"] = flight.txn.rrn

    def _rearm(self, flight: Flight, seconds: float) -> None:
        if flight.timer is not None:
            self._ports.disarm(flight.timer)
        flight.timer = self._ports.arm(seconds, self.out_of_time, flight)

    def _outcome(self, flight: Flight, state: str, code: str) -> Outcome:
        now = self._ports.instant().epoch_us
        return Outcome(
            txn=flight.txn,
            state=state,
            response_code=code,
            auth_code=flight.auth_code,
            reply={**flight.reply, "39": code},
            references=flight.references,
            amount=flight.amount if state == "approved" else None,
            answered=now // 1000,
            latency_us=now - flight.started,
        )

    def _closed(self, context: _Closing, ack: Ack) -> None:
        flight, unit, item = context
        self._land(flight)
        if not ack.ok:
            self._outcome_lost(flight, unit, item)
            return
        self._core.enqueue(flight.txn.host, item)
        withheld = flight.withheld
        if flight.state != ANSWERED:
            code, reply = (codes.UNAVAILABLE, {}) if withheld else (flight.response_code, flight.reply)
            if not self._replies.answer(flight, code, reply):
                withheld = withheld or "requester is gone"
        if withheld and flight.approved:
            self._core.take_back(flight.stored, withheld)

    def _outcome_lost(self, flight: Flight, unit: list[Record], item: Item | None) -> None:
        """The journal failed: no approval leaves, and what the host did is undone as soon as the journal works."""
        if flight.state != ANSWERED:
            self._replies.answer(flight, codes.MALFUNCTION, {"37": flight.txn.rrn})
        if flight.approved:
            flight.reply = {"37": flight.txn.rrn}
            unit = [self._outcome(flight, "reversed", codes.MALFUNCTION)]
            if flight.txn.txn_id not in self._core.taking_back:
                put, item = self._core.reversal_of_approval(flight.stored, "timeout")
                unit.append(put)
        self._core.store_for_certain(unit, flight.txn.host, item)

    def _decline_stored(self, flight: Flight, ack: Ack) -> None:
        if ack.duplicate is not None:
            self.repeat(flight, ack.duplicate)
            return
        self._land(flight)
        if not ack.ok:
            self._doubts.declined(flight)
        if flight.state != ANSWERED:
            self._replies.answer(flight, flight.response_code if ack.ok else codes.MALFUNCTION, flight.reply)

    def _land(self, flight: Flight) -> None:
        if flight.timer is not None:
            self._ports.disarm(flight.timer)
            flight.timer = None
        if self._core.flights.get(flight.txn.dedupe) is flight:
            del self._core.flights[flight.txn.dedupe]
