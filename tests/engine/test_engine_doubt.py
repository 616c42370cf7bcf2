"""Requests in doubt: no answer in time, no requester, a journal that fails. 91 or 96, and exactly one reversal."""

import pytest

from switch.engine.config import TerminalSettings


def test_without_an_answer_in_time_the_terminal_gets_91_and_the_host_one_reversal_that_names_its_request(play):
    sale = play.sale(_37="REFERENCE001")
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.advance(1.5)
    play.nothing()
    play.advance(0.2)
    reversal = play.host_gets("visa", "0400")
    assert play.terminal_gets("0210", "91")["37"] == "REFERENCE001"
    assert reversal["90"] == "0100" + request["11"] + request["7"] + "00000400001" + "0" * 11
    assert [reversal[name] for name in ("2", "3", "4", "37", "41", "49")] == [
        request[name] for name in ("2", "3", "4", "37", "41", "49")
    ]
    assert reversal["11"] != request["11"]
    play.answers("visa", reversal, "00")
    play.advance(100)
    assert play.row(sale["11"])["state"] == "timeout"
    assert [(row["kind"], row["state"], row["attempts"]) for row in play.saf()] == [("reversal", "acknowledged", 1)]


def test_an_answer_and_its_reversal_are_durable_before_a_timeout_is_answered(play):
    play.journal("held")
    play.asks(play.sale())
    play.journal_writes("Intent")
    play.host_gets("visa", "0100")
    play.advance(1.6)
    play.nothing()
    play.journal_writes("Outcome timeout", "SafPut")
    play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    play.journal_writes("SafAttempt")


def test_a_late_answer_is_counted_and_logged_with_its_original_and_reaches_nobody(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.advance(2)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0210", "91")
    play.answers("visa", request, "00")
    assert play.logs("late answer")["txn_id"] == "1"
    assert play.count("late") == 1
    play.answers("visa", request, "00")
    play.logs("answer to nothing")
    assert (play.count("late"), play.count("unknown_answers")) == (1, 1)


def test_late_answers_are_remembered_up_to_a_bound(make_play):
    play = make_play(remembered=2)
    requests = []
    for _ in range(3):
        play.asks(play.sale())
        requests.append(play.host_gets("visa", "0100"))
        play.advance(2)
        play.answers("visa", play.host_gets("visa", "0400"), "00")
        play.terminal_gets("0210", "91")
    for request, event in zip(requests, ("answer to nothing", "late answer", "late answer"), strict=True):
        play.answers("visa", request, "00")
        play.logs(event)


def test_requests_in_flight_outlive_their_hosts_link(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.host_is("visa", up=False)
    play.host_is("visa", up=True)
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")


def test_when_the_host_stays_down_its_requests_are_91_and_their_reversals_wait_for_it(play):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.host_is("visa", up=False)
    play.advance(60)
    play.terminal_gets("0210", "91")
    assert play.engine.status()["queued"]["visa"] == 1
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.engine.status()["queued"]["visa"] == 0


def test_an_approval_whose_requester_is_gone_is_taken_back_and_no_repeat_collects_it(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.hangs_up()
    play.answers("visa", request, "00", _38="A1B2C3")
    assert play.logs("approval taken back")["reason"] == "requester is gone"
    reversal = play.host_gets("visa", "0400")
    assert reversal["38"] == "A1B2C3"
    assert play.marks == set()
    play.answers("visa", reversal, "00")
    play.asks(sale, "pos-2")
    play.terminal_gets("0210", "91", "pos-2")
    assert play.row(sale["11"])["state"] == "reversed"


def test_a_decline_whose_requester_is_gone_needs_nothing_undone(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.hangs_up()
    play.answers("visa", request, "51")
    assert play.saf() == []


def test_an_approval_that_its_link_could_not_write_is_taken_back(play):
    sale = play.approved()
    play.hangs_up(unsent=True)
    play.logs("approval taken back")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.row(sale["11"])["state"] == "reversed"


def test_an_approval_that_another_asker_has_stays(play):
    sale = play.sale()
    play.asks(sale, "pos-1")
    play.asks(sale, "pos-2")
    request = play.host_gets("visa", "0100")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00", "pos-1")
    play.terminal_gets("0210", "00", "pos-2")
    play.hangs_up("pos-2", unsent=True)
    assert play.row(sale["11"])["state"] == "approved"
    play.hangs_up("pos-1", unsent=True)
    play.logs("approval taken back")
    play.answers("visa", play.host_gets("visa", "0400"), "00")


def test_an_approval_that_reaches_one_of_two_askers_stays(play):
    sale = play.sale()
    play.asks(sale, "pos-1")
    play.asks(sale, "pos-2")
    request = play.host_gets("visa", "0100")
    play.hangs_up("pos-2")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00", "pos-1")
    assert play.row(sale["11"])["state"] == "approved"
    play.hangs_up("pos-1", unsent=True)
    play.logs("approval taken back")
    play.answers("visa", play.host_gets("visa", "0400"), "00")


def test_an_approval_that_a_repeat_has_collected_stays_although_the_first_link_gives_it_back(play):
    sale = play.approved()
    play.asks(sale, "pos-2")
    play.terminal_gets("0210", "00", "pos-2")
    play.hangs_up("pos-1", unsent=True)
    assert play.row(sale["11"])["state"] == "approved"


def test_a_repeat_that_collects_while_the_first_link_gives_back_keeps_the_approval(play):
    sale = play.approved()
    play.journal("held")
    play.asks(sale, "pos-2")
    play.hangs_up("pos-1", unsent=True)
    play.journal_writes("Intent")
    play.terminal_gets("0210", "00", "pos-2")
    play.journal_writes("Lookup")
    assert play.row(sale["11"])["state"] == "approved"


def test_a_repeat_that_comes_while_the_approval_is_taken_back_is_91(play):
    sale = play.approved()
    play.journal("held")
    play.hangs_up("pos-1", unsent=True)
    play.asks(sale, "pos-2")
    play.journal_writes("Lookup")
    play.logs("approval taken back")
    play.journal_writes("Intent")
    play.terminal_gets("0210", "91", "pos-2")
    play.journal_writes("Reversed", "SafPut")
    play.host_gets("visa", "0400")
    play.journal("working")


# -- the journal


def test_a_journal_that_loses_the_intent_means_96_and_nothing_leaves(play):
    play.journal("failing")
    play.asks(play.sale())
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.advance(5)
    assert play.rows() == []


def test_a_journal_that_loses_an_approval_means_96_and_its_reversal_as_soon_as_it_works(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.journal("failing")
    play.answers("visa", request, "00", _38="A1B2C3")
    assert "38" not in play.terminal_gets("0210", "96")
    play.advance(3)
    play.nothing()
    play.journal("working")
    play.advance(1)
    reversal = play.host_gets("visa", "0400")
    assert reversal["38"] == "A1B2C3"
    play.answers("visa", reversal, "00")
    play.asks(sale)
    play.terminal_gets("0210", "96")
    assert [row["state"] for row in play.rows()] == ["reversed"]


def test_a_journal_that_loses_a_timeout_means_96_and_still_one_reversal(play):
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.journal("failing")
    play.advance(1.7)
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.advance(1)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.advance(10)


def test_a_journal_that_loses_a_decline_writes_it_later(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.journal("failing")
    play.answers("visa", request, "51")
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.advance(1)
    assert play.rows()[0]["state"] == "declined"
    assert play.saf() == []


def test_a_journal_too_slow_for_the_intent_means_96_and_nothing_leaves_afterwards(play):
    play.journal("held")
    sale = play.sale()
    play.asks(sale)
    play.advance(1.6)
    play.terminal_gets("0210", "96")
    play.journal("working")
    assert play.row(sale["11"])["state"] == "declined"
    play.asks(sale)
    play.terminal_gets("0210", "96")


def test_a_journal_too_slow_for_an_approval_means_91_and_it_is_taken_back(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.advance(1.5)
    play.journal("held")
    play.answers("visa", request, "00")
    play.advance(0.2)
    play.nothing()
    play.advance(0.1)
    play.terminal_gets("0210", "91")
    play.asks(sale)
    play.terminal_gets("0210", "91")
    play.journal("working")
    assert play.logs("approval taken back")["reason"] == "journal too slow"
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.row(sale["11"])["state"] == "reversed"


def test_the_journal_has_until_the_deadline_and_never_less_than_the_grace(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.journal("held")
    play.answers("visa", request, "00")
    play.advance(1.55)
    play.nothing()
    play.journal("working")
    play.terminal_gets("0210", "00")


def test_a_journal_too_slow_for_a_decline_does_not_keep_it_from_the_terminal(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.journal("held")
    play.answers("visa", request, "51")
    play.advance(1.6)
    play.terminal_gets("0210", "51")
    play.asks(sale)
    play.terminal_gets("0210", "51")
    play.journal("working")
    assert play.row(sale["11"])["state"] == "declined"


def test_a_repeat_declined_while_the_journal_fails_undoes_the_approval_it_repeats(play):
    sale = play.approved()
    play.journal("failing")
    play.asks(sale, "pos-2")
    play.terminal_gets("0210", "96", "pos-2")
    play.advance(3)
    play.journal("working")
    play.advance(1)
    assert play.logs("approval taken back")["reason"] == "a repeat was declined"
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.row(sale["11"])["state"] == "reversed"


@pytest.mark.parametrize("state", ["failing", "held"])
def test_another_request_under_its_key_declined_while_the_journal_fails_leaves_an_approval_alone(play, state):
    sale = play.approved()
    play.journal(state)
    play.asks(sale | {"4": "000000077777"}, "pos-2")
    play.advance(2)
    play.terminal_gets("0210", "96", "pos-2")
    play.journal("working")
    play.advance(5)
    assert play.row(sale["11"])["state"] == "approved"
    play.asks(sale | {"t": "0201"})
    play.terminal_gets("0210", "00")


def test_a_repeat_and_another_request_declined_under_one_key_undo_what_the_repeat_repeats(play):
    sale = play.approved()
    play.journal("failing")
    play.asks(sale)
    play.asks(sale | {"4": "000000077777"}, "pos-2")
    play.terminal_gets("0210", "96")
    play.terminal_gets("0210", "96", "pos-2")
    play.journal("working")
    play.advance(1)
    play.logs("approval taken back")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.row(sale["11"])["state"] == "reversed"


def test_a_kill_forgets_that_a_repeat_was_declined_and_the_approval_waits_for_the_next_repeat(play):
    """The journal took nothing, so nothing of the decline is left: docs/engine.rst, "Repeats"."""
    sale = play.approved()
    play.journal("failing")
    play.asks(sale)
    play.terminal_gets("0210", "96")
    play.memory.failing = False
    play.restart()
    play.asks(sale)
    play.terminal_gets("0210", "00")
    assert play.row(sale["11"])["state"] == "approved"


def test_a_request_declined_while_the_journal_fails_may_come_again_and_is_kept(play):
    sale = play.sale()
    play.journal("failing")
    play.asks(sale)
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.asks(sale)
    play.answers("visa", play.host_gets("visa", "0100"), "00")
    play.terminal_gets("0210", "00")
    play.advance(5)
    assert play.row(sale["11"])["state"] == "approved"


def test_a_repeat_that_collects_the_approval_after_another_was_declined_keeps_it(play):
    sale = play.approved()
    play.journal("failing")
    play.asks(sale)
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.asks(sale)
    play.terminal_gets("0210", "00")
    play.advance(5)
    assert play.row(sale["11"])["state"] == "approved"


def test_a_repeat_met_by_a_slow_journal_and_a_host_that_is_down_undoes_the_approval(play):
    sale = play.approved()
    play.host_is("visa", up=False)
    play.journal("held")
    play.asks(sale, "pos-2")
    play.advance(1.6)
    play.terminal_gets("0210", "91", "pos-2")
    play.journal("working")
    play.logs("approval taken back")
    play.host_is("visa", up=True)
    play.answers("visa", play.host_gets("visa", "0400"), "00")


def test_doubts_are_looked_up_one_round_at_a_time_however_many_there_are(play):
    play.journal("failing")
    for _ in range(20):
        play.asks(play.sale())
        play.terminal_gets("0210", "96")
    assert len(play.timers) == 1


# -- answers that are no plain yes or no


@pytest.mark.parametrize("code", ["10", "32", "87", "85"])
def test_an_approval_of_something_else_than_asked_is_declined_and_reversed(play, code):
    sale = play.sale()
    play.asks(sale)
    play.answers("visa", play.host_gets("visa", "0100"), code, _38="A1B2C3", _4="000000000500")
    play.logs("answer otherwise")
    reversal = play.host_gets("visa", "0400")
    assert "38" not in play.terminal_gets("0210", "05")
    assert (reversal["4"], reversal["38"]) == ("000000001234", "A1B2C3")
    assert play.row(sale["11"])["state"] == "reversed"
    play.answers("visa", reversal, "00")


@pytest.mark.parametrize("code", ["", "  ", "0 "])
def test_an_answer_that_does_not_say_what_was_decided_is_96_and_reversed(play, code):
    play.asks(play.sale())
    play.answers("visa", play.host_gets("visa", "0100"), code)
    play.logs("answer unreadable")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0210", "96")


@pytest.mark.parametrize("mti", ["0100", "0120", "0130", "0410", "0430", "0210"])
def test_only_the_answer_to_a_request_answers_it(play, mti):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.answers("visa", request, "00", t=mti)
    play.logs("answer to nothing")
    play.answers("visa", request, "51")
    play.terminal_gets("0210", "51")


@pytest.mark.parametrize("code", ["08", "11", "16"])
def test_every_full_approval_is_one(play, code):
    play.asks(play.sale())
    play.answers("visa", play.host_gets("visa", "0100"), code)
    play.terminal_gets("0210", code)
    assert play.rows()[0]["state"] == "approved"


def test_an_answer_over_another_hosts_link_is_nobodys(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.answers("mastercard", {name: request[name] for name in ("t", "7", "11")}, "00")
    play.logs("answer to nothing")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")


def test_what_a_terminal_has_no_characters_for_is_left_out_of_its_answer(play):
    play.asks(play.sale())
    play.answers("visa", play.host_gets("visa", "0100"), "00", _54="MÜNCHEN")
    assert "54" not in play.terminal_gets("0210", "00")
    assert play.engine.in_flight == 0


def test_a_request_that_the_host_has_no_form_for_is_30_and_nothing_is_left_in_flight(make_play):
    play = make_play(default_terminal=TerminalSettings(tpk="", mcc="not four digits"))
    sale = play.sale()
    play.asks(sale)
    play.logs("request has no form")
    play.terminal_gets("0210", "30")
    assert play.engine.in_flight == 0
    assert play.row(sale["11"])["state"] == "declined"
    assert play.saf() == []
