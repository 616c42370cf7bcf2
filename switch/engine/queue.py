"""Store and forward: what a host must learn is sent until it answers, in order per transaction, a window at a time.

An unanswered or 91/96 message comes back later as a repeat; 30 and too many attempts end in the dead-letter state."""

from dataclasses import dataclass, field
from typing import Any

from switch.dialect.canonical import Answer, Payment
from switch.engine.config import HostSettings, QueueLimits
from switch.engine.ports import Ports
from switch.engine.reversals import from_payload
from switch.journal.records import Ack, SafAttempt, SafDone, SafPut

_RETRY = ("91", "96", "")
_REFUSED = "30"


@dataclass(slots=True, eq=False)
class Item:
    """A queued message; `family` is the transaction it belongs to, within which order is kept."""

    saf_id: int
    family: int
    kind: str
    payment: Payment
    attempts: int = 0
    timer: Any = None
    resting: bool = False


def item_of(put: SafPut) -> Item:
    return Item(put.saf_id, put.txn_id, put.kind, from_payload(put.payload), put.attempts)


@dataclass(slots=True)
class HostQueue:
    """The queue of one host."""

    host: HostSettings
    limits: QueueLimits
    ports: Ports
    deadline: float
    waiting: dict[int, Item] = field(default_factory=dict)
    flying: dict[tuple[str, str], Item] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.waiting) + len(self.flying)

    def put(self, item: Item) -> None:
        """Takes over a message that is durable; call `pump` afterwards."""
        self.waiting[item.saf_id] = item

    def pump(self) -> None:
        """Sends what may go now: a window of messages, one per family, those that rest left out."""
        if not self.waiting or not self.ports.host_up(self.host.name):
            return
        busy = {item.family for item in self.flying.values()}
        for item in list(self.waiting.values()):
            if len(self.flying) >= self.limits.window:
                return
            if item.family not in busy and not item.resting and not self._send(item):
                return
            busy.add(item.family)

    def _send(self, item: Item) -> bool:
        dialect = self.host.dialect
        build = dialect.reversal if item.kind == "reversal" else dialect.advice
        if not self.ports.to_host(self.host.name, build(item.payment, repeat=item.attempts > 0)):
            return False
        item.attempts += 1
        self.ports.store([SafAttempt(item.saf_id, item.attempts)], _ignore, None)
        del self.waiting[item.saf_id]
        self.flying[item.payment.stan, item.payment.transmission] = item
        item.timer = self.ports.arm(self.deadline, self._silent, item)
        return True

    def answered(self, answer: Answer) -> bool:
        """Takes the answer to one of its messages; False when it belongs to none."""
        item = self.flying.pop(answer.key, None)
        if item is None:
            return False
        self.ports.disarm(item.timer)
        if answer.response_code in _RETRY:
            self._again(item, answer.response_code)
        else:
            self._done(item, "dead" if answer.response_code == _REFUSED else "acknowledged", answer.response_code)
        self.pump()
        return True

    def link_down(self) -> None:
        """What was in flight is sent again once the host has signed on."""
        flying, self.flying = self.flying, {}
        back = {item.saf_id: item for item in flying.values()}
        for item in back.values():
            self.ports.disarm(item.timer)
        self.waiting = dict(sorted((back | self.waiting).items()))

    def _silent(self, item: Item) -> None:
        if self.flying.pop((item.payment.stan, item.payment.transmission), None) is item:
            self._again(item, "")
            self.pump()

    def _again(self, item: Item, code: str) -> None:
        if item.attempts >= self.limits.attempts:
            self._done(item, "dead", code)
            return
        self.waiting = dict(sorted((self.waiting | {item.saf_id: item}).items()))
        item.resting = True
        pause = min(self.limits.longest_retry, self.limits.first_retry * 2 ** min(item.attempts - 1, 16))
        self.ports.arm(pause, self._rested, item)

    def _rested(self, item: Item) -> None:
        item.resting = False
        self.pump()

    def _done(self, item: Item, state: str, code: str) -> None:
        self.ports.store([SafDone(saf_id=item.saf_id, state=state, response_code=code)], _ignore, None)
        level = "error" if state == "dead" else "info"
        self.ports.log(
            level,
            f"{item.kind} {state}",
            saf_id=item.saf_id,
            txn_id=item.family,
            host=self.host.name,
            attempts=item.attempts,
            response_code=code,
        )


def _ignore(_context: Any, _ack: Ack) -> None:
    """A lost note of an attempt costs at most one more attempt."""
