"""Reversals that terminals send: found by DE90, answered once durable, forwarded from the queue."""

import msgspec

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks
from switch.engine.authorise import Authoriser
from switch.engine.core import REVERSED_REPLY, Core
from switch.engine.flight import ANSWERED, CLOSING, Flight
from switch.engine.ports import Instant, TerminalLink
from switch.engine.queue import Item
from switch.journal.records import Ack, Intent, Lookup, Outcome, Record, Reversed, Stored, Tombstone, Transaction
from switch.message import View

_NOT_FOUND, _INVALID = "25", "12"


class Reverser:
    """One method per event of a reversal's life."""

    def __init__(self, core: Core, authoriser: Authoriser) -> None:
        self._core = core
        self._ports = core.ports
        self._authoriser = authoriser

    def request(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment) -> None:
        """A 0400, 0401, 0420 or 0421, its key fields present."""
        key = checks.duplicate_key(link.interface, payment)
        running = self._core.flights.get(key)
        if running is not None:
            self._core.counters.repeats += 1
            running.askers.append((link, view))
            return
        if payment.replacement.strip("0 "):
            link.send(dialect.answer(view, _INVALID, {}), None)
            return
        original_key = checks.original_key(link.interface, payment)
        instant = self._ports.instant()
        txn = self._transaction(payment, key, link.interface, instant)
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
        original = self._in_flight(original_key, link.interface, payment)
        if original is None:
            self._ports.store([self._lookup(original_key, link.interface, payment)], self._found, flight)
        elif self._matches(flight, original.txn):
            self._authoriser.cancel(original)
            self._decide(flight, "00", [], None)
        else:
            self._decide(flight, _NOT_FOUND, [], None)

    def _in_flight(self, original_key: str, interface: str, payment: Payment) -> Flight | None:
        if original_key:
            return self._core.flights.get(original_key)
        # Without DE90 the trace number of the terminal has to do.
        prefix = f"{interface}|{payment.terminal.strip()}|{payment.stan}|"
        for key, flight in self._core.flights.items():
            if key.startswith(prefix) and flight.txn.kind != "reversal":
                return flight
        return None

    def _lookup(self, original_key: str, interface: str, payment: Payment) -> Lookup:
        if original_key:
            return Lookup(dedupe=original_key)
        terminal = payment.terminal.strip()
        stan = payment.original_stan or payment.stan
        if payment.rrn.strip() and not payment.original_stan:
            return Lookup(interface=interface, terminal_id=terminal, rrn=payment.rrn)
        return Lookup(interface=interface, terminal_id=terminal, stan=stan)

    def _transaction(self, payment: Payment, key: str, interface: str, instant: Instant) -> Transaction:
        return Transaction(
            txn_id=self._core.next_txn_id(),
            dedupe=key,
            received=instant.epoch_ms,
            business_date=instant.business_date,
            interface=interface,
            mti=payment.mti,
            kind="reversal",
            processing_code=payment.processing_code,
            amount=payment.amount,
            currency=payment.currency,
            pan=payment.pan,
            stan=payment.stan,
            transmission=payment.transmission,
            local_time=payment.local_time,
            local_date=payment.local_date,
            year=instant.year,
            rrn=payment.rrn,
            terminal_id=payment.terminal.strip(),
            merchant_id=payment.merchant.strip(),
            name_location="",
            country="",
            mcc="",
            entry_mode="",
            condition="",
            acquirer="",
            eci="",
            network="",
            host="",
            out_stan="",
            out_transmission="",
            captured=False,
        )

    def _matches(self, flight: Flight, original: Transaction) -> bool:
        """A reversal is of the same card (when it names one) and the same amount."""
        payment = flight.payment
        same_card = not payment.pan or payment.pan == original.pan
        return same_card and payment.amount in (0, original.amount)

    def _found(self, flight: Flight, ack: Ack) -> None:
        if flight.state == ANSWERED:
            return
        stored = ack.found
        if not ack.ok:
            self._answer(flight, "96")
        elif stored is None or stored.txn is None:
            original_key = checks.original_key(flight.txn.interface, flight.payment)
            grave: list[Record] = [Tombstone(original_key, flight.txn.received)] if original_key else []
            self._decide(flight, _NOT_FOUND, grave, None)
        elif not self._matches(flight, stored.txn):
            self._decide(flight, _NOT_FOUND, [], None)
        else:
            self._reverse(flight, stored, stored.txn)

    def _reverse(self, flight: Flight, stored: Stored, original: Transaction) -> None:
        """Only an approval has anything to take back; for all else the terminal's wish is already fact."""
        flight.txn = _replace_original(flight.txn, original)
        if stored.state != "approved" or original.txn_id in self._core.taking_back:
            self._decide(flight, "00", [], None)
            return
        self._core.taking_back.add(original.txn_id)
        put, item = self._core.reversal(original, "cancel", stored.auth_code, stored.references)
        taken: list[Record] = [Reversed(txn_id=original.txn_id, reason="cancelled", reply=REVERSED_REPLY), put]
        self._decide(flight, "00", taken, item)

    def _decide(self, flight: Flight, code: str, extra: list[Record], item: Item | None) -> None:
        now = self._ports.instant().epoch_us
        outcome = Outcome(
            txn=flight.txn,
            state="approved" if code == "00" else "declined",
            response_code=code,
            reply={"39": code},
            answered=now // 1000,
            latency_us=now - flight.started,
        )
        self._ports.store([Intent(flight.txn), outcome, *extra], self._stored, (flight, code, item))

    def _stored(self, context: tuple[Flight, str, Item | None], ack: Ack) -> None:
        flight, code, item = context
        if item is not None:
            self._core.taking_back.discard(item.family)  # from here on the journal's state tells
        if not ack.ok:
            self._answer(flight, "96")
            return
        if ack.duplicate is not None:
            self._answer(flight, ack.duplicate.reply.get("39", code))
            return
        if item is not None:
            self._core.enqueue(flight.txn.host, item)
        self._answer(flight, code)

    def _too_slow(self, flight: Flight) -> None:
        self._answer(flight, "91")

    def _answer(self, flight: Flight, code: str) -> None:
        self._ports.disarm(flight.timer)
        self._core.flights.pop(flight.txn.dedupe, None)
        if flight.state != ANSWERED:
            flight.state = ANSWERED
            self._core.answer(flight, code, {})


def _replace_original(txn: Transaction, original: Transaction) -> Transaction:
    return msgspec.structs.replace(txn, original=original.txn_id, network=original.network, host=original.host)
