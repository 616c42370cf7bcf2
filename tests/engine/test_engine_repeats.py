"""The same message again: one request at the host, one answer for all who asked, also after a restart."""

import pytest


@pytest.mark.parametrize("mti", ["0200", "0201"])
def test_repeats_in_flight_get_the_same_answer_and_the_host_sees_one_request(play, mti):
    sale = play.sale()
    play.asks(sale, "pos-1")
    request = play.host_gets("visa", "0100")
    play.asks(sale | {"t": mti}, "pos-2")
    play.asks(sale | {"t": mti}, "pos-1")
    play.answers("visa", request, "00", _38="A1B2C3")
    answers = [play.terminal_gets("0210", "00", link) for link in ("pos-1", "pos-2", "pos-1")]
    assert {answer["38"] for answer in answers} == {"A1B2C3"}
    assert play.count("repeats") == 2


def test_a_repeat_while_the_intent_is_written_is_one_request(play):
    play.journal("held")
    sale = play.sale()
    play.asks(sale)
    play.asks(sale)
    play.journal("working")
    play.answers("visa", play.host_gets("visa", "0100"), "51")
    play.terminal_gets("0210", "51")
    play.terminal_gets("0210", "51")


@pytest.mark.parametrize("code", ["00", "51"])
def test_a_repeat_after_the_answer_gets_the_stored_answer(play, code):
    sale = play.sale()
    play.asks(sale)
    play.answers("visa", play.host_gets("visa", "0100"), code, _38="A1B2C3", _54="0001978C000000012345")
    first = play.terminal_gets("0210", code)
    play.asks(sale | {"t": "0201"}, "pos-2")
    assert play.terminal_gets("0210", code, "pos-2") == first
    assert len(play.rows()) == 1


def test_a_repeat_after_a_restart_gets_the_stored_answer(play):
    sale = play.approved()
    play.restart()
    play.host_is("visa", up=True)
    play.asks(sale, "pos-2")
    assert play.terminal_gets("0210", "00", "pos-2")["38"] == "A1B2C3"


def test_a_marked_repeat_of_what_never_arrived_is_the_request(play):
    play.asks(play.sale(t="0201"))
    play.answers("visa", play.host_gets("visa", "0100"), "00")
    play.terminal_gets("0210", "00")


def test_a_repeat_needs_no_host(play):
    sale = play.approved()
    play.host_is("visa", up=False)
    play.asks(sale)
    play.terminal_gets("0210", "00")


def test_a_repeat_after_a_timeout_is_91_and_never_the_approval_that_came_late(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.advance(2)
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    play.answers("visa", request, "00")
    play.logs("late answer")
    play.asks(sale)
    play.terminal_gets("0210", "91")
    play.answers("visa", reversal, "00")


@pytest.mark.parametrize(
    "changes",
    [{"4": "000000009999"}, {"2": "4242424242424242"}, {"49": "840"}, {"3": "200000"}],
    ids=["amount", "card", "currency", "kind"],
)
def test_another_request_under_the_same_key_is_94_before_and_after_the_answer(play, changes):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.asks(sale | changes, "pos-2")
    play.terminal_gets("0210", "94", "pos-2")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")
    play.asks(sale | changes, "pos-2")
    play.terminal_gets("0210", "94", "pos-2")
    assert play.row(sale["11"])["state"] == "approved"


@pytest.mark.parametrize("changes", [{"41": "TERM0002"}, {"11": "000099"}, {"7": "1124120001"}, {"t": "0100"}])
def test_another_terminal_trace_number_time_or_class_is_another_request(play, changes):
    sale = play.sale()
    for message in (sale, sale | changes):
        play.asks(message)
        play.answers("visa", play.host_gets("visa", "0100"), "00")
        play.take("terminal", "pos-1")
    assert len(play.rows()) == 2


def test_listeners_do_not_share_keys(play):
    sale = play.sale()
    play.link("other", "pos-binary")
    for link in ("pos-1", "other"):
        play.asks(sale, link)
        play.answers("visa", play.host_gets("visa", "0100"), "00")
        play.terminal_gets("0210", "00", link)


def test_without_de7_local_date_and_time_tell_requests_apart(play):
    sale = play.approved(_7="")
    play.asks(sale)
    play.terminal_gets("0210", "00")
    play.asks(sale | {"12": "120001"})
    play.answers("visa", play.host_gets("visa", "0100"), "51")
    play.terminal_gets("0210", "51")


def test_repeats_that_wait_for_one_answer_are_bounded(make_play):
    play = make_play(max_askers=2)
    sale = play.sale()
    for _ in range(3):
        play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.terminal_gets("0210", "94")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")
    play.terminal_gets("0210", "00")


def test_a_repeat_of_what_is_in_flight_is_no_new_load(make_play):
    play = make_play(max_in_flight=1)
    sale = play.sale()
    play.asks(sale)
    play.asks(sale, "pos-2")
    play.engine.drain()
    play.asks(sale, "pos-3")
    play.answers("visa", play.host_gets("visa", "0100"), "00")
    for link in ("pos-1", "pos-2", "pos-3"):
        play.terminal_gets("0210", "00", link)


def test_in_a_drain_a_marked_repeat_still_gets_its_stored_answer(play):
    sale = play.approved()
    gone = play.reversal(play.approved())
    play.asks(gone)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")
    play.engine.drain()
    play.asks(sale | {"t": "0201"}, "pos-2")
    assert play.terminal_gets("0210", "00", "pos-2")["38"] == "A1B2C3"
    play.asks(gone | {"t": "0401"}, "pos-2")
    play.terminal_gets("0410", "00", "pos-2")
    play.asks(play.sale(t="0201"), "pos-2")
    play.terminal_gets("0210", "96", "pos-2")
    play.asks(sale | {"t": "0201", "4": "000000000001"}, "pos-2")
    play.terminal_gets("0210", "94", "pos-2")


def test_in_an_overload_repeats_are_looked_up_within_a_bound(make_play):
    play = make_play(max_in_flight=1)
    sale = play.approved()
    play.asks(play.sale(), "pos-9")
    request = play.host_gets("visa", "0100")
    play.journal("held")
    play.asks(sale | {"t": "0201"}, "pos-2")
    play.asks(sale | {"t": "0201"}, "pos-3")
    play.terminal_gets("0210", "96", "pos-3")
    play.journal("working")
    play.terminal_gets("0210", "00", "pos-2")
    play.asks(sale | {"t": "0201"}, "pos-3")
    play.terminal_gets("0210", "00", "pos-3")
    play.answers("visa", request, "51")
    play.terminal_gets("0210", "51", "pos-9")


def test_a_stored_approval_that_a_repeat_did_not_get_is_still_with_its_first_requester(play):
    sale = play.approved()
    play.asks(sale, "pos-2")
    play.terminal_gets("0210", "00", "pos-2")
    play.hangs_up("pos-2", unsent=True)
    assert play.row(sale["11"])["state"] == "approved"
