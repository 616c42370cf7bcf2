"""The clock on the wall is set while requests are on their way: deadlines hold, answers leave, numbers stay apart."""

import pytest

BACK, ON = "2026-11-24 11:00:00", "2026-11-24 13:00:00"


def _set_clock(play, moment):
    """The wall clock alone: timers run on another one."""
    before = play.now
    play.set_time(moment)
    for timer in play.timers:
        timer.due += play.now - before


@pytest.mark.parametrize("moment", [BACK, ON])
def test_a_deadline_holds_and_the_reversal_goes_out(play, moment):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    _set_clock(play, moment)
    play.advance(1.5)
    play.nothing()
    play.advance(0.2)
    play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")


@pytest.mark.parametrize("moment", [BACK, ON])
def test_an_approval_leaves(play, moment):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    _set_clock(play, moment)
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")
    play.advance(10)
    play.nothing()


@pytest.mark.parametrize("moment", [BACK, ON])
def test_an_approval_that_the_journal_is_too_slow_for_is_declined_in_time_and_taken_back(play, moment):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    _set_clock(play, moment)
    play.journal("held")
    play.answers("visa", request, "00")
    play.advance(1.7)
    play.terminal_gets("0210", "91")
    play.journal("working")
    play.logs("approval taken back")
    play.host_gets("visa", "0400")


def test_requests_of_an_hour_that_comes_twice_stay_apart_at_the_host(play):
    play.asks(play.sale())
    first = play.host_gets("visa", "0100")
    play.advance(0.9)
    _set_clock(play, "2026-11-24 12:00:00")
    play.asks(play.sale(_11="000002"))
    second = play.host_gets("visa", "0100")
    assert first["7"] == second["7"] and first["11"] != second["11"]
    play.answers("visa", first, "51")
    play.terminal_gets("0210", "51")
    play.answers("visa", second, "00")
    play.terminal_gets("0210", "00")
