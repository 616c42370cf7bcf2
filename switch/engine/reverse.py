"""Reversals that terminals send: found in the journal, answered once durable, forwarded from the queue."""

import msgspec

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, codes
from switch.engine.core import REVERSED_REPLY, Core
from switch.engine.exchange import Exchange
from switch.engine.flight import Flight
from switch.engine.local import ACCEPTED, Local, ways_to
from switch.engine.ports import TerminalLink
from switch.engine.replies import Replies
from switch.journal.records import Lookup, Reversed, Stored, Tombstone, Transaction
from switch.message import View


class Reverser(Local):
    """One method per step of a reversal's life. The journal is asked first: it knows what the answers were."""

    kind = "reversal"

    def __init__(self, core: Core, exchange: Exchange, replies: Replies) -> None:
        super().__init__(core, replies)
        self._exchange = exchange

    def request(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment, key: str) -> None:
        """A 0400, 0401, 0420 or 0421 with its key fields, no other of its duplicate key in flight."""
        if payment.replacement.strip("0 ") or checks.reverses_no_request(payment):
            self._replies.refuse(link, dialect, view, codes.INVALID)
            return
        flight = self._begin(link, dialect, view, payment, key)
        self._look(flight, ways_to(payment, link.interface, own_trace=True))

    # -- the original

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
        if stored.completed:
            self._ports.log("warning", "reversal of a completed request", txn_id=original.txn_id)
            self._decide(flight, codes.INVALID, [], None)
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
            self._decide(flight, ACCEPTED, [], None)
        elif original.txn_id in self._core.taking_back or original.txn_id in self._core.completing:
            # Being undone or completed already, but not yet durably: nothing may be promised.
            self._answer(flight, codes.UNAVAILABLE)
        else:
            self._take_back(flight, stored, original)

    def _take_back(self, flight: Flight, stored: Stored, original: Transaction) -> None:
        taken = Reversed(txn_id=original.txn_id, reason="cancelled", reply=REVERSED_REPLY)
        if original.kind == "completion":
            self._decide(flight, ACCEPTED, [taken], None)  # no host has heard of it
            return
        self._core.taking_back.add(original.txn_id)
        put, item = self._core.reversal_of_approval(stored, "cancel")
        self._decide(flight, ACCEPTED, [taken, put], item)


def _matches(payment: Payment, stored: Stored, original: Transaction) -> bool:
    """A reversal is of the same card, amount (asked or approved) and currency, as far as it names them."""
    return (
        payment.pan in ("", original.pan)
        and payment.amount in (0, original.amount, stored.amount)
        and payment.currency in ("", original.currency)
    )
