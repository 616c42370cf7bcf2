"""Reversals that terminals send: before, during and after their originals, with and without DE90."""

import pytest

VISA, ON_US = "4111111111111111", "4571990000000011"


def bare(play, original, **fields):
    """A reversal without DE90, under the trace number of its original."""
    return play.reversal(original, _90="", _11=original["11"], **fields)


def named(play, original, **fields):
    return play.reversal(original, **fields)


both = pytest.mark.parametrize("make", [named, bare])


@both
def test_an_approval_is_reversed_durably_before_the_terminal_hears_of_it(play, make):
    sale = play.approved()
    play.journal("held")
    play.asks(make(play, sale))
    play.journal_writes("Lookup")
    play.nothing()
    play.journal_writes("Intent", "Outcome approved", "Reversed", "SafPut")
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0410", "00")
    play.journal("working")
    assert (reversal["38"], reversal["4"], reversal["63"][-4:]) == ("A1B2C3", sale["4"], "2501")
    play.answers("visa", reversal, "00")
    row = play.rows()[0]
    assert (row["state"], row["reason"]) == ("reversed", "cancelled")
    play.asks(sale)
    play.terminal_gets("0210", "91")


@pytest.mark.parametrize("mti", ["0400", "0401", "0420", "0421"])
def test_every_reversal_type_is_served(play, mti):
    play.asks(play.reversal(play.approved(), t=mti))
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets(f"04{'3' if mti[2] == '2' else '1'}0", "00")


@both
def test_a_reversal_of_a_request_in_flight_withholds_its_answer(play, make):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.asks(make(play, sale), "pos-2")
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    play.terminal_gets("0410", "00", "pos-2")
    play.answers("visa", request, "00")
    play.logs("late answer")
    play.answers("visa", reversal, "00")
    play.advance(10)
    assert play.rows()[0]["state"] == "reversed"


@both
def test_a_reversal_while_the_intent_is_written_keeps_the_request_from_the_host(play, make):
    play.journal("held")
    sale = play.sale(_52=play.pin_block(VISA, "1234"))
    play.hsm_is("silent")
    play.asks(sale)
    play.asks(make(play, sale), "pos-2")
    play.journal("working")
    play.terminal_gets("0410", "00", "pos-2")
    play.hsm_is("up")
    play.terminal_gets("0210", "91")
    assert play.rows()[0]["state"] == "declined"
    assert play.saf() == []


@both
def test_a_reversal_while_the_approval_is_written_is_one_write_with_it_taken_back(play, make):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.journal("held")
    play.asks(make(play, sale), "pos-2")
    play.answers("visa", request, "00", _38="A1B2C3")
    play.journal_writes("Lookup")
    play.journal_writes("Outcome approved")
    play.terminal_gets("0210", "91")
    play.journal_writes("Intent", "Outcome approved", "Reversed", "SafPut")
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0410", "00", "pos-2")
    assert reversal["38"] == "A1B2C3"
    play.journal("working")
    play.answers("visa", reversal, "00")
    assert play.rows()[0]["state"] == "reversed"
    assert play.marks == set()


def test_when_the_journal_loses_that_write_the_approval_is_still_taken_back(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.journal("held")
    play.asks(play.reversal(sale), "pos-2")
    play.answers("visa", request, "00")
    play.journal_writes("Lookup")
    play.journal_writes("Outcome approved")
    play.terminal_gets("0210", "91")
    play.journal_writes("Intent", "Outcome approved", "Reversed", "SafPut", ok=False)
    play.terminal_gets("0410", "96", "pos-2")
    play.journal("working")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert [row["state"] for row in play.rows()] == ["reversed"]


def test_when_the_journal_loses_the_approval_itself_one_reversal_goes_out(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.journal("held")
    play.asks(play.reversal(sale), "pos-2")
    play.answers("visa", request, "00")
    play.journal_writes("Lookup")
    play.journal_writes("Outcome approved", ok=False)
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00", "pos-2")
    play.advance(5)
    assert play.rows()[0]["state"] == "reversed"
    assert len(play.saf()) == 1


def test_a_reversal_that_meets_the_repeat_of_an_approval_reverses_the_approval(play):
    sale = play.approved()
    play.journal("held")
    play.asks(sale)
    play.asks(play.reversal(sale))
    play.journal("working")
    play.terminal_gets("0210", "00")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")
    assert play.rows()[0]["state"] == "reversed"


def test_an_original_that_comes_after_its_reversal_is_declined(play):
    sale = play.sale()
    play.asks(play.reversal(sale))
    play.terminal_gets("0410", "25")
    play.asks(sale)
    play.terminal_gets("0210", "12")
    play.asks(sale | {"t": "0201"})
    play.terminal_gets("0210", "12")


def test_also_after_a_restart(play):
    sale = play.sale()
    play.asks(play.reversal(sale))
    play.terminal_gets("0410", "25")
    play.restart()
    play.host_is("visa", up=True)
    play.asks(sale)
    play.terminal_gets("0210", "12")


def test_an_original_and_its_reversal_that_cross_are_undone(play):
    sale = play.sale()
    play.journal("held")
    play.asks(play.reversal(sale), "pos-2")
    play.asks(sale)
    play.journal("working")
    play.host_gets("visa", "0100")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0210", "91")
    play.terminal_gets("0410", "00", "pos-2")


def test_without_de90_a_reversal_of_nothing_is_25_and_looked_up_again_when_repeated(play):
    sale = play.sale()
    early = bare(play, sale)
    play.asks(early)
    play.logs("reversal of nothing")
    play.terminal_gets("0410", "25")
    play.asks(sale)
    play.answers("visa", play.host_gets("visa", "0100"), "00")
    play.terminal_gets("0210", "00")
    play.asks(early | {"t": "0401"})
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")


def test_a_reversal_finds_its_original_by_the_reference_number_of_the_answer(play):
    sale = play.sale()
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    play.answers("visa", request, "00")
    reference = play.terminal_gets("0210", "00")["37"]
    play.asks(play.reversal(sale, _90="", _37=reference))
    reversal = play.host_gets("visa", "0400")
    assert reversal["90"][4:10] == request["11"]
    play.answers("visa", reversal, "00")
    play.terminal_gets("0410", "00")


def test_a_reversal_with_a_reference_number_of_its_own_finds_its_original_by_the_trace_number(play):
    sale = play.approved()
    play.asks(bare(play, sale, _37="REVERSAL0001"))
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")


def test_a_de90_without_the_time_of_the_original_names_it_by_its_trace_number(play):
    sale = play.sale()
    play.asks(sale)
    play.host_gets("visa", "0100")
    play.asks(play.reversal(sale, _90="0200" + sale["11"] + "0" * 32), "pos-2")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0210", "91")
    play.terminal_gets("0410", "00", "pos-2")


def test_a_reversal_of_a_decline_has_nothing_to_undo(play):
    sale = play.sale()
    play.asks(sale)
    play.answers("visa", play.host_gets("visa", "0100"), "51")
    play.terminal_gets("0210", "51")
    play.asks(play.reversal(sale))
    play.terminal_gets("0410", "00")
    assert play.row(sale["11"])["state"] == "declined"
    assert play.saf() == []


def test_a_reversal_of_a_timeout_is_accepted_and_the_host_gets_no_second_one(play):
    sale = play.sale()
    play.asks(sale)
    play.host_gets("visa", "0100")
    play.advance(2)
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    play.asks(play.reversal(sale))
    play.terminal_gets("0410", "00")
    play.answers("visa", reversal, "00")
    play.advance(60)


def test_two_reversals_of_one_sale_are_both_accepted_and_the_host_sees_one(play):
    sale = play.approved()
    first, second = play.reversal(sale), play.reversal(sale)
    play.asks(first)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")
    play.asks(second)
    play.terminal_gets("0410", "00")
    play.asks(first | {"t": "0401"})
    play.terminal_gets("0410", "00")
    assert len(play.saf()) == 1


def test_a_reversal_repeated_in_flight_is_answered_to_both(play):
    sale = play.approved()
    reversal = play.reversal(sale)
    play.journal("held")
    play.asks(reversal)
    play.asks(reversal | {"t": "0401"}, "pos-2")
    play.asks(reversal | {"4": "000000000001"}, "pos-3")
    play.terminal_gets("0410", "94", "pos-3")
    play.journal("working")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")
    play.terminal_gets("0410", "00", "pos-2")


def test_a_second_reversal_that_meets_the_first_in_the_journal_promises_nothing_yet(play):
    sale = play.approved()
    play.journal("held")
    play.asks(play.reversal(sale))
    play.asks(play.reversal(sale), "pos-2")
    play.journal_writes("Lookup")
    play.journal_writes("Lookup")
    play.terminal_gets("0410", "91", "pos-2")
    play.journal("working")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")


@pytest.mark.parametrize(
    "changes", [{"_4": "000000000001"}, {"_2": "4242424242424242"}, {"_49": "840"}], ids=["amount", "card", "currency"]
)
@both
def test_a_reversal_of_another_amount_card_or_currency_finds_nothing(play, make, changes):
    sale = play.approved()
    play.asks(make(play, sale, **changes))
    play.terminal_gets("0410", "25")
    assert play.rows()[0]["state"] == "approved"
    assert play.saf() == []


@pytest.mark.parametrize("changes", [{"_2": "", "_4": ""}, {"_4": "000000000000"}])
def test_a_reversal_may_leave_card_and_amount_to_its_original(play, changes):
    play.asks(play.reversal(play.approved(), **changes))
    reversal = play.host_gets("visa", "0400")
    assert (reversal["2"], reversal["4"]) == (VISA, "000000001234")
    play.answers("visa", reversal, "00")
    play.terminal_gets("0410", "00")


def test_another_terminals_reversal_finds_nothing(play):
    play.asks(play.reversal(play.approved(), _41="TERM0002"))
    play.terminal_gets("0410", "25")
    assert play.rows()[0]["state"] == "approved"


def test_a_partial_reversal_is_not_served(play):
    play.asks(play.reversal(play.approved(), _95="000000000100" + "0" * 30))
    play.terminal_gets("0410", "12")
    assert play.rows()[0]["state"] == "approved"


def test_a_reversal_of_a_reversal_is_invalid_and_harms_neither(play):
    sale = play.approved()
    first = play.reversal(sale)
    play.asks(first)
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")
    play.asks(play.reversal(sale, _90="0400" + first["11"] + first["7"] + "0" * 22))
    play.terminal_gets("0410", "12")
    assert play.rows()[1]["state"] == "approved"


def test_a_reversal_that_names_itself_is_invalid(play):
    reversal = play.reversal(play.sale())
    play.asks(reversal | {"90": "0400" + reversal["11"] + reversal["7"] + "0" * 22})
    play.terminal_gets("0410", "12")
    assert play.engine.in_flight == 0


def test_a_journal_that_fails_means_96_and_a_later_repeat_reverses(play):
    sale = play.approved()
    reversal = play.reversal(sale)
    play.journal("failing")
    play.asks(reversal)
    play.terminal_gets("0410", "96")
    play.journal("working")
    play.asks(reversal | {"t": "0401"})
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")


def test_a_slow_journal_means_91_and_a_repeat_gets_what_was_written(play):
    sale = play.approved()
    reversal = play.reversal(sale)
    play.journal("held")
    play.asks(reversal)
    play.commit(1)
    play.advance(1.7)
    play.terminal_gets("0410", "91")
    play.journal("working")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.asks(reversal | {"t": "0401"})
    play.terminal_gets("0410", "00")
    play.asks(reversal | {"t": "0401", "4": "000000000001"})
    play.terminal_gets("0410", "94")


def test_a_terminal_that_is_gone_does_not_keep_its_reversal_from_the_host(play):
    sale = play.approved()
    play.journal("held")
    play.asks(play.reversal(sale))
    play.hangs_up()
    play.journal("working")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.rows()[0]["state"] == "reversed"


def test_a_reversal_answer_that_was_not_written_takes_nothing_back(play):
    sale = play.approved()
    play.asks(play.reversal(sale), "pos-2")
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00", "pos-2")
    assert play.link("pos-2").tokens == []


def test_an_on_us_sale_is_reversed_at_its_issuer_in_1993_terms(play):
    sale = play.approved(ON_US, host="issuer-a")
    play.asks(play.reversal(sale))
    reversal = play.host_gets("issuer-a", "1420")
    assert (reversal["24"], reversal["25"]) == ("400", "4000")
    play.answers("issuer-a", reversal, "400")
    play.terminal_gets("0410", "00")
    assert play.saf()[0]["state"] == "acknowledged"
