"""Bugs that can be planted, each of which the checkers must find: who has never seen a checker fail knows nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from switch import logs
from switch.engine import checks
from switch.engine.authorise import Authoriser
from switch.engine.closing import Closer
from switch.engine.core import Core
from switch.engine.engine import Engine
from switch.engine.exchange import Exchange
from switch.engine.queue import HostQueue
from switch.engine.replies import Replies
from switch.engine.reverse import Reverser
from switch.journal.delivery import DeliveryLog
from switch.journal.records import Reversed, SafAttempt, SafPut, Tombstone
from switch.simulation import bugs_engine as engine
from switch.simulation import bugs_queue as queue
from switch.simulation.checkers import check, wrong_already
from switch.simulation.disk import VirtualDisk
from switch.simulation.faults import parse
from switch.simulation.world import simulate
from switch.switching.runtime import Switch

SEEDS, PAYMENTS = 12, 40
Patch = Callable[[Any, str, Any], None]


@dataclass(frozen=True)
class Mutation:
    """A bug, the faults that bring it out and a checker that finds it, at the latest with seed `first` + SEEDS - 1."""

    name: str
    faults: str
    checker: str
    plant: Callable[[Patch], None]
    first: int = 1


@dataclass(frozen=True)
class Find:
    """The seed that brought a bug out, and all checkers that found it."""

    seed: int
    checkers: frozenset[str]


def hunt(mutation: Mutation) -> Find | None:
    """The first seed of a mutation with a violation."""
    with _planted(mutation):
        for seed in range(mutation.first, mutation.first + SEEDS):
            found = check(simulate(seed, PAYMENTS, parse(mutation.faults), wrong_already))
            if found:
                return Find(seed, frozenset(name for name, _ in found))
    return None


@contextmanager
def _planted(mutation: Mutation) -> Iterator[None]:
    before: list[tuple[Any, str, Any]] = []

    def patch(owner: Any, name: str, value: Any) -> None:
        before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    try:
        mutation.plant(patch)
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


def _wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> Callable[[Patch], None]:
    return lambda patch: patch(owner, name, make(getattr(owner, name)))


def _shown(field: str) -> Callable[[Patch], None]:
    """The mask of log lines is the second net, and off; the first is that nobody writes such things."""

    def plant(patch: Patch) -> None:
        patch(logs, "_mask", lambda value: value)
        patch(Authoriser, "request", engine.shown(field)(Authoriser.request))

    return plant


MUTATIONS = (
    Mutation(
        "approval before the journal's ack",
        "crash,disk",
        "approval_is_durable",
        _wrap(Closer, "finish", engine.approval_before_ack),
    ),
    Mutation(
        "no reversal at timeout",
        "peers",
        "doubt_is_reversed",
        _wrap(Exchange, "_give_up", engine.no_reversal_at_timeout),
    ),
    Mutation("late approval passed on", "peers", "one_answer", _wrap(Exchange, "_give_up", engine.late_passed_on)),
    Mutation("two reversals", "peers", "one_reversal", _wrap(Core, "enqueue", engine.two_reversals)),
    Mutation(
        "repeat as a new request",
        "crash,network,peers",
        "one_request",
        _wrap(checks, "duplicate_key", engine.repeat_is_new),
    ),
    Mutation(
        "duplicate key by DE11 alone", "none", "one_request", _wrap(checks, "duplicate_key", engine.key_by_stan_only)
    ),
    Mutation(
        "queued messages not persisted",
        "crash,peers",
        "doubt_is_reversed",
        _wrap(Switch, "store", queue.without(SafPut)),
    ),
    Mutation("repeat without its MTI", "peers", "one_reversal", _wrap(HostQueue, "_send", queue.no_repeat_mti)),
    Mutation(
        "stored answer not changed to 91", "network", "one_request", _wrap(Switch, "store", queue.without(Reversed))
    ),
    Mutation(
        "unanswered message counts as done",
        "peers,network",
        "doubt_is_reversed",
        _wrap(HostQueue, "_again", queue.taken_for_dead),
    ),
    Mutation(
        "91 counts as acknowledged",
        "peers",
        "doubt_is_reversed",
        _wrap(HostQueue, "answered", queue.acknowledged_by_refusal),
    ),
    Mutation(
        "recovery skips pending",
        "crash,peers",
        "doubt_is_reversed",
        _wrap(Engine, "recover", queue.recovery_skips("pending")),
    ),
    Mutation(
        "recovery skips the queue",
        "crash,peers",
        "queue_is_kept",
        _wrap(Engine, "recover", queue.recovery_skips("saf")),
    ),
    Mutation(
        "unsent decline approved",
        "network",
        "failure_declines",
        _wrap(Closer, "decline_unsent", engine.approves_unsent),
        first=8,
    ),
    Mutation(
        "HSM or journal failure approved",
        "hsm,disk",
        "failure_declines",
        _wrap(Closer, "decline_unstored", engine.failure_approved),
    ),
    Mutation("two answers to a request", "none", "one_answer", _wrap(Replies, "answer", engine.double)),
    Mutation(
        "no answer when the journal fails",
        "disk",
        "answered_in_time",
        _wrap(Closer, "decline_unstored", engine.silent_refusal),
    ),
    Mutation(
        "what was withheld stays approved",
        "disk",
        "money_agrees",
        _wrap(Closer, "out_of_time", engine.withheld_ignored),
    ),
    Mutation("delivery is never marked", "crash", "approval_is_durable", _wrap(DeliveryLog, "mark", engine.nothing)),
    Mutation(
        "a terminal's reversal reverses nothing",
        "none",
        "all_comes_to_rest",
        _wrap(Reverser, "_take_back", engine.nothing),
    ),
    Mutation("a tombstone is forgotten", "network", "one_request", _wrap(Switch, "store", queue.without(Tombstone))),
    Mutation("the journal does not sync", "power", "money_agrees", _wrap(VirtualDisk, "sync", engine.nothing)),
    Mutation(
        "recovery skips undelivered",
        "crash",
        "doubt_is_reversed",
        _wrap(Engine, "recover", queue.recovery_skips("undelivered")),
    ),
    Mutation(
        "undelivered approval kept",
        "network",
        "doubt_is_reversed",
        _wrap(Core, "take_back", engine.undelivered_kept),
        first=3,
    ),
    Mutation("wrong order in a family", "peers", "order_is_kept", _wrap(Exchange, "send", engine.request_overtaken)),
    Mutation("attempts not counted", "peers", "queue_is_kept", _wrap(Switch, "store", queue.without(SafAttempt))),
    Mutation("dead letter dropped", "peers", "doubt_is_reversed", _wrap(HostQueue, "_done", queue.dead_is_done)),
    Mutation("what rests stays there", "peers", "all_comes_to_rest", _wrap(HostQueue, "_rested", engine.nothing)),
    Mutation("answer on the wrong link", "none", "late_reaches_nobody", _wrap(Replies, "answer", engine.wrong_link)),
    Mutation(
        "PIN tries not counted", "none", "wrong_pins_count", _wrap(Core, "count_pin", engine.pins_not_counted), first=4
    ),
    Mutation("card number in the log", "none", "nothing_is_shown", _shown("pan")),
    Mutation("track in the log", "none", "nothing_is_shown", _shown("track2")),
    Mutation("PIN block in the log", "none", "nothing_is_shown", _shown("pin_block")),
)
