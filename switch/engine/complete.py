"""Completions of pre-authorisations (0220, 0221): captured and answered here; the host hears of them by clearing."""

from typing import Any

import msgspec

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, codes
from switch.engine.flight import Flight
from switch.engine.local import ACCEPTED, Local, ways_to
from switch.engine.ports import TerminalLink
from switch.journal.records import Ack, Completed, Lookup, Stored, Transaction
from switch.message import View


class Completer(Local):
    """The completion is a transaction of its own, with the data of its original."""

    kind = "completion"

    def request(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment, key: str) -> None:
        """A 0220 or 0221 with its key fields, no other of its duplicate key in flight."""
        code = checks.decline_code(payment)
        if code is None and checks.kind(payment) not in checks.COMPLETED:
            code = codes.INVALID
        if code is not None:
            self._replies.refuse(link, dialect, view, code)
            return
        flight = self._begin(link, dialect, view, payment, key)
        self._look(flight, [Lookup(dedupe=key), *ways_to(payment, link.interface)])

    def _no_original(self, flight: Flight) -> None:
        self._refuse(flight, codes.NOT_FOUND, "there is no original", 0)

    def _original(self, flight: Flight, stored: Stored, original: Transaction) -> None:
        payment, core, number = flight.payment, self._core, original.txn_id
        if original.dedupe == flight.txn.dedupe:
            self._repeat(flight, stored)
        elif (payment.pan, payment.currency) != (original.pan, original.currency):
            self._refuse(flight, codes.NOT_FOUND, "the original is of another card or currency", number)
        elif stored.state == "pending" or number in core.taking_back or number in core.completing:
            self._answer(flight, codes.UNAVAILABLE)  # not settled yet: the terminal is to repeat
        elif not checks.completable(original):
            self._refuse(flight, codes.INVALID, "the original is no pre-authorisation", number)
        elif stored.state != "approved":
            self._refuse(flight, codes.INVALID, f"the original is {stored.state}", number)
        elif stored.completed:
            self._refuse(flight, codes.INVALID, f"the original was completed by {stored.completed}", number)
        elif payment.amount > self._most(stored, original):
            self._refuse(flight, codes.NO_AMOUNT, "the amount is above what was approved", number)
        else:
            self._accept(flight, stored, original)

    def _most(self, stored: Stored, original: Transaction) -> int:
        """What may be captured, in minor units: what was approved, and the tolerance of the terminal."""
        settings = self._core.settings
        terminal = settings.terminal(original.terminal_id) or settings.default_terminal
        held = original.amount if stored.amount is None else stored.amount
        return held + held * terminal.completion_tolerance // 100

    def _refuse(self, flight: Flight, code: str, why: str, original: int) -> None:
        self._ports.log("warning", "completion refused", txn_id=flight.txn.txn_id, reason=why, original=original)
        self._decide(flight, code, [])

    def _accept(self, flight: Flight, stored: Stored, original: Transaction) -> None:
        """With what clearing needs of the original; on-us cards do not clear."""
        own, payment = flight.txn, flight.payment
        host = self._core.host(original.host)
        flight.txn = msgspec.structs.replace(
            original,
            **{name: getattr(own, name) for name in ("txn_id", "dedupe", "received", "business_date", "interface")},
            mti=payment.mti,
            kind=own.kind,
            processing_code=payment.processing_code,
            amount=payment.amount,
            stan=payment.stan,
            transmission=payment.transmission,
            out_stan="",
            out_transmission="",
            captured=host is not None and host.on_us is None,
            original=original.txn_id,
        )
        flight.auth_code, flight.references = stored.auth_code, stored.references
        self._core.completing[original.txn_id] = None
        self._decide(flight, ACCEPTED, [Completed(txn_id=original.txn_id, by=own.txn_id)])

    def _stored(self, context: Any, ack: Ack) -> None:
        self._core.completion_ended(context[0].txn.original, written=ack.ok and ack.duplicate is None)
        super()._stored(context, ack)
