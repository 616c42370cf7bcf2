"""Bugs planted into engine, journal and queue. Each must be found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from switch.engine import checks, codes
from switch.engine.closing import Closer
from switch.engine.core import Core
from switch.engine.engine import Engine
from switch.engine.exchange import Exchange
from switch.engine.queue import HostQueue
from switch.engine.replies import Replies
from switch.engine.reverse import Reverser
from switch.journal.delivery import DeliveryLog
from switch.journal.records import SafPut
from switch.switching.runtime import Switch


@dataclass(frozen=True)
class Mutation:
    """`plant(patch)` puts the bug in with `patch(owner, name, value)`, as monkeypatch.setattr does."""

    name: str
    faults: str
    plant: Callable[[Callable[..., Any]], None]
    first: int = 1


def _wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], None]:
    return lambda patch: patch(owner, name, make(getattr(owner, name)))


def _approval_before_ack(original: Any) -> Any:
    def finish(self: Any, flight: Any, state: str, code: str, extra: Any = None, item: Any = None) -> None:
        original(self, flight, state, code, extra, item)
        if state == "approved":
            self._replies.answer(flight, code, flight.reply)

    return finish


def _no_reversal_at_timeout(_original: Any) -> Any:
    def give_up(self: Any, flight: Any, state: str, _reason: str) -> None:
        self._core.sent.pop((flight.txn.host, flight.txn.out_stan, flight.txn.out_transmission), None)
        self._closer.finish(flight, state, codes.UNAVAILABLE)

    return give_up


def _late_passed_on(_original: Any) -> Any:
    def give_up(self: Any, flight: Any, _state: str, _reason: str) -> None:
        # It waits for ever.
        flight.timer = None

    return give_up


def _two_reversals(original: Any) -> Any:
    def enqueue(self: Any, host: str, item: Any) -> None:
        original(self, host, item)
        if item is not None and item.kind == "reversal":
            stored = self.reversal
            again = type(item)(item.saf_id + 100_000, item.family, item.kind, item.payment.without_sensitive())
            again.payment.stan = f"{(int(again.payment.stan) + 200_000) % 1_000_000:06d}"
            assert stored
            original(self, host, again)

    return enqueue


def _no_repeat_mti(original: Any) -> Any:
    def send(self: Any, item: Any) -> bool:
        item.repeat = False
        return bool(original(self, item))

    return send


def _without(kind: type) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def store(self: Any, unit: Any, then: Any, context: Any) -> None:
            original(self, [part for part in unit if not isinstance(part, kind)], then, context)

        return store

    return make


def _taken_for_dead(_original: Any) -> Any:
    def again(self: Any, item: Any, code: str) -> None:
        self._done(item, "acknowledged", code)

    return again


def _acknowledged_by_refusal(original: Any) -> Any:
    def answered(self: Any, answer: Any) -> bool:
        item = self.sent.get(answer.key)
        if item is not None and answer.response_code == "91":
            self._done(item, "acknowledged", "91")
            return True
        return bool(original(self, answer))

    return answered


def _approves_unsent(original: Any) -> Any:
    def decline(self: Any, flight: Any, _code: str) -> None:
        original(self, flight, "00")

    return decline


def _failure_approved(original: Any) -> Any:
    def unstored(self: Any, flight: Any, _code: str) -> None:
        original(self, flight, "00")

    return unstored


def _recovery_skips(what: str) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def recover(self: Any, recovery: Any) -> None:
            kept = {"pending": recovery.pending, "undelivered": recovery.undelivered, "saf": recovery.saf, what: []}
            original(self, type(recovery)(**kept))

        return recover

    return make


def _stored_answer_stays(original: Any) -> Any:
    def take_back(self: Any, stored: Any, why: str, reason: str = "timeout") -> None:
        put, item = self.reversal(stored.txn, reason, stored.auth_code, stored.references)
        assert original and why
        self.store_for_certain([put], stored.txn.host, item)

    return take_back


def _key_by_stan_only(_original: Any) -> Any:
    return lambda interface, payment: f"{interface} {payment.stan}"


def _repeat_is_new(_original: Any) -> Any:
    serial = iter(range(1_000_000_000))
    return lambda interface, payment: f"{interface} {payment.stan} {next(serial)}"


def _double(original: Any) -> Any:
    def answer(self: Any, flight: Any, code: str, reply: Any) -> bool:
        for link, view in list(flight.askers):
            link.send(flight.dialect.answer(view, code, reply), None)
        return bool(original(self, flight, code, reply))

    return answer


def _nothing(_original: Any) -> Any:
    return lambda *_args, **_more: None


def _silent_refusal(_original: Any) -> Any:
    return lambda self, flight, code: self._land(flight)


def _withheld_ignored(original: Any) -> Any:
    def out_of_time(self: Any, flight: Any) -> None:
        original(self, flight)
        flight.withheld = ""

    return out_of_time


MUTATIONS = (
    Mutation("approval before the journal's ack", "crash,disk", _wrap(Closer, "finish", _approval_before_ack), 3),
    Mutation("no reversal at timeout", "peers", _wrap(Exchange, "_give_up", _no_reversal_at_timeout)),
    Mutation("late approval passed on", "peers", _wrap(Exchange, "_give_up", _late_passed_on)),
    Mutation("two reversals", "peers", _wrap(Core, "enqueue", _two_reversals)),
    Mutation("repeat as a new request", "crash,network,peers", _wrap(checks, "duplicate_key", _repeat_is_new)),
    Mutation("duplicate key by DE11 alone", "none", _wrap(checks, "duplicate_key", _key_by_stan_only), 3),
    Mutation("queued messages not persisted", "crash,peers", _wrap(Switch, "store", _without(SafPut)), 2),
    Mutation("repeat without its MTI", "peers", _wrap(HostQueue, "_send", _no_repeat_mti), 4),
    Mutation("stored answer not changed to 91", "all", _wrap(Core, "take_back", _stored_answer_stays), 5),
    Mutation("unanswered message counts as done", "peers,network", _wrap(HostQueue, "_again", _taken_for_dead)),
    Mutation("91 counts as acknowledged", "peers", _wrap(HostQueue, "answered", _acknowledged_by_refusal), 4),
    Mutation("recovery skips pending", "crash,peers", _wrap(Engine, "recover", _recovery_skips("pending"))),
    Mutation("recovery skips the queue", "crash,peers", _wrap(Engine, "recover", _recovery_skips("saf")), 2),
    Mutation("unsent decline approved", "network", _wrap(Closer, "decline_unsent", _approves_unsent), 3),
    Mutation("HSM or journal failure approved", "hsm,disk", _wrap(Closer, "decline_unstored", _failure_approved)),
    Mutation("two answers to a request", "none", _wrap(Replies, "answer", _double)),
    Mutation("no answer when the journal fails", "disk", _wrap(Closer, "decline_unstored", _silent_refusal)),
    Mutation("what was withheld stays approved", "disk", _wrap(Closer, "out_of_time", _withheld_ignored), 8),
    Mutation("delivery is never marked", "crash", _wrap(DeliveryLog, "mark", _nothing)),
    Mutation("a terminal's reversal reverses nothing", "none", _wrap(Reverser, "_take_back", _nothing)),
)
