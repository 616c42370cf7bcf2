"""What all parts of the engine share: settings, ports, the requests in flight, queues, counters, answering."""

from typing import Any

from switch.dialect.canonical import Payment
from switch.engine.config import EngineSettings, HostSettings
from switch.engine.flight import Flight
from switch.engine.ports import Instant, Ports
from switch.engine.queue import HostQueue, Item
from switch.engine.reversals import payload, reversal_of
from switch.engine.routing import BinTable
from switch.journal.records import Ack, Record, Recovery, Reversed, SafPut, Stored, Transaction

REVERSED_REPLY = {"39": "91"}


class Counters:
    """What an operator wants counted."""

    __slots__ = ("answered", "late", "refused", "repeats", "requests", "unknown_answers")

    def __init__(self) -> None:
        self.requests = self.answered = self.refused = self.repeats = self.late = self.unknown_answers = 0

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


class Core:
    """State of one engine. `flights` finds a request by its duplicate key, `sent` by host and the answer's key."""

    def __init__(self, settings: EngineSettings, bins: BinTable, ports: Ports, recovery: Recovery) -> None:
        self.settings = settings
        self.bins = bins
        self.ports = ports
        self.counters = Counters()
        self.flights: dict[str, Flight] = {}
        self.sent: dict[tuple[str, str, str], Flight] = {}
        # Originals whose reversal is on its way into the journal; after that the journal knows.
        self.taking_back: set[int] = set()
        self.late: dict[tuple[str, str, str], int] = {}
        self.pin_tries = dict(recovery.pin_tries)
        self.queues = {
            name: HostQueue(host, settings.queue, ports, settings.deadlines.advice)
            for name, host in settings.hosts.items()
        }
        self._next_txn = recovery.next_txn_id
        self._next_saf = recovery.next_saf_id

    def next_txn_id(self) -> int:
        self._next_txn += 1
        return self._next_txn - 1

    def host(self, name: str) -> HostSettings | None:
        return self.settings.hosts.get(name)

    # -- queued messages

    def queue_message(self, txn: Transaction, kind: str, make: Any) -> tuple[SafPut, Item]:
        """A message for the host of `txn`, to be stored with what causes it, and its place in the queue.

        `make(saf_id, instant)` gives its Payment.
        """
        saf_id, self._next_saf = self._next_saf, self._next_saf + 1
        message: Payment = make(saf_id, self.ports.instant())
        put = SafPut(saf_id=saf_id, txn_id=txn.txn_id, kind=kind, host=txn.host, payload=payload(message))
        return put, Item(saf_id, txn.txn_id, kind, message.without_sensitive())

    def reversal(
        self, txn: Transaction, reason: str, auth_code: str = "", references: dict[str, str] | None = None
    ) -> tuple[SafPut, Item]:
        """The reversal of `txn`, as `queue_message`."""

        def make(saf_id: int, instant: Instant) -> Payment:
            return reversal_of(txn, saf_id, instant, reason, auth_code, references or {})

        return self.queue_message(txn, "reversal", make)

    def enqueue(self, host: str, item: Item | None) -> None:
        """Puts a message that is durable now into its host's queue."""
        queue = self.queues.get(host)
        if item is not None and queue is not None:
            queue.put(item)
            queue.pump()

    def take_back(self, stored: Stored, reason: str, extra: list[Record] | None = None) -> None:
        """Reverses an approval that did not reach its requester: stored answer and reversal in one write."""
        txn = stored.txn
        if txn is None or txn.txn_id in self.taking_back:
            return
        self.taking_back.add(txn.txn_id)
        put, item = self.reversal(txn, "timeout", stored.auth_code, stored.references)
        unit: list[Record] = [Reversed(txn_id=txn.txn_id, reason=reason, reply=REVERSED_REPLY), put, *(extra or [])]
        self.ports.log("warning", "approval taken back", txn_id=txn.txn_id, reason=reason)
        self.store_for_certain(unit, txn.host, item)

    def store_for_certain(self, unit: list[Record], host: str, item: Item | None) -> None:
        """Stores what must not be lost; while the journal fails it is tried again, and the reversal waits for it."""
        self.ports.store(unit, self._stored, (unit, host, item))

    def _stored(self, context: tuple[list[Record], str, Item | None], ack: Ack) -> None:
        _, host, item = context
        if ack.ok:
            self.taking_back.difference_update((item.family,) if item else ())
            self.enqueue(host, item)
        else:
            self.ports.arm(1.0, self._store_again, context)

    def _store_again(self, context: tuple[list[Record], str, Item | None]) -> None:
        self.ports.store(context[0], self._stored, context)

    # -- answering

    def answer(self, flight: Flight, response_code: str, reply: dict[str, str]) -> bool:
        """Answers everyone who asked; True when the last asker's link took the answer.

        An approval's delivery is marked before the bytes are handed over, and its token rides on the last link.
        """
        approval = response_code == flight.response_code and flight.approved
        if approval:
            self.ports.delivering(flight.txn.txn_id)
        taken = False
        for position, (link, view) in enumerate(flight.askers, 1):
            last = position == len(flight.askers)
            token = flight.txn.txn_id if approval and last else None
            taken = link.send(flight.dialect.answer(view, response_code, reply), token)
        self.counters.answered += 1
        return taken

    def pan_token(self, pan: str) -> str:
        return self.ports.pan_token(pan)


def records(*parts: Record | None) -> list[Record]:
    """A unit of those records that are there."""
    return [part for part in parts if part is not None]
