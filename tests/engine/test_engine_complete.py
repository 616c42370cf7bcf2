"""Pre-authorisations and their completions: what is captured, by what it is found, and what is refused and why."""

import pytest

from switch.journal import reader

VISA, MASTERCARD, ON_US = "4111111111111111", "5555555555554444", "4571990000000011"


def held(play, pan=VISA, host="visa", **fields):
    """An approved pre-authorisation; gives the terminal's request."""
    return play.approved(pan, 10000, host, t="0100", **fields)


def completion(play, original, amount=9000, **fields):
    named = original["t"] + original["11"] + original["7"] + "0" * 22
    return play.sale(original["2"], amount, **{"t": "0220", "_90": named} | fields)


def refused(play, code, why):
    assert play.logs("completion refused")["reason"] == why
    play.terminal_gets("0230", code)


def test_a_completion_is_captured_and_answered_here_with_the_data_of_its_original(play):
    original = held(play)
    asked = completion(play, original)
    play.journal("held")
    play.asks(asked)
    play.commit()
    play.commit()
    play.nothing()
    play.journal_writes("Intent", "Outcome approved", "Completed")
    play.terminal_gets("0230", "00")
    first, second = play.rows()
    assert (first["state"], first["captured"], first["completed"]) == ("approved", 0, second["txn_id"])
    assert (second["kind"], second["state"], second["captured"], second["amount"]) == (
        "completion",
        "approved",
        1,
        9000,
    )
    assert (second["auth_code"], second["original"], second["network"]) == ("A1B2C3", first["txn_id"], "visa")
    same = ("rrn", "mcc", "name_location", "refs", "host")
    assert [second[name] for name in same] == [first[name] for name in same]
    assert not play.marks - {first["txn_id"]}
    assert reader.captured_totals(play.memory.connection, 1) == {"visa": {"978": (1, 9000)}}
    assert reader.net_approved(play.memory.connection) == {"978": 10000}  # what the issuer holds


@pytest.mark.parametrize("named", [{}, {"_90": "", "_37": "rrn"}, {"_90": "0000000001" + "0" * 32}])
def test_it_finds_its_original_by_de90_or_by_de37(play, named):
    original = held(play)
    rrn = play.rows()[0]["rrn"]
    play.asks(completion(play, original, **{name: rrn if value == "rrn" else value for name, value in named.items()}))
    play.terminal_gets("0230", "00")


@pytest.mark.parametrize(("amount", "taken"), [(1, True), (10000, True), (10001, False)])
def test_it_takes_no_more_than_was_approved(play, amount, taken):
    play.asks(completion(play, held(play), amount))
    if taken:
        play.terminal_gets("0230", "00")
    else:
        refused(play, "13", "the amount is above what was approved")
        assert [row["captured"] for row in play.rows()] == [0, 0]


@pytest.mark.parametrize(("amount", "taken"), [(11500, True), (11501, False)])
def test_a_terminal_may_have_a_tolerance(make_play, amount, taken):
    tpk = make_play().settings.default_terminal
    play = make_play(default_terminal=type(tpk)(tpk=tpk.tpk, completion_tolerance=15))
    play.asks(completion(play, held(play), amount))
    if taken:
        play.terminal_gets("0230", "00")
    else:
        refused(play, "13", "the amount is above what was approved")


def test_of_a_part_no_more_than_that_part(play):
    sale = play.sale(VISA, 10000, t="0100", _60="000000000001")
    play.asks(sale)
    play.answers("visa", play.host_gets("visa", "0100"), "10", _4="000000005000")
    play.terminal_gets("0110", "10")
    play.asks(completion(play, sale, 5001))
    refused(play, "13", "the amount is above what was approved")


def test_a_repeat_gets_its_answer_and_captures_nothing(play):
    asked = completion(play, held(play))
    play.asks(asked)
    play.terminal_gets("0230", "00")
    play.asks(asked | {"t": "0221"})
    play.terminal_gets("0230", "00")
    play.restart()
    play.asks(asked | {"t": "0221"})
    play.terminal_gets("0230", "00")
    assert len(play.rows()) == 2


def test_a_sale_under_the_key_of_a_completion_is_none_of_its_repeats(play):
    asked = completion(play, held(play))
    play.asks(asked, settle=False)
    play.asks(asked | {"t": "0200"})
    play.terminal_gets("0210", "94")
    play.terminal_gets("0230", "00")
    play.asks(asked | {"t": "0201"})
    play.terminal_gets("0210", "94")
    sale = play.approved()
    play.asks(completion(play, held(play), _11=sale["11"], _7=sale["7"]) | {"4": sale["4"]})
    play.terminal_gets("0230", "94")


def test_a_second_completion_is_refused(play):
    original = held(play)
    play.asks(completion(play, original, 1))
    play.terminal_gets("0230", "00")
    play.asks(completion(play, original, 1))
    refused(play, "12", "the original was completed by 2")


def test_of_two_at_once_one_is_to_be_repeated_and_is_refused_then(play):
    original = held(play)
    one, two = completion(play, original, 1), completion(play, original, 2)
    play.journal("held")
    play.asks(one, "a")
    play.asks(two, "b")
    for _ in range(2):
        play.commit(2)
    play.terminal_gets("0230", "91", "b")
    play.journal("working")
    play.terminal_gets("0230", "00", "a")
    play.asks(two | {"t": "0221"}, "b")
    assert play.logs("completion refused")
    play.terminal_gets("0230", "12", "b")


def test_nothing_but_an_approved_0100_is_completed(play):
    sale = play.approved()
    play.asks(completion(play, sale, 1))
    refused(play, "12", "the original is no pre-authorisation")
    declined = play.sale(t="0100")
    play.asks(declined)
    play.answers("visa", play.host_gets("visa", "0100"), "51")
    play.terminal_gets("0110", "51")
    play.asks(completion(play, declined, 1))
    refused(play, "12", "the original is declined")
    original = held(play)
    play.asks(play.reversal(original))
    play.answers("visa", play.host_gets("visa", "0400"), "00")
    play.terminal_gets("0410", "00")
    play.asks(completion(play, original, 1))
    refused(play, "12", "the original is reversed")
    assert not any(row["completed"] for row in play.rows())


def test_one_without_its_original_or_of_another_card_is_25(play):
    original = held(play)
    play.asks(completion(play, original, 1, _90="0100999999" + original["7"] + "0" * 22))
    refused(play, "25", "there is no original")
    play.asks(completion(play, original, 1, _90="", _11=original["11"]))
    refused(play, "25", "there is no original")
    play.asks(completion(play, original, 1, _2="4000000000000002"))
    refused(play, "25", "the original is of another card or currency")
    play.asks(completion(play, original, 1, _49="840"))
    refused(play, "25", "the original is of another card or currency")


@pytest.mark.parametrize(
    ("fields", "code"), [({"_4": ""}, "13"), ({"_3": "200000"}, "12"), ({"_3": "310000"}, "12"), ({"_2": ""}, "30")]
)
def test_what_is_no_completion_is_refused_at_once(play, fields, code):
    play.asks(completion(play, held(play), **fields))
    play.terminal_gets("0230", code)
    assert len(play.rows()) == 1


def test_an_original_in_flight_is_to_be_completed_later(play):
    original = play.sale(t="0100")
    play.asks(original)
    request = play.host_gets("visa", "0100")
    play.asks(completion(play, original, 1))
    play.terminal_gets("0230", "91")
    play.answers("visa", request, "00")
    play.terminal_gets("0110", "00")


def test_a_completed_request_is_not_reversed_before_its_completion(play):
    original = held(play)
    asked = completion(play, original)
    play.asks(asked)
    play.terminal_gets("0230", "00")
    play.asks(play.reversal(original))
    play.logs("reversal of a completed request")
    play.terminal_gets("0410", "12")
    play.asks(play.reversal(asked))
    play.terminal_gets("0410", "00")
    assert [(row["state"], row["completed"]) for row in play.rows()[:2]] == [("approved", 0), ("reversed", 0)]
    play.asks(play.reversal(original))
    assert play.host_gets("visa", "0400")["4"] == "000000010000"
    play.terminal_gets("0410", "00")


def test_a_reversal_that_crosses_a_completion_on_its_way_into_the_journal_is_to_be_repeated(play):
    original = held(play)
    play.journal("held")
    play.asks(completion(play, original), "a")
    play.commit(1)
    play.asks(play.reversal(original), "b")
    play.commit(2)
    play.terminal_gets("0410", "91", "b")
    play.journal("working")
    play.terminal_gets("0230", "00", "a")


def test_a_completion_that_crosses_a_reversal_on_its_way_into_the_journal_is_to_be_repeated(play):
    original = held(play)
    play.journal("held")
    play.asks(play.reversal(original), "b")
    play.asks(completion(play, original), "a")
    play.commit(2)
    play.units.rotate(1)  # the reversal's write waits, the completion's second look is answered
    play.commit(1)
    play.terminal_gets("0230", "91", "a")
    play.journal("working")
    play.host_gets("visa", "0400")
    play.terminal_gets("0410", "00", "b")


@pytest.mark.parametrize(("state", "code"), [("failing", "96"), ("held", "91")])
def test_a_journal_that_fails_or_is_slow_accepts_nothing(play, state, code):
    asked = completion(play, held(play))
    play.journal(state)
    play.asks(asked)
    play.advance(1.6)
    play.terminal_gets("0230", code)
    play.journal("working")
    play.asks(asked | {"t": "0221"})
    play.terminal_gets("0230", "00")


def test_the_completion_of_an_on_us_card_does_not_clear(play):
    original = held(play, ON_US, "issuer-a")
    play.asks(completion(play, original))
    play.terminal_gets("0230", "00")
    assert play.rows()[1]["captured"] == 0


def test_one_that_was_accepted_stands_though_its_answer_is_lost(play):
    asked = completion(play, held(play))
    play.hangs_up()
    play.asks(asked)
    play.restart()
    assert [row["state"] for row in play.rows()] == ["approved", "approved"]


@pytest.mark.parametrize(("written", "code"), [(True, "00"), (False, "96")])
def test_a_pre_authorisation_whose_answer_is_lost_is_taken_back_unless_its_completion_is_written(play, written, code):
    original = held(play)
    play.journal("held")
    play.asks(completion(play, original), "b")
    play.commit(1)
    play.hangs_up(unsent=True)
    play.commit(2)  # the completion finds its original, and so does the link that gives the approval back
    play.nothing()
    play.journal_writes("Intent", "Outcome approved", "Completed", ok=written)
    if not written:
        play.logs("approval taken back")
    play.terminal_gets("0230", code, "b")
    play.journal("working")
    if not written:
        play.answers("visa", play.host_gets("visa", "0400"), "00")
    assert play.rows()[0]["state"] == ("approved" if written else "reversed")
