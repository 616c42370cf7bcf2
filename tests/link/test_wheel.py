"""The timer wheel against a sorted list."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.link.wheel import TimerWheel

TICK = 0.1
# Hundredths of a second, so that the model can be exact; close together, so that they share buckets.
TIMES = st.integers(450, 650)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("arm"), TIMES),
        st.tuples(st.just("disarm"), st.integers(0, 40)),
        st.tuples(st.just("advance"), st.integers(1, 40)),
    ),
    max_size=60,
)


@given(OPERATIONS)
def test_every_deadline_fires_once_never_early_and_at_most_a_tick_late(operations):
    now, fired = 500, []
    wheel = TimerWheel(now / 100, TICK)
    armed, timers = {}, []  # the model: number -> when it is due; what is armed late is due at once
    for what, value in operations:
        if what == "arm":
            number = len(timers)
            timers.append(wheel.arm(value / 100, fired.append, number))
            armed[number] = max(value, now)
        elif what == "disarm" and value < len(timers):
            wheel.disarm(timers[value])
            armed.pop(value, None)
        elif what == "advance":
            now += value
            fired.clear()
            wheel.advance(now / 100)
            assert all(armed[number] <= now for number in fired) and len(set(fired)) == len(fired)
            for number in fired:
                del armed[number]
            # One tick, and one more for a time that floats put just below its bucket.
            assert all(deadline > now - 20 for deadline in armed.values())
        assert len(wheel) == len(armed)


@given(st.lists(TIMES, min_size=1, max_size=50))
def test_deadlines_a_tick_apart_fire_in_their_order(deadlines):
    wheel, fired = TimerWheel(0, TICK), []
    for deadline in deadlines:
        wheel.arm(deadline / 100, fired.append, deadline)
    wheel.advance(30)
    assert len(fired) == len(deadlines)
    assert all(later > earlier - 11 for earlier, later in pairwise(fired))


def test_a_deadline_in_the_past_fires_in_the_next_advance_not_in_this_one():
    wheel, fired = TimerWheel(10, TICK), []
    wheel.arm(10.05, lambda _: (fired.append("first"), wheel.arm(10.05, fired.append, "second")), None)
    wheel.advance(10.2)
    assert fired == ["first"]
    wheel.advance(10.3)
    assert fired == ["first", "second"]


def test_a_timer_may_disarm_another_of_its_own_bucket():
    wheel, fired = TimerWheel(0, TICK), []
    other = None
    wheel.arm(0.5, lambda _: wheel.disarm(other), None)
    other = wheel.arm(0.5, fired.append, "other")
    wheel.advance(1)
    assert fired == [] and len(wheel) == 0
    wheel.disarm(other)


def test_time_that_stands_still_or_runs_backwards_fires_nothing():
    wheel, fired = TimerWheel(10, TICK), []
    wheel.arm(10.05, fired.append, 1)
    wheel.advance(10.0)
    wheel.advance(3)
    assert fired == []


def test_a_timer_that_raises_stops_no_other_when_the_owner_passes_a_guard():
    faults, fired = [], []

    def guard(then, context):
        try:
            then(context)
        except ZeroDivisionError as error:
            faults.append(error)

    wheel = TimerWheel(0, TICK, guard)
    wheel.arm(0.1, lambda _: 1 // 0, None)
    wheel.arm(0.1, fired.append, "next")
    wheel.advance(1)
    assert fired == ["next"] and len(faults) == 1


def test_without_a_guard_the_error_is_the_owner_s_and_the_rest_fires_later():
    wheel, fired = TimerWheel(0, TICK), []
    wheel.arm(0.1, lambda _: 1 // 0, None)
    wheel.arm(0.1, fired.append, "next")
    with pytest.raises(ZeroDivisionError):
        wheel.advance(1)
    wheel.advance(2)
    assert fired == ["next"]
