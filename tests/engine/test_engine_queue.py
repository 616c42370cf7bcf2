"""Store and forward: repeats with the same identity, order per transaction, a window, dead letters, a message that
breaks its link."""

import pytest

from switch.engine.config import QueueLimits

ON_US = "4571990000000011"
IDENTITY = ("7", "11", "37", "90", "2", "4")


def owed(play, count=1):
    """So many sales time out while the Visa link is down; their reversals wait."""
    for _ in range(count):
        play.asks(play.sale())
        play.host_gets("visa", "0100")
    play.host_is("visa", up=False)
    play.advance(2)
    for _ in range(count):
        play.terminal_gets("0210", "91")


def test_a_reversal_without_an_answer_comes_again_as_its_repeat_until_it_has_one(play):
    owed(play)
    play.host_is("visa", up=True)
    first = play.host_gets("visa", "0400")
    play.advance(3.4)
    play.nothing()
    for pause in (0.1, 4.0, 5.0):
        play.advance(pause)
        repeat = play.host_gets("visa", "0401")
        assert [repeat[name] for name in IDENTITY] == [first[name] for name in IDENTITY]
    play.answers("visa", repeat, "00")
    play.advance(100)
    assert (play.saf()[0]["state"], play.saf()[0]["attempts"]) == ("acknowledged", 4)


@pytest.mark.parametrize("code", ["91", "96"])
def test_a_host_that_cannot_now_is_asked_again(play, code):
    owed(play)
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0400"), code)
    play.advance(0.5)
    play.answers("visa", play.host_gets("visa", "0401"), "00")
    assert play.saf()[0]["state"] == "acknowledged"


@pytest.mark.parametrize("code", ["00", "25", "05", "94"])
def test_any_other_answer_acknowledges(play, code):
    owed(play)
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0400"), code)
    play.advance(100)
    assert (play.saf()[0]["state"], play.saf()[0]["response_code"]) == ("acknowledged", code)


def test_what_the_host_cannot_read_is_a_dead_letter(play):
    owed(play)
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0400"), "30")
    assert play.logs("reversal dead")["response_code"] == "30"
    play.advance(100)
    assert play.saf()[0]["state"] == "dead"


def test_too_many_attempts_end_in_a_dead_letter(make_play):
    play = make_play(queue=QueueLimits(attempts=3))
    owed(play)
    play.host_is("visa", up=True)
    play.host_gets("visa", "0400")
    play.advance(60)
    play.host_gets("visa", "0401")
    play.host_gets("visa", "0401")
    play.logs("reversal dead")
    assert (play.saf()[0]["state"], play.saf()[0]["attempts"]) == ("dead", 3)
    assert play.engine.status()["queued"]["visa"] == 0


def test_pauses_double_up_to_the_longest(make_play):
    play = make_play(queue=QueueLimits(first_retry=1, longest_retry=4))
    owed(play)
    play.host_is("visa", up=True)
    play.host_gets("visa", "0400")
    for pause in (1, 2, 4, 4, 4):
        play.advance(3 + pause - 0.1)
        play.nothing()
        play.advance(0.1)
        play.host_gets("visa", "0401")


def test_attempts_count_on_a_signed_on_link_only(play):
    owed(play)
    play.advance(3600)
    assert play.saf()[0]["attempts"] == 0
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.saf()[0]["attempts"] == 1


def test_no_more_than_a_window_is_in_flight_and_the_oldest_go_first(make_play):
    play = make_play(queue=QueueLimits(window=2))
    owed(play, 4)
    play.host_is("visa", up=True)
    first, second = play.host_gets("visa", "0400"), play.host_gets("visa", "0400")
    play.nothing()
    play.answers("visa", second, "00")
    third = play.host_gets("visa", "0400")
    play.answers("visa", first, "00")
    fourth = play.host_gets("visa", "0400")
    assert first["11"] < second["11"] < third["11"] < fourth["11"]
    play.answers("visa", third, "00")
    play.answers("visa", fourth, "00")


def test_a_message_that_gets_no_answer_does_not_hold_up_the_others(make_play):
    play = make_play(queue=QueueLimits(window=1))
    owed(play, 3)
    play.host_is("visa", up=True)
    play.host_gets("visa", "0400")
    play.advance(3)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.advance(0.5)
    play.answers("visa", play.host_gets("visa", "0401"), "00")


def test_two_messages_of_one_transaction_go_one_after_the_other(play, queued):
    play.host_is("visa", up=False)
    queued(play, "visa", (1, 70, "advice"), (2, 70, "reversal"), (3, 71, "reversal"))
    play.restart()
    play.host_is("visa", up=True)
    advice, other = play.host_gets("visa", "0121"), play.host_gets("visa", "0401")
    play.answers("visa", other, "00")
    play.answers("visa", advice, "91")
    play.nothing()
    play.advance(1)
    play.answers("visa", play.host_gets("visa", "0121"), "00")
    play.answers("visa", play.host_gets("visa", "0401"), "00")


def test_a_dead_message_lets_the_next_of_its_transaction_go(play, queued):
    play.host_is("visa", up=False)
    queued(play, "visa", (1, 70, "advice"), (2, 70, "reversal"))
    play.restart()
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0121"), "30")
    play.logs("advice dead")
    play.answers("visa", play.host_gets("visa", "0401"), "00")


def test_hosts_have_queues_of_their_own(play, queued):
    queued(play, "visa", (1, 70, "reversal"))
    queued(play, "mastercard", (2, 71, "reversal"))
    play.restart()
    play.host_is("mastercard", up=True)
    play.answers("mastercard", play.host_gets("mastercard", "0401"), "00")
    play.nothing()
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0401"), "00")


def test_a_link_that_breaks_brings_its_messages_back_as_repeats_each_alone(play):
    owed(play, 2)
    play.host_is("visa", up=True)
    play.host_gets("visa", "0400")
    play.host_gets("visa", "0400")
    play.host_is("visa", up=False)
    play.advance(5)
    play.host_is("visa", up=True)
    first = play.host_gets("visa", "0401")
    play.nothing()
    play.answers("visa", first, "00")
    play.answers("visa", play.host_gets("visa", "0401"), "00")
    assert [row["attempts"] for row in play.saf()] == [2, 2]


def test_a_message_that_was_only_unlucky_goes_with_the_others_again(play):
    owed(play, 2)
    play.host_is("visa", up=True)
    unlucky = play.host_gets("visa", "0400")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.host_is("visa", up=False)
    play.host_is("visa", up=True)
    play.advance(0.5)
    play.host_gets("visa", "0401")
    play.advance(3)
    play.asks(play.sale())
    play.answers("visa", play.host_gets("visa", "0100"), "10")
    play.logs("answer otherwise")
    other = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "05")
    play.advance(1)
    again = play.host_gets("visa", "0401")
    assert again["11"] == unlucky["11"]
    play.answers("visa", other, "00")
    play.answers("visa", again, "00")


def test_a_message_that_breaks_its_link_every_time_dies_alone(make_play):
    play = make_play(queue=QueueLimits(attempts=4))
    owed(play, 3)
    poison = play.saf()[1]["saf_id"]
    breaks = 0
    play.host_is("visa", up=True)
    for _ in range(200):
        while play.outputs and play.outputs[0][0] == "host":
            message = play.take("host", "visa")
            if int(message["11"]) == 2 * poison + 1:
                breaks += 1
                play.outputs.clear()
                play.host_is("visa", up=False)
                play.host_is("visa", up=True)
                break
            play.answers("visa", message, "00")
        if play.outputs and play.outputs[0][0] == "log":
            break
        play.advance(0.5)
    play.logs("reversal dead")
    assert breaks == 4
    assert [row["state"] for row in play.saf()] == ["acknowledged", "dead", "acknowledged"]


def test_an_acknowledgement_that_comes_during_the_pause_counts(play):
    owed(play)
    play.host_is("visa", up=True)
    reversal = play.host_gets("visa", "0400")
    play.advance(3.2)
    play.answers("visa", reversal, "00")
    play.advance(100)
    assert (play.saf()[0]["state"], play.saf()[0]["attempts"]) == ("acknowledged", 1)


def test_an_acknowledgement_that_comes_while_the_window_is_full_counts(make_play):
    play = make_play(queue=QueueLimits(window=1))
    owed(play, 2)
    play.host_is("visa", up=True)
    first = play.host_gets("visa", "0400")
    play.advance(3)
    second = play.host_gets("visa", "0400")
    play.advance(1)
    play.answers("visa", first, "00")
    play.nothing()
    play.answers("visa", second, "00")
    play.advance(100)
    assert [row["attempts"] for row in play.saf()] == [1, 1]


def test_a_refusal_that_comes_late_changes_nothing(play):
    owed(play)
    play.host_is("visa", up=True)
    reversal = play.host_gets("visa", "0400")
    play.advance(3.2)
    play.answers("visa", reversal, "91")
    play.nothing()
    play.advance(0.3)
    play.answers("visa", play.host_gets("visa", "0401"), "00")


@pytest.mark.parametrize("mti", ["0110", "0130", "0400", "0810"])
def test_only_the_answer_to_a_reversal_acknowledges_it(play, mti):
    owed(play)
    play.host_is("visa", up=True)
    reversal = play.host_gets("visa", "0400")
    play.answers("visa", reversal, "00", t=mti)
    play.logs("answer to nothing")
    play.answers("visa", reversal, "00", t="0430")
    assert play.saf()[0]["state"] == "acknowledged"


def test_a_message_no_host_could_read_is_a_dead_letter_and_blocks_nobody(play, queued):
    queued(play, "visa", (1, 70, "reversal"), mcc="none")
    queued(play, "visa", (2, 71, "reversal"))
    play.restart()
    play.host_is("visa", up=True)
    play.logs("reversal has no form")
    play.logs("reversal dead")
    play.answers("visa", play.host_gets("visa", "0401"), "00")
    assert [row["state"] for row in play.saf()] == ["dead", "acknowledged"]


def test_the_end_of_a_message_is_written_until_it_is_durable(play):
    owed(play)
    play.host_is("visa", up=True)
    reversal = play.host_gets("visa", "0400")
    play.journal("failing")
    play.answers("visa", reversal, "00")
    play.advance(3)
    assert play.saf()[0]["state"] == "queued"
    play.journal("working")
    play.advance(1)
    assert play.saf()[0]["state"] == "acknowledged"
    play.nothing()


def test_a_queued_message_carries_no_sensitive_data(play, cards, opened):
    play.asks(play.sale(ON_US, _35=cards[ON_US]["track2"], _52=play.pin_block(ON_US, "9999"), _22="901"))
    play.host_gets("issuer-a", "1120")
    play.terminal_gets("0210", "55")
    (text,) = opened(play)
    assert cards[ON_US]["track2"].partition("=")[2] not in text
    assert play.pin_block(ON_US, "9999") not in text
    assert ON_US in text
