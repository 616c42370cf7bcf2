"""What all parts of the engine share: settings, ports, the requests in flight, queues, counters, certain writes."""

from collections.abc import Callable
from typing import TypeVar

from switch.dialect.canonical import Payment
from switch.engine import checks, codes
from switch.engine.bins import BinTable, Route
from switch.engine.conditions import Facts
from switch.engine.config import EngineSettings, HostSettings, TerminalSettings
from switch.engine.counters import Counters
from switch.engine.flight import Flight
from switch.engine.health import Health
from switch.engine.ports import Instant, Ports
from switch.engine.queue import HostQueue, Item, item_of
from switch.engine.reversals import payload, reversal_of
from switch.engine.router import Choice, Router, best
from switch.journal.records import Ack, PinTries, Record, Recovery, Reversed, SafPut, Stored, Transaction

REVERSED_REPLY = {"39": codes.UNAVAILABLE}
Key = TypeVar("Key")


class Core:
    """State of one engine. `flights` finds a request by its duplicate key, `sent` by host and the answer's key."""

    def __init__(self, settings: EngineSettings, bins: BinTable, ports: Ports, recovery: Recovery) -> None:
        self.settings = settings
        self.router = Router(bins, settings)
        self.ports = ports
        self.health = Health(self.router.health, ports)
        self.counters = Counters()
        self.flights: dict[str, Flight] = {}
        self.sent: dict[tuple[str, str, str], Flight] = {}
        self.sent_to = dict.fromkeys(settings.hosts, 0)  # how many of `sent`, by host
        # Originals whose reversal is on its way into the journal; after that the journal knows. One at a time.
        self.taking_back: set[int] = set()
        # Pre-authorisations whose completion is on its way into the journal, and who wants them taken back meanwhile.
        self.completing: dict[int, tuple[Stored, str, str] | None] = {}
        # Requests given up while the host had them: their answers are late. Bounded by `remembered`.
        self.late: dict[tuple[str, str, str], int] = {}
        # How many links hold an approval, where that is not one: a repeat collected it too. Bounded likewise.
        self.copies: dict[int, int] = {}
        # Declines that left while the journal could not tell if they repeat an approval, by duplicate key and content.
        # Bounded likewise.
        self.doubts: dict[tuple[str, checks.Content], int] = {}
        self.pin_tries = dict(recovery.pin_tries)
        self.queues = {
            name: HostQueue(host, settings.queue, ports, settings.deadlines, self.counters)
            for name, host in settings.hosts.items()
        }
        self._next_txn = recovery.next_txn_id
        self._next_saf = recovery.next_saf_id

    def next_txn_id(self) -> int:
        self._next_txn += 1
        return self._next_txn - 1

    def host(self, name: str) -> HostSettings | None:
        return self.settings.hosts.get(name)

    def choose(self, payment: Payment, terminal: TerminalSettings) -> Choice | None:
        """The host for a request and what is done for it, None when it has no route. The caller tells one that takes no
        request."""

        def facts(card: Route) -> Facts:
            return Facts(
                pan=payment.pan,
                card=card,
                mcc=payment.mcc or terminal.mcc,
                amount=payment.amount,
                currency=payment.currency,
                country=terminal.country,
                terminal_group=terminal.group,
                kind=checks.kind(payment) or "",
            )

        choices = self.router.choices(payment.pan, facts)
        if len(choices) > 1:
            return best(choices, self.takes, self.health.failing)
        return choices[0] if choices else None

    def takes(self, host: str) -> bool:
        """Whether a host gets requests: it is signed on and has not its share of them."""
        return self.ports.host_up(host) and not self.full(host)

    def full(self, host: str) -> bool:
        """Whether a host has as many requests unanswered, or messages owed to it, as it may: it gets no more."""
        owed = self.queues[host].families
        return self.sent_to[host] >= self.settings.max_sent or len(owed) >= self.settings.queue.max_queued

    def remember(self, memory: dict[Key, int], key: Key, value: int) -> None:
        """Puts an entry into `late`, `copies` or `doubts`; the oldest is forgotten when there are too many."""
        memory[key] = value
        while len(memory) > self.settings.remembered:
            del memory[next(iter(memory))]

    # -- queued messages

    def queue_message(
        self, txn: Transaction, kind: str, make: Callable[[int, Instant], Payment]
    ) -> tuple[SafPut, Item]:
        """A message for the host of `txn`, to be stored with what causes it, and its place in the queue.

        `make(saf_id, instant)` gives its Payment.
        """
        saf_id, self._next_saf = self._next_saf, self._next_saf + 1
        message = make(saf_id, self.ports.instant())
        put = SafPut(saf_id=saf_id, txn_id=txn.txn_id, kind=kind, host=txn.host, payload=payload(message))
        return put, item_of(put, repeat=False)

    def reversal(
        self, txn: Transaction, reason: str, auth_code: str = "", references: dict[str, str] | None = None
    ) -> tuple[SafPut, Item]:
        """The reversal of `txn`, as `queue_message`; `reason` is "cancel" or "timeout"."""

        def make(saf_id: int, instant: Instant) -> Payment:
            return reversal_of(txn, saf_id, instant, reason, auth_code, references or {})

        return self.queue_message(txn, "reversal", make)

    def reversal_of_approval(self, stored: Stored, reason: str) -> tuple[SafPut, Item]:
        """As `reversal`, over the amount that was approved. `stored` is no tombstone."""
        txn = stored.approved
        assert txn is not None
        return self.reversal(txn, reason, stored.auth_code, stored.references)

    def enqueue(self, host: str, item: Item | None) -> None:
        """Puts a message that is durable now into its host's queue."""
        if item is None:
            return
        queue = self.queues.get(host)
        if queue is None:
            self.ports.log("error", "queued message for an unknown host", saf_id=item.saf_id, host=host)
            return
        queue.put(item)
        queue.pump()

    def take_back(self, stored: Stored, why: str, reason: str = "timeout") -> None:
        """Reverses an approval that did not reach its requester: stored answer and reversal in one write.

        One that was completed stands: its requester had the approval, and used it.
        """
        txn = stored.txn
        if txn is None or txn.txn_id in self.taking_back or stored.completed:
            return
        if txn.txn_id in self.completing:
            self.completing[txn.txn_id] = stored, why, reason
            return
        self.taking_back.add(txn.txn_id)
        put, item = self.reversal_of_approval(stored, reason)
        self.ports.log("warning", "approval taken back", txn_id=txn.txn_id, reason=why)
        self.store_for_certain([Reversed(txn_id=txn.txn_id, reason=why, reply=REVERSED_REPLY), put], txn.host, item)

    def completion_ended(self, txn_id: int, *, written: bool) -> None:
        """A completion of `txn_id` reached the journal or did not; then whoever wanted it taken back gets that."""
        wanted = self.completing.pop(txn_id, None)
        if wanted is not None and not written:
            self.take_back(*wanted)

    # -- writes that must not be lost

    def store_for_certain(self, unit: list[Record], host: str, item: Item | None) -> None:
        """Stores what must not be lost; while the journal fails it is tried again, and `item` waits for it."""
        self.ports.store(unit, self._stored, (unit, host, item))

    def _stored(self, context: tuple[list[Record], str, Item | None], ack: Ack) -> None:
        unit, host, item = context
        if ack.ok:
            self.taking_back.difference_update(part.txn_id for part in unit if isinstance(part, Reversed))
            self.enqueue(host, item)
        else:
            self.ports.arm(self.settings.deadlines.journal_retry, self._store_again, context)

    def _store_again(self, context: tuple[list[Record], str, Item | None]) -> None:
        unit, host, item = context
        # A count of wrong PINs that waited is old by now: what is written is what counts.
        self.store_for_certain([self._current(part) for part in unit], host, item)

    def _current(self, record: Record) -> Record:
        if isinstance(record, PinTries):
            return PinTries(record.pan_token, self.pin_tries.get(record.pan_token, 0))
        return record

    def count_pin(self, token: str, tries: int) -> Record:
        """Sets the wrong PINs of a card; the record makes it durable."""
        if tries:
            self.pin_tries[token] = tries
        else:
            self.pin_tries.pop(token, None)
        return PinTries(token, tries)


def records(*parts: Record | None) -> list[Record]:
    """A unit of those records that are there."""
    return [part for part in parts if part is not None]
