"""Declines that left while the journal could not say whether their key was approved before.

The requester heard the decline last, so such an approval is undone as soon as the journal works."""

from switch.engine.core import Core
from switch.engine.flight import Flight
from switch.journal.records import Ack, Lookup


class Doubts:
    """One look into the journal for each, again while it fails."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ports = core.ports
        self._armed = False

    def declined(self, flight: Flight) -> None:
        """`flight` was declined; an approval of its key that is older than it is taken back."""
        self._core.remember(self._core.doubts, flight.txn.dedupe, flight.txn.txn_id)
        self._look(flight.txn.dedupe)

    def _look(self, key: str) -> None:
        self._ports.store([Lookup(dedupe=key)], self._known, key)

    def _known(self, key: str, ack: Ack) -> None:
        if not ack.ok:
            self._later()
            return
        txn_id = self._core.doubts.pop(key, 0)  # gone when a repeat has collected the approval since
        stored = ack.found
        if stored is not None and stored.txn is not None and stored.state == "approved" and stored.txn.txn_id < txn_id:
            self._core.take_back(stored, "a repeat was declined")

    def _later(self) -> None:
        if not self._armed:
            self._armed = True
            self._ports.arm(self._core.settings.deadlines.journal_retry, self._again, None)

    def _again(self, _context: None) -> None:
        self._armed = False
        for key in list(self._core.doubts):
            self._look(key)
