"""Overload and drain: new requests are refused at once, and a repeat still gets the answer that the journal has."""

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import codes
from switch.engine.core import Core
from switch.engine.flight import CLOSING, Flight
from switch.engine.ports import TerminalLink
from switch.engine.prepare import local_transaction
from switch.engine.replies import Replies
from switch.journal.records import Ack, Lookup
from switch.message import View, is_repeat


class Recaller:
    """Looks up what a marked repeat repeats; starts nothing."""

    def __init__(self, core: Core, replies: Replies) -> None:
        self._core = core
        self._ports = core.ports
        self._replies = replies
        self._looking = 0

    def request(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment, key: str) -> None:
        """Any request: 96, unless it says that it is a repeat and the journal knows its answer."""
        if not is_repeat(view.mti) or self._looking >= self._core.settings.max_in_flight:
            self._refuse(link, dialect, view)
            return
        instant = self._ports.instant()
        flight = Flight(
            link=link,
            dialect=dialect,
            view=view,
            payment=payment,
            outgoing=payment,
            txn=local_transaction(payment, "", txn_id=0, key=key, interface=link.interface, instant=instant),
            host=None,
            started=instant.epoch_us,
        )
        flight.state = CLOSING
        self._looking += 1
        self._ports.store([Lookup(dedupe=key)], self._found, flight)

    def _found(self, flight: Flight, ack: Ack) -> None:
        self._looking -= 1
        if ack.found is not None and ack.found.state != "pending":
            self._replies.answer_stored(flight, ack.found)
            return
        ((link, view),) = flight.askers
        self._refuse(link, flight.dialect, view)

    def _refuse(self, link: TerminalLink, dialect: TerminalDialect, view: View) -> None:
        self._core.counters.overloaded += 1
        self._replies.refuse(link, dialect, view, codes.MALFUNCTION)
