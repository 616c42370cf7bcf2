"""What the switch decides from its journal: the original is looked up, the outcome stored, the answer follows it."""

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, codes
from switch.engine.core import Core
from switch.engine.flight import ANSWERED, CLOSING, Flight
from switch.engine.ports import TerminalLink
from switch.engine.prepare import local_transaction
from switch.engine.queue import Item
from switch.engine.replies import Replies
from switch.journal.records import Ack, Intent, Lookup, Outcome, Record, Stored, Transaction
from switch.message import View

ACCEPTED = "00"


class Local:
    """A message that finds its original and needs no host before its answer; what comes in between is `_original`.

    `kind` is that of its journal record.
    """

    kind = ""

    def __init__(self, core: Core, replies: Replies) -> None:
        self._core = core
        self._ports = core.ports
        self._replies = replies

    def _original(self, flight: Flight, stored: Stored, original: Transaction) -> None:
        raise NotImplementedError

    def _no_original(self, flight: Flight) -> None:
        raise NotImplementedError

    def _begin(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment, key: str) -> Flight:
        instant = self._ports.instant()
        txn = local_transaction(
            payment, self.kind, txn_id=self._core.next_txn_id(), key=key, interface=link.interface, instant=instant
        )
        flight = Flight(
            link=link,
            dialect=dialect,
            view=view,
            payment=payment,
            outgoing=payment,
            txn=txn,
            host=None,
            started=instant.epoch_us,
        )
        flight.state = CLOSING
        self._core.flights[key] = flight
        flight.timer = self._ports.arm(self._core.settings.deadlines.answer, self._too_slow, flight)
        return flight

    def _look(self, flight: Flight, ways: list[Lookup]) -> None:
        self._ports.store([ways[0]], self._found, (flight, ways[1:]))

    def _found(self, context: tuple[Flight, list[Lookup]], ack: Ack) -> None:
        flight, others = context
        if flight.state == ANSWERED:
            return
        stored = ack.found
        if not ack.ok:
            self._answer(flight, codes.MALFUNCTION)
        elif stored is not None and stored.txn is not None:
            self._original(flight, stored, stored.txn)
        elif others:
            self._look(flight, others)
        else:
            self._no_original(flight)

    # -- the end

    def _decide(self, flight: Flight, code: str, extra: list[Record], item: Item | None = None) -> None:
        now = self._ports.instant().epoch_us
        outcome = Outcome(
            txn=flight.txn,
            state="approved" if code == ACCEPTED else "declined",
            response_code=code,
            auth_code=flight.auth_code,
            references=flight.references,
            reply={"39": code},
            answered=now // 1000,
            latency_us=now - flight.started,
        )
        self._ports.store([Intent(flight.txn), outcome, *extra], self._stored, (flight, code, extra, item))

    def _stored(self, context: tuple[Flight, str, list[Record], Item | None], ack: Ack) -> None:
        flight, code, extra, item = context
        written = ack.ok and ack.duplicate is None
        if item is not None and written:
            self._core.taking_back.discard(item.family)  # from here on the journal's state tells
            self._core.enqueue(flight.txn.host, item)
        elif item is not None:
            # The original may be withheld already, so its reversal is owed whatever becomes of this message.
            self._core.store_for_certain(extra, flight.txn.host, item)
        if ack.duplicate is not None:
            self._repeat(flight, ack.duplicate)
        else:
            self._answer(flight, code if ack.ok else codes.MALFUNCTION)

    def _repeat(self, flight: Flight, stored: Stored) -> None:
        self._land(flight)
        if flight.state != ANSWERED:
            self._replies.answer_stored(flight, stored)

    def _too_slow(self, flight: Flight) -> None:
        flight.timer = None
        self._answer(flight, codes.UNAVAILABLE)

    def _answer(self, flight: Flight, code: str) -> None:
        self._land(flight)
        if flight.state != ANSWERED:
            self._replies.answer(flight, code, {})

    def _land(self, flight: Flight) -> None:
        if flight.timer is not None:
            self._ports.disarm(flight.timer)
            flight.timer = None
        if self._core.flights.get(flight.txn.dedupe) is flight:
            del self._core.flights[flight.txn.dedupe]


def ways_to(payment: Payment, interface: str, *, own_trace: bool = False) -> list[Lookup]:
    """How the original that a message names may be found: by DE90, else by the reference number.

    With `own_trace` at last by the message's own DE11, which may be that of its original.
    """
    key = checks.original_key(interface, payment)
    if key:
        return [Lookup(dedupe=key)]
    terminal = payment.terminal.strip()
    if payment.original_stan.strip("0"):
        return [Lookup(interface=interface, terminal_id=terminal, stan=payment.original_stan)]
    ways = [Lookup(interface=interface, terminal_id=terminal, rrn=payment.rrn)] if payment.rrn.strip() else []
    return [*ways, Lookup(interface=interface, terminal_id=terminal, stan=payment.stan)] if own_trace else ways
