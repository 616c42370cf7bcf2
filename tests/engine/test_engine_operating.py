"""What operators do to queued messages: dead letters go out again, messages are given up; who did it is kept."""

from switch.engine.config import QueueLimits
from switch.engine.operating import DONE, FAILED, NOTHING

LIMITS = QueueLimits(attempts=1)


def dead_letter(play):
    """A reversal that Visa could not read; its message."""
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.advance(1.7)
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    play.answers("visa", reversal, "30")
    play.logs("reversal dead")
    return reversal


def acts(play, verb, *arguments):
    told = []
    getattr(play.engine.operating, verb)(*arguments, told.append)
    play.settle()
    assert len(told) == 1
    return told[0]


def state(play):
    return [(row["state"], row["attempts"]) for row in play.saf()]


def test_a_dead_letter_is_sent_again_as_a_repeat_with_its_attempts_counted_anew(make_play):
    play = make_play(queue=LIMITS)
    reversal = dead_letter(play)
    assert acts(play, "retry", 1, "ada") == DONE
    assert play.logs("queued message retried") == {"saf_id": "1", "operator": "ada"}
    repeat = play.host_gets("visa", "0401")
    assert {name: repeat[name] for name in ("7", "11", "37", "90")} == {
        name: reversal[name] for name in ("7", "11", "37", "90")
    }
    play.answers("visa", repeat, "00")
    assert state(play) == [("acknowledged", 1)]
    assert audit(play) == [("ada", "retry", 1, "")]


def audit(play):
    query = "SELECT operator, action, saf_id, reason FROM operator_action ORDER BY action_id"
    return [tuple(row) for row in play.memory.connection.execute(query)]


def test_a_retried_dead_letter_goes_out_after_a_restart_too(play):
    dead_letter(play)
    play.host_is("visa", up=False)
    acts(play, "retry", 1, "ada")
    play.logs("queued message retried")
    play.restart()
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0401"), "00")
    assert state(play)[0][0] == "acknowledged"


def test_only_a_dead_letter_can_be_retried(play):
    dead_letter(play)
    acts(play, "drop", 1, "ada", "settled by phone")
    play.logs("queued message dropped")
    assert acts(play, "retry", 1, "ada") == NOTHING
    assert acts(play, "retry", 99, "ada") == NOTHING
    assert audit(play) == [("ada", "drop", 1, "settled by phone")]


def test_a_message_in_flight_is_dropped_and_its_answer_is_one_to_nothing(play):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.advance(1.7)
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    assert acts(play, "drop", 1, "ada", "wrong host") == DONE
    play.logs("queued message dropped")
    play.answers("visa", reversal, "00")
    play.logs("answer to nothing")
    play.advance(60)
    assert state(play) == [("dropped", 1)]
    assert play.engine.status()["queued"]["visa"] == 0


def test_what_waits_behind_a_dropped_message_goes_next(play, queued):
    queued(play, "visa", (1, 7, "advice"), (2, 7, "reversal"))
    play.restart()
    play.host_is("visa", up=True)
    play.host_gets("visa", "0121")
    acts(play, "drop", 1, "ada", "superseded")
    play.logs("queued message dropped")
    play.answers("visa", play.host_gets("visa", "0401"), "00")


def test_a_message_dropped_from_behind_leaves_the_first_alone(play, queued):
    queued(play, "visa", (1, 7, "advice"), (2, 7, "reversal"))
    play.restart()
    play.host_is("visa", up=True)
    advice = play.host_gets("visa", "0121")
    acts(play, "drop", 2, "ada", "superseded")
    play.logs("queued message dropped")
    play.answers("visa", advice, "00")
    assert [row["state"] for row in play.saf()] == ["acknowledged", "dropped"]


def test_an_older_message_retried_behind_a_younger_one_is_not_forgotten(play, queued):
    queued(play, "visa", (1, 7, "advice"), (2, 7, "reversal"))
    play.restart()
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0121"), "30")
    play.logs("advice dead")
    reversal = play.host_gets("visa", "0401")
    acts(play, "retry", 1, "ada")
    play.logs("queued message retried")
    play.nothing()
    play.answers("visa", reversal, "00")
    play.answers("visa", play.host_gets("visa", "0121"), "00")


def test_a_journal_that_fails_changes_nothing(play):
    dead_letter(play)
    play.journal("failing")
    assert acts(play, "retry", 1, "ada") == FAILED
    assert acts(play, "drop", 1, "ada", "no use") == FAILED
    play.journal("working")
    assert state(play) == [("dead", 1)]


def test_a_long_queue_goes_out_at_its_pace(make_play, queued):
    """20 a second are 2 in each tenth of a second, however fast the host answers."""
    play = make_play(queue=QueueLimits(rate=20))
    queued(play, "visa", *((number, number, "reversal") for number in range(1, 8)))
    play.restart()
    play.host_is("visa", up=True)
    for count in (2, 2, 2, 1):
        for _ in range(count):
            play.answers("visa", play.host_gets("visa", "0401"), "00")
        play.nothing()
        play.advance(0.1)
