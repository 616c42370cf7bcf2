"""Declines that left while the journal could not say whether their key was approved before.

The requester heard the decline last, so such an approval is undone as soon as the journal works."""

from switch.engine import checks
from switch.engine.core import Core
from switch.engine.flight import Flight
from switch.journal.records import Ack, Lookup, Stored

_Doubt = tuple[str, checks.Content]


class Doubts:
    """One look into the journal for each, again while it fails."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ports = core.ports
        self._armed = False

    def declined(self, flight: Flight) -> None:
        """`flight` was declined; an approval that it repeats is taken back."""
        doubt = flight.txn.dedupe, checks.content(flight.txn)
        self._core.remember(self._core.doubts, doubt, flight.txn.txn_id)
        self._look(doubt)

    def repeated(self, content: checks.Content, stored: Stored) -> None:
        """What was declined had the duplicate key of `stored`; another content under it is another request."""
        if stored.state == "approved" and stored.txn is not None and checks.content(stored.txn) == content:
            self._core.take_back(stored, "a repeat was declined")

    def _look(self, doubt: _Doubt) -> None:
        self._ports.store([Lookup(dedupe=doubt[0])], self._known, doubt)

    def _known(self, doubt: _Doubt, ack: Ack) -> None:
        if not ack.ok:
            self._later()
            return
        txn_id = self._core.doubts.pop(doubt, 0)  # gone when a repeat has collected the approval since
        if ack.found is not None and ack.found.txn is not None and ack.found.txn.txn_id < txn_id:
            self.repeated(doubt[1], ack.found)

    def _later(self) -> None:
        if not self._armed:
            self._armed = True
            self._ports.arm(self._core.settings.deadlines.journal_retry, self._again, None)

    def _again(self, _context: None) -> None:
        self._armed = False
        for doubt in list(self._core.doubts):
            self._look(doubt)
