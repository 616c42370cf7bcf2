"""kill -9 between any two steps: every doubt is reversed once, nothing approved is lost, queues go on."""

import pytest

from switch.engine.config import QueueLimits
from switch.journal.records import Recovery, SafAttempt


def again(play, *hosts):
    play.restart()
    for host in hosts or ("visa",):
        play.host_is(host, up=True)


def test_killed_before_the_intent_is_durable_leaves_no_trace(play):
    play.journal("held")
    sale = play.sale()
    play.asks(sale)
    play.restart()
    play.journal("working")
    play.host_is("visa", up=True)
    assert play.rows() == []
    play.asks(sale)
    play.answers("visa", play.host_gets("visa", "0100"), "00")
    play.terminal_gets("0210", "00")


def test_killed_with_the_request_at_the_host_reverses_it(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    assert play.rows()[0]["state"] == "pending"
    play.restart()
    play.logs("request in doubt reversed")
    play.host_is("visa", up=True)
    reversal = play.host_gets("visa", "0400")
    assert reversal["90"][4:20] == request["11"] + request["7"]
    play.answers("visa", reversal, "00")
    play.asks(sale)
    play.terminal_gets("0210", "91")
    play.answers("visa", request, "00")
    assert play.logs("late answer")["txn_id"] == "1"


def test_killed_with_the_approval_not_durable_reverses_it(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.journal("held")
    play.answers("visa", request, "00")
    play.restart()
    play.journal("working")
    play.logs("request in doubt reversed")
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0400"), "00")


def test_killed_between_the_durable_approval_and_its_link_takes_it_back(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.answers("visa", request, "00", _38="A1B2C3")
    play.terminal_gets("0210", "00")
    play.marks.clear()
    play.restart()
    assert play.logs("approval taken back")["reason"] == "answer not sent before restart"
    play.host_is("visa", up=True)
    reversal = play.host_gets("visa", "0400")
    assert reversal["38"] == "A1B2C3"
    play.answers("visa", reversal, "00")
    assert play.rows()[0]["state"] == "reversed"


def test_killed_after_the_link_gave_the_approval_back_takes_it_back(play):
    sale = play.approved()
    play.journal("held")
    play.hangs_up(unsent=True)
    play.nothing()
    play.store_held = False
    play.restart()
    assert play.logs("approval taken back")["reason"] == "answer not sent before restart"
    play.host_is("visa", up=True)
    play.host_gets("visa", "0400")
    assert play.row(sale["11"])["state"] == "reversed"


def test_an_approval_that_one_of_two_links_gave_back_was_delivered(play):
    sale = play.approved()
    play.asks(sale | {"t": "0201"}, "pos-2")
    play.terminal_gets("0210", "00", "pos-2")
    play.hangs_up("pos-2", unsent=True)
    play.restart()
    assert play.row(sale["11"])["state"] == "approved"


def test_killed_after_the_answer_was_handed_over_keeps_the_approval(play):
    sale = play.approved()
    again(play)
    assert play.row(sale["11"])["state"] == "approved"
    assert play.saf() == []


@pytest.mark.parametrize("attempts", [0, 1])
def test_a_reversal_found_after_a_restart_goes_as_a_repeat_under_its_own_identity(play, attempts):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    if not attempts:
        play.host_is("visa", up=False)
    play.advance(2)
    first = play.host_gets("visa", "0400") if attempts else None
    play.terminal_gets("0210", "91")
    again(play)
    repeat = play.host_gets("visa", "0401")
    if first:
        assert [repeat[name] for name in ("7", "11", "37", "90")] == [first[name] for name in ("7", "11", "37", "90")]
    play.answers("visa", repeat, "00")
    assert play.saf()[0]["attempts"] == attempts + 1


def test_an_acknowledged_reversal_is_not_sent_again(play):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.advance(2)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0210", "91")
    again(play)
    play.advance(60)


def test_an_attempt_that_was_not_noted_is_repeated_as_a_repeat(play):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.journal("held")
    play.advance(1.6)
    play.journal_writes("Outcome timeout", "SafPut")
    play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    play.restart()
    play.journal("working")
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0401"), "00")


def test_a_message_with_its_last_attempt_behind_it_is_dead_after_the_restart(make_play, queued):
    play = make_play(queue=QueueLimits(attempts=3))
    queued(play, "visa", (1, 70, "reversal"))
    play.memory.submit([SafAttempt(1, 3)], None)
    play.memory.flush()
    play.memory.take()
    again(play)
    play.logs("reversal dead")
    assert play.saf()[0]["state"] == "dead"


def test_the_original_of_a_queued_reversal_may_still_answer_late(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.host_is("visa", up=False)
    play.advance(2)
    play.terminal_gets("0210", "91")
    again(play)
    reversal = play.host_gets("visa", "0401")
    play.answers("visa", request, "00")
    play.logs("late answer")
    play.answers("visa", reversal, "00")


def test_numbers_go_on_where_they_were(play):
    first = play.approved()
    again(play)
    second = play.sale()
    play.asks(second)
    request = play.host_gets("visa", "0100")
    assert [row["txn_id"] for row in play.rows()] == [1, 2]
    assert len({row["out_stan"] for row in play.rows()}) == 2
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")
    assert play.row(first["11"])["state"] == "approved"


def test_a_journal_that_fails_at_the_restart_delays_reversals_and_answers_repeats_91(play):
    sale = play.approved()
    play.marks.clear()
    play.memory.failing = True
    play.restart()
    play.logs("approval taken back")
    play.journal("held")
    play.memory.failing = False
    play.host_is("visa", up=True)
    play.asks(sale)
    play.journal("working")
    play.terminal_gets("0210", "91")
    play.advance(1)
    play.answers("visa", play.host_gets("visa", "0400"), "00")


def test_an_unknown_host_in_the_queue_is_told_and_stays_in_the_journal(play, queued):
    queued(play, "closed-bank", (1, 70, "reversal"))
    play.restart()
    assert play.logs("queued message for an unknown host")["host"] == "closed-bank"
    assert play.saf()[0]["state"] == "queued"


def test_a_doubt_with_a_host_that_is_no_longer_there_is_told_and_stays_in_the_journal(play):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.memory.connection.execute("UPDATE txn SET host = 'closed-bank'")
    play.restart()
    play.logs("request in doubt reversed")
    assert play.logs("queued message for an unknown host")["host"] == "closed-bank"
    assert play.saf()[0]["state"] == "queued"


def test_answers_that_had_to_be_assumed_delivered_are_told(play):
    play.engine.recover(Recovery(assumed_delivered=3))
    assert play.logs("answers assumed delivered after a reboot")["count"] == "3"
