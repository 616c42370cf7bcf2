"""Store and forward: what a host must learn is sent until it answers, in order per transaction, a window at a time.

An unanswered or 91/96 message comes back later as a repeat; 30 and too many attempts end in the dead-letter state."""

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import msgspec

from switch.dialect.canonical import Answer, Payment
from switch.engine import codes
from switch.engine.agreement import contradicted_queued, tell
from switch.engine.config import Deadlines, HostSettings, QueueLimits
from switch.engine.counters import Counters
from switch.engine.ports import Ports
from switch.journal.records import Ack, SafAttempt, SafDone, SafPut
from switch.message import MessageError

_RETRY = (codes.UNAVAILABLE, codes.MALFUNCTION, "")
# The second and third digit of the answer to each kind of message: 0410 or 1430, 0130.
_ANSWERS = {"reversal": ("41", "43"), "advice": ("13",)}
# Only the first message of a transaction is not WAITING.
WAITING, READY, FLYING, RESTING, DONE = range(5)
# Seconds over which the pace of a queue is kept.
_SLOT = 0.1
_PACK = msgspec.msgpack.Encoder()
_UNPACK = msgspec.msgpack.Decoder(Payment)


@dataclass(slots=True, eq=False)
class Item:
    """A queued message; `family` is the transaction it belongs to, within which order is kept.

    `kept` is its Payment packed: a hundred thousand may wait. `attempts` were made on a signed-on link. `repeat` is
    set once it may have been sent; `suspect` when its link broke while it was in flight, which it may have caused: it
    then goes alone.
    """

    saf_id: int
    family: int
    kind: str
    kept: bytes
    attempts: int = 0
    repeat: bool = False
    suspect: bool = False
    state: int = WAITING
    key: tuple[str, str] = ("", "")
    timer: Any = None


def item_of(put: SafPut, *, repeat: bool) -> Item:
    """The message in the queue. With `repeat` an attempt may have been made and not noted: it goes as a repeat."""
    return Item(put.saf_id, put.txn_id, put.kind, _PACK.encode(put.payload), put.attempts, repeat=repeat)


@dataclass(slots=True)
class HostQueue:
    """The queue of one host. `families` holds what waits behind the first message of a transaction, itself included;
    only first messages are `ready` (a heap of saf_id), flying or resting."""

    host: HostSettings
    limits: QueueLimits
    ports: Ports
    deadlines: Deadlines
    counters: Counters
    families: dict[int, dict[int, Item]] = field(default_factory=dict)
    ready: list[tuple[int, Item]] = field(default_factory=list)
    # Everything that was sent and is not done, flying or resting, by the key of its answer.
    sent: dict[tuple[str, str], Item] = field(default_factory=dict)
    flying: set[Item] = field(default_factory=set)
    # How many went out in this slot of time, while there is a bound; its timer, which ends it.
    in_slot: int = 0
    slot: Any = None

    def __len__(self) -> int:
        return sum(map(len, self.families.values()))

    def put(self, item: Item) -> None:
        """Takes over a message that is durable; call `pump` afterwards."""
        family = self.families.setdefault(item.family, {})
        family[item.saf_id] = item
        if len(family) == 1:
            self._make_ready(item)

    def pump(self) -> None:
        """Sends what may go now: a window of messages, one per family, those that rest left out, not too fast."""
        while self.ready and self._may_send():
            item = self.ready[0][1]
            if item.state == READY and self.flying and (item.suspect or next(iter(self.flying)).suspect):
                return
            heappop(self.ready)
            if item.state != READY:
                continue  # answered after all, while it waited to be sent again
            if item.attempts >= self.limits.attempts:
                self._done(item, "dead", "")
            elif not self._send(item):
                self._make_ready(item)
                return

    def _may_send(self) -> bool:
        if len(self.flying) >= self.limits.window or not self.ports.host_up(self.host.name):
            return False
        if self.slot is None:
            return True
        return self.in_slot < max(1, self.limits.rate * _SLOT)

    def _count(self) -> None:
        """A message went out: a long queue must leave the host time for payments."""
        if not self.limits.rate:
            return
        self.in_slot += 1
        if self.slot is None:
            self.slot = self.ports.arm(_SLOT, self._next_slot, None)

    def _next_slot(self, _context: None) -> None:
        self.slot, self.in_slot = None, 0
        self.pump()

    def _make_ready(self, item: Item) -> None:
        item.state = READY
        heappush(self.ready, (item.saf_id, item))

    def _send(self, item: Item) -> bool:
        """False when the link does not take it."""
        dialect = self.host.dialect
        build = dialect.reversal if item.kind == "reversal" else dialect.advice
        payment = _UNPACK.decode(item.kept)
        try:
            frame = build(payment, repeat=item.repeat)
        except MessageError as error:
            self.ports.log("error", f"{item.kind} has no form", saf_id=item.saf_id, reason=str(error))
            self._done(item, "dead", codes.FORMAT_ERROR)
            return True
        if not self.ports.to_host(self.host.name, frame):
            return False
        item.attempts += 1
        item.repeat = True
        item.state = FLYING
        self.ports.store([SafAttempt(item.saf_id, item.attempts)], _ignore, None)
        self.flying.add(item)
        item.key = payment.stan, payment.transmission
        self.sent[item.key] = item
        self._count()
        item.timer = self.ports.arm(self.deadlines.advice, self._silent, item)
        return True

    def answered(self, answer: Answer) -> bool:
        """Takes the answer to one of its messages, however late; False when it belongs to none."""
        item = self.sent.get(answer.key)
        if item is None or answer.mti[1:3] not in _ANSWERS[item.kind]:
            return False
        wrong = contradicted_queued(_UNPACK.decode(item.kept), answer)
        if wrong:  # it is about something else: the message comes again
            tell(self.ports, self.counters, item.family, self.host.name, wrong)
            return True
        code = answer.response_code
        if code not in _RETRY:
            self._done(item, "dead" if code == codes.FORMAT_ERROR else "acknowledged", code)
        elif item.state == FLYING:
            item.suspect = False
            self._again(item, code)
        self.pump()
        return True

    def link_down(self) -> None:
        """What was in flight is sent again once the host has signed on, each message alone."""
        for item in sorted(self.flying, key=lambda item: item.saf_id):
            item.suspect = True
            self._again(item, "")

    def _silent(self, item: Item) -> None:
        item.suspect = False
        self._again(item, "")
        self.pump()

    def _again(self, item: Item, code: str) -> None:
        self.ports.disarm(item.timer)
        self.flying.discard(item)
        if item.attempts >= self.limits.attempts:
            self._done(item, "dead", code)
            return
        item.state = RESTING
        pause = min(self.limits.longest_retry, self.limits.first_retry * 2 ** min(item.attempts - 1, 16))
        item.timer = self.ports.arm(pause, self._rested, item)

    def _rested(self, item: Item) -> None:
        self._make_ready(item)
        self.pump()

    def drop(self, saf_id: int, family: int) -> None:
        """An operator has given a message up: whatever the host still says about it is an answer to nothing."""
        item = self.families.get(family, {}).get(saf_id)
        if item is not None:
            self._remove(item)
            self.pump()

    def _remove(self, item: Item) -> None:
        if item.timer is not None:
            self.ports.disarm(item.timer)
        self.flying.discard(item)
        self.sent.pop(item.key, None)
        was_first, item.state = item.state != WAITING, DONE
        family = self.families[item.family]
        del family[item.saf_id]
        if not family:
            del self.families[item.family]
        elif was_first:
            self._make_ready(family[min(family)])

    def _done(self, item: Item, state: str, code: str) -> None:
        self._remove(item)
        self._note(SafDone(saf_id=item.saf_id, state=state, response_code=code))
        self.ports.log(
            "error" if state == "dead" else "info",
            f"{item.kind} {state}",
            saf_id=item.saf_id,
            txn_id=item.family,
            host=self.host.name,
            attempts=item.attempts,
            response_code=code,
        )

    def _note(self, done: SafDone) -> None:
        self.ports.store([done], self._noted, done)

    def _noted(self, done: SafDone, ack: Ack) -> None:
        """Until it is durable: a dead letter must be seen, and what is acknowledged must not go out after a restart."""
        if not ack.ok:
            self.ports.arm(self.deadlines.journal_retry, self._note, done)


def _ignore(_context: Any, _ack: Ack) -> None:
    """A lost note of an attempt costs at most one more attempt."""
