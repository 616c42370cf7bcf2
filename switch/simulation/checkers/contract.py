"""All checkers: each a function that yields its violations as sentences."""

from collections.abc import Callable, Iterator

from switch.simulation.checkers import at_rest, on_the_way
from switch.simulation.record import Record

Checker = Callable[[Record], Iterator[str]]

ON_THE_WAY: tuple[Checker, ...] = (
    on_the_way.one_answer,
    on_the_way.one_reversal,
    on_the_way.order_is_kept,
    on_the_way.one_request,
    on_the_way.late_reaches_nobody,
    on_the_way.nothing_is_shown,
    on_the_way.failure_declines,
    on_the_way.wrong_pins_count,
    on_the_way.answered_in_time,
)
AT_REST: tuple[Checker, ...] = (
    at_rest.all_comes_to_rest,
    at_rest.approval_is_durable,
    at_rest.doubt_is_reversed,
    at_rest.queue_is_kept,
    at_rest.money_agrees,
)


def check(record: Record) -> list[tuple[str, str]]:
    """Every violation with the name of its checker; of a run that was cut short those of the way."""
    checkers = ON_THE_WAY if record.cut_short else ON_THE_WAY + AT_REST
    return [(checker.__name__, violation) for checker in checkers for violation in checker(record)]


def wrong_already(record: Record) -> bool:
    """Whether a run that still goes on has shown a violation."""
    return any(True for checker in ON_THE_WAY for _ in checker(record))
