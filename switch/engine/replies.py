"""Answers on their way to terminals: to everyone who asked, an approval with the token that tells if it was lost."""

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, codes
from switch.engine.core import Core
from switch.engine.flight import ANSWERED, Flight
from switch.engine.ports import TerminalLink
from switch.journal.records import Stored
from switch.message import View


class Replies:
    """Sends; knows no journal and no host."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ports = core.ports

    def refuse(self, link: TerminalLink, dialect: TerminalDialect, view: View, code: str) -> None:
        """Answers a message that became no flight."""
        self._core.counters.refused += 1
        link.send(dialect.answer(view, code, {}), None)

    def join(self, flight: Flight, link: TerminalLink, view: View, payment: Payment) -> None:
        """The same message while the first is on its way gets the same answer; another one under its key gets 94."""
        self._core.counters.repeats += 1
        if checks.content(flight.payment) != checks.content(payment):
            link.send(flight.dialect.answer(view, codes.DUPLICATE, {}), None)
        elif flight.state == ANSWERED:
            link.send(flight.dialect.answer(view, flight.last_word, {}), None)
        elif len(flight.askers) >= self._core.settings.max_askers:
            link.send(flight.dialect.answer(view, codes.DUPLICATE, {}), None)
        else:
            flight.askers.append((link, view))

    def answer(self, flight: Flight, code: str, reply: dict[str, str]) -> bool:
        """Answers everyone who asked, once; True when at least one link took it."""
        flight.state = ANSWERED
        approval = flight.txn.txn_id if flight.approved and code == flight.response_code else None
        taken = sum(link.send(flight.dialect.answer(view, code, reply), approval) for link, view in flight.askers)
        flight.askers.clear()
        self._core.counters.answered += 1
        if approval is not None and taken:
            self._ports.delivering(approval)
            if taken > 1:
                self._core.remember(self._core.copies, approval, taken)
        return taken > 0

    def answer_stored(self, flight: Flight, stored: Stored) -> None:
        """The key was used before: the stored answer for a repeat, 94 for another request under the same key."""
        self._core.counters.repeats += 1
        code, reply, approval = self._stored_answer(flight, stored)
        flight.state = ANSWERED
        self._core.counters.answered += 1
        for link, view in flight.askers:
            if link.send(flight.dialect.answer(view, code, reply), approval) and approval is not None:
                self._ports.delivering(approval)
                self._core.remember(self._core.copies, approval, self._core.copies.get(approval, 1) + 1)
                self._core.doubts.pop((flight.txn.dedupe, checks.content(flight.txn)), None)
        flight.askers.clear()

    def _stored_answer(self, flight: Flight, stored: Stored) -> tuple[str, dict[str, str], int | None]:
        txn = stored.txn
        if txn is None:
            return codes.INVALID, {}, None
        if checks.content(txn) != checks.content(flight.payment):
            return codes.DUPLICATE, {}, None
        if txn.txn_id in self._core.taking_back:
            return codes.UNAVAILABLE, {}, None
        code = stored.reply.get("39", codes.UNAVAILABLE)
        approval = txn.txn_id if stored.state == "approved" and txn.kind not in checks.ACCEPTED else None
        return code, {name: value for name, value in stored.reply.items() if name != "39"}, approval
