"""An answer must be about its request: fields that come back otherwise, other amounts, and approvals of a part."""

import pytest

VISA, MASTERCARD, ON_US = "4111111111111111", "5555555555554444", "4571990000000011"
HOSTS = {"visa": VISA, "mastercard": MASTERCARD, "issuer-a": ON_US}
TAKES_PARTIAL = {"_60": "000000000001"}


def asked(play, host="visa", **fields):
    sale = play.sale(HOSTS[host], **fields)
    play.asks(sale)
    return sale, play.host_gets(host, "1100" if host == "issuer-a" else "0100")


def yes(host):
    return "000" if host == "issuer-a" else "00"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("2", "4000000000000002", "pan"),
        ("3", "010000", "processing_code"),
        ("12", "120001", "local_time"),
        ("32", "400009", "acquirer"),
        ("37", "999999999999", "rrn"),
        ("41", "TERM0002", "terminal"),
        ("42", "MERCHANT0000002", "merchant"),
        ("49", "840", "currency"),
    ],
)
def test_an_answer_with_another_field_is_not_taken_and_the_request_is_reversed_at_its_deadline(
    play, host, field, value, name
):
    if (host, field) == ("issuer-a", "12"):
        value = "261124" + value
    _, request = asked(play, host)
    play.answers(host, request, yes(host), **{f"_{field}": value})
    log = play.logs("answer contradicts its request")
    assert (log["fields"], log["txn_id"]) == (name, "1")
    play.nothing()
    assert play.count("contradictions") == 1
    play.advance(1.6)
    play.host_gets(host, "1420" if host == "issuer-a" else "0400")
    play.terminal_gets("0210", "91")


def test_the_right_answer_still_counts_after_one_that_contradicts(play):
    _, request = asked(play)
    play.answers("visa", request, "51", _2="4000000000000002")
    play.logs("answer contradicts its request")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")


def test_what_an_answer_leaves_out_and_how_it_pads_contradict_nothing(play):
    _, request = asked(play)
    play.answers("visa", request, "00", _2="", _4="", _32="0" + request["32"], _41="", _42="", _49="")
    play.terminal_gets("0210", "00")


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("amount", ["000000001233", "000000001235", "000000000000"])
def test_a_plain_approval_of_another_amount_is_reversed_and_declined(play, host, amount):
    _, request = asked(play, host)
    play.answers(host, request, yes(host), _4=amount)
    play.logs("answer otherwise")
    reversal = play.host_gets(host, "1420" if host == "issuer-a" else "0400")
    assert reversal["4"] == "000000001234"
    play.terminal_gets("0210", "05")


def test_the_amount_of_a_decline_or_of_a_balance_says_nothing(play):
    _, request = asked(play)
    play.answers("visa", request, "51", _4="000000000001")
    play.terminal_gets("0210", "51")
    _, request = asked(play, _3="310000", _4="")
    play.answers("visa", request, "00", _4="000000009900")
    play.terminal_gets("0210", "00")


@pytest.mark.parametrize("host", HOSTS)
def test_a_part_is_approved_where_the_terminal_takes_it(play, host):
    sale, request = asked(play, host, **TAKES_PARTIAL)
    play.answers(host, request, "002" if host == "issuer-a" else "10", _4="000000001000", _38="A1B2C3")
    answer = play.terminal_gets("0210", "10")
    assert (answer["4"], answer["38"]) == ("000000001000", "A1B2C3")
    assert answer["54"] == "0057978D000000001234"
    row = play.row(sale["11"])
    assert (row["state"], row["amount"], row["effective"]) == ("approved", 1234, 1000)
    assert play.marks == {1}


def test_the_hosts_learn_that_the_terminal_takes_a_part(play):
    _, request = asked(play, **TAKES_PARTIAL)
    assert request["60"][-1] == "1"
    _, request = asked(play, "mastercard", **TAKES_PARTIAL)
    assert "610510000" in request["48"]
    _, request = asked(play)
    assert request["60"][-1] == "0"


@pytest.mark.parametrize("fields", [{}, {"_60": "00000001"}, {"_60": "000000000000"}, {"_3": "200000"} | TAKES_PARTIAL])
def test_a_part_is_undone_where_nobody_takes_it(play, fields):
    _, request = asked(play, **fields)
    play.answers("visa", request, "10", _4="000000001000")
    play.logs("answer otherwise")
    play.host_gets("visa", "0400")
    play.terminal_gets("0210", "05")


@pytest.mark.parametrize("amount", ["", "000000000000", "000000001234", "000000009999"])
def test_a_part_that_is_none_is_undone(play, amount):
    _, request = asked(play, **TAKES_PARTIAL)
    play.answers("visa", request, "10", _4=amount)
    play.logs("answer otherwise")
    play.host_gets("visa", "0400")
    play.terminal_gets("0210", "05")


def test_a_terminal_may_take_parts_by_its_settings(make_play):
    play = make_play()
    settings = type(play.settings.default_terminal)(tpk=play.settings.default_terminal.tpk, partial_approvals=True)
    play = make_play(default_terminal=settings)
    _, request = asked(play)
    play.answers("visa", request, "10", _4="000000000001")
    play.terminal_gets("0210", "10")


@pytest.mark.parametrize("amount", ["000000001234", "000000001000", "000000000000"])
def test_the_reversal_of_a_part_is_of_that_part(play, amount):
    sale, request = asked(play, **TAKES_PARTIAL)
    play.answers("visa", request, "10", _4="000000001000")
    play.terminal_gets("0210", "10")
    play.asks(play.reversal(sale, _4=amount))
    assert play.host_gets("visa", "0400")["4"] == "000000001000"
    play.terminal_gets("0410", "00")


def test_a_repeat_collects_the_part(play):
    sale, request = asked(play, **TAKES_PARTIAL)
    play.answers("visa", request, "10", _4="000000001000")
    first = play.terminal_gets("0210", "10")
    play.asks(sale | {"t": "0201"})
    assert play.terminal_gets("0210", "10") == first


def test_a_part_that_reaches_nobody_is_taken_back(play):
    _, request = asked(play, **TAKES_PARTIAL)
    play.hangs_up()
    play.answers("visa", request, "10", _4="000000001000")
    play.logs("approval taken back")
    assert play.host_gets("visa", "0400")["4"] == "000000001000"


def test_a_part_found_after_a_restart_and_not_delivered_is_taken_back(play):
    _, request = asked(play, **TAKES_PARTIAL)
    play.journal("held")
    play.answers("visa", request, "10", _4="000000001000")
    play.commit()
    play.terminal_gets("0210", "10")
    play.marks.clear()
    play.store_held = False
    play.restart()
    play.logs("approval taken back")
    play.host_is("visa", up=True)
    assert play.host_gets("visa", "0400")["4"] == "000000001000"


def test_a_part_that_the_journal_loses_is_reversed_as_the_host_holds_it(play):
    _, request = asked(play, **TAKES_PARTIAL)
    play.journal("failing")
    play.answers("visa", request, "10", _4="000000001000")
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.advance(1.0)
    assert play.host_gets("visa", "0400")["4"] == "000000001000"
    assert play.rows()[0]["state"] == "reversed"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("field", "value", "name"),
    [("2", "4000000000000002", "pan"), ("37", "999999999999", "rrn"), ("4", "000000000001", "amount")],
)
def test_an_acknowledgement_of_something_else_acknowledges_nothing(play, host, field, value, name):
    asked(play, host)
    play.advance(1.6)
    reversal = play.host_gets(host, "1420" if host == "issuer-a" else "0400")
    play.terminal_gets("0210", "91")
    accepted = "400" if host == "issuer-a" else "00"
    play.answers(host, reversal, accepted, **{f"_{field}": value})
    log = play.logs("answer contradicts its request")
    assert (log["fields"], log["txn_id"], log["host"]) == (name, "1", host)
    assert (play.count("contradictions"), play.saf()[0]["state"]) == (1, "queued")
    play.advance(3.5)
    play.answers(host, play.host_gets(host, "1421" if host == "issuer-a" else "0401"), accepted)
    assert play.saf()[0]["state"] == "acknowledged"


def test_what_an_acknowledgement_leaves_out_contradicts_nothing(play):
    asked(play)
    play.advance(1.6)
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    bare = dict.fromkeys(("_2", "_3", "_4", "_12", "_32", "_37", "_41", "_42", "_49"), "")
    play.answers("visa", reversal, "00", **bare)
    assert play.saf()[0]["state"] == "acknowledged"


def test_the_amount_in_the_acknowledgement_of_a_balance_says_nothing(play):
    asked(play, _3="310000", _4="")
    play.advance(1.6)
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    play.answers("visa", reversal, "00", _4="000000009900")
    assert play.saf()[0]["state"] == "acknowledged"
