"""Reversals that terminals send: found in the journal, answered once durable, forwarded from the queue."""

import msgspec

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, codes
from switch.engine.core import REVERSED_REPLY, Core
from switch.engine.exchange import Exchange
from switch.engine.flight import ANSWERED, CLOSING, Flight
from switch.engine.ports import TerminalLink
from switch.engine.prepare import reversal_of_terminal
from switch.engine.queue import Item
from switch.engine.replies import Replies
from switch.journal.records import Ack, Intent, Lookup, Outcome, Record, Reversed, Stored, Tombstone, Transaction
from switch.message import View

_ACCEPTED = "00"


class Reverser:
    """One method per step of a reversal's life. The journal is asked first: it knows what the answers were."""

    def __init__(self, core: Core, exchange: Exchange, replies: Replies) -> None:
        self._core = core
        self._ports = core.ports
        self._exchange = exchange
        self._replies = replies

    def request(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment, key: str) -> None:
        """A 0400, 0401, 0420 or 0421 with its key fields, no other of its duplicate key in flight."""
        if payment.replacement.strip("0 ") or checks.reverses_no_request(payment):
            self._replies.refuse(link, dialect, view, codes.INVALID)
            return
        instant = self._ports.instant()
        txn = reversal_of_terminal(
            payment, txn_id=self._core.next_txn_id(), key=key, interface=link.interface, instant=instant
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
        self._look(flight, _ways_to(payment, link.interface))

    # -- the original

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

    def _no_original(self, flight: Flight) -> None:
        """An original that comes later is declined, when DE90 says under which key it will come."""
        key = checks.original_key(flight.txn.interface, flight.payment)
        if key in self._core.flights:  # they crossed: it came after the look into the journal
            self._look(flight, [Lookup(dedupe=key)])
        elif key:
            self._decide(flight, codes.NOT_FOUND, [Tombstone(key, flight.txn.received)], None)
        else:
            self._ports.log("warning", "reversal of nothing", link=flight.txn.interface, stan=flight.txn.stan)
            self._answer(flight, codes.NOT_FOUND)

    def _original(self, flight: Flight, stored: Stored, original: Transaction) -> None:
        """Only what is or may become an approval has anything to take back; else the terminal's wish is fact."""
        if not _matches(flight.payment, stored, original):
            self._decide(flight, codes.NOT_FOUND, [], None)
            return
        flight.txn = msgspec.structs.replace(
            flight.txn, original=original.txn_id, network=original.network, host=original.host
        )
        running = self._core.flights.get(original.dedupe)
        approved = stored.state == "approved"
        if stored.state == "pending" and running is not None and not self._exchange.cancel(running):
            stored = running.stored
            approved = True
        if not approved:
            self._decide(flight, _ACCEPTED, [], None)
        elif original.txn_id in self._core.taking_back:
            # Being undone already, but not yet durably: nothing may be promised.
            self._answer(flight, codes.UNAVAILABLE)
        else:
            self._take_back(flight, stored, original)

    def _take_back(self, flight: Flight, stored: Stored, original: Transaction) -> None:
        self._core.taking_back.add(original.txn_id)
        put, item = self._core.reversal_of_approval(stored, "cancel")
        taken = Reversed(txn_id=original.txn_id, reason="cancelled", reply=REVERSED_REPLY)
        self._decide(flight, _ACCEPTED, [taken, put], item)

    # -- the end

    def _decide(self, flight: Flight, code: str, extra: list[Record], item: Item | None) -> None:
        now = self._ports.instant().epoch_us
        outcome = Outcome(
            txn=flight.txn,
            state="approved" if code == _ACCEPTED else "declined",
            response_code=code,
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


def _ways_to(payment: Payment, interface: str) -> list[Lookup]:
    """How the original may be found: by DE90, else by the reference number, else by the trace number."""
    key = checks.original_key(interface, payment)
    if key:
        return [Lookup(dedupe=key)]
    terminal = payment.terminal.strip()
    if payment.original_stan.strip("0"):
        return [Lookup(interface=interface, terminal_id=terminal, stan=payment.original_stan)]
    ways = [Lookup(interface=interface, terminal_id=terminal, rrn=payment.rrn)] if payment.rrn.strip() else []
    return [*ways, Lookup(interface=interface, terminal_id=terminal, stan=payment.stan)]


def _matches(payment: Payment, stored: Stored, original: Transaction) -> bool:
    """A reversal is of the same card, amount (asked or approved) and currency, as far as it names them."""
    return (
        payment.pan in ("", original.pan)
        and payment.amount in (0, original.amount, stored.amount)
        and payment.currency in ("", original.currency)
    )
