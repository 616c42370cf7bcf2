"""One payment from the terminal to the host and back: what is durable before what leaves, and who gets which answer."""

import pytest

from switch.engine.reversals import stan_of_queued, stan_of_request

VISA, MASTERCARD, ON_US = "4111111111111111", "5555555555554444", "4571990000000011"


def test_a_request_leaves_once_its_intent_is_durable_and_an_approval_once_its_outcome_is(play):
    play.journal("held")
    sale = play.sale()
    play.asks(sale)
    play.nothing()
    play.journal_writes("Intent")
    request = play.host_gets("visa", "0100")
    play.answers("visa", request, "00", _38="A1B2C3")
    play.nothing()
    play.journal_writes("Outcome approved")
    answer = play.terminal_gets("0210", "00")
    assert answer["38"] == "A1B2C3"
    assert answer["11"] == sale["11"]
    assert play.marks == {1}


def test_a_decline_of_the_host_reaches_the_terminal_as_it_was_given(play):
    play.asks(play.sale())
    play.answers("visa", play.host_gets("visa", "0100"), "51")
    assert "38" not in play.terminal_gets("0210", "51")
    assert play.row("000001")["state"] == "declined"
    assert not play.marks


def test_the_host_sees_the_switchs_own_trace_number_time_and_acquirer(play):
    sale = play.sale(_11="000777", _7="0101000000", _32="99999999999")
    play.asks(sale)
    request = play.host_gets("visa", "0100")
    assert request["7"] == "1124120000"
    assert request["11"] != "000777"
    assert request["32"] == "400001"
    play.answers("visa", request, "00")
    answer = play.terminal_gets("0210", "00")
    assert (answer["7"], answer["11"]) == ("0101000000", "000777")


def test_answers_out_of_order_find_their_requests(play):
    for name in ("a", "b", "c"):
        play.asks(play.sale(), name)
    requests = [play.host_gets("visa", "0100") for _ in range(3)]
    for position, code, link in ((2, "51", "c"), (0, "00", "a"), (1, "05", "b")):
        play.answers("visa", requests[position], code)
        play.terminal_gets("0210", code, link)


def test_each_network_gets_its_own_cards(play):
    for pan, host, mti in ((VISA, "visa", "0100"), (MASTERCARD, "mastercard", "0100"), (ON_US, "issuer-a", "1100")):
        play.asks(play.sale(pan))
        play.answers(host, play.host_gets(host, mti), "000" if host == "issuer-a" else "00")
        play.terminal_gets("0210", "00")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"_4": "000000000000"}, "13"),
        ({"_2": "4111111111111112"}, "14"),
        ({"_2": "42"}, "14"),
        ({"_3": "900000"}, "12"),
        ({"_3": ""}, "30"),
        ({"_49": ""}, "30"),
        ({"_49": "ABC"}, "30"),
        ({"_49": "EUR"}, "30"),
        ({"_2": ""}, "30"),
        ({"_35": "4242424242424242=301220117983740"}, "30"),
        ({"_48": "92055TOLD"}, "30"),
        ({"_48": "4201X"}, "30"),
        ({"_48": "4203123"}, "30"),
        ({"_2": "9999999999999995"}, "92"),
    ],
)
def test_what_need_not_leave_the_switch_is_declined_here_and_journalled(play, changes, code):
    sale = play.sale(**changes)
    play.asks(sale)
    play.terminal_gets("0210", code)
    row = play.row(sale["11"])
    assert (row["state"], row["response_code"]) == ("declined", code)


@pytest.mark.parametrize("processing_code", ["300000", "310000"])
def test_a_balance_inquiry_needs_no_amount_and_moves_none(play, processing_code):
    play.asks(play.sale(amount=0, _3=processing_code))
    play.answers("visa", play.host_gets("visa", "0100"), "85", _54="0001978C000000012345")
    assert play.terminal_gets("0210", "85")["54"] == "0001978C000000012345"
    assert (play.row("000001")["state"], play.row("000001")["captured"]) == ("approved", 0)


def test_a_host_that_is_not_signed_on_is_91_at_once(play):
    play.host_is("visa", up=False)
    play.asks(play.sale())
    play.terminal_gets("0210", "91")


def test_a_link_that_breaks_while_the_intent_is_written_is_91_and_nothing_is_reversed(play):
    play.journal("held")
    play.asks(play.sale())
    play.host_is("visa", up=False)
    play.journal_writes("Intent")
    play.journal_writes("Outcome declined")
    play.terminal_gets("0210", "91")
    assert play.saf() == []


def test_an_unknown_terminal_is_03_when_terminals_must_be_known(make_play):
    play = make_play(accept_unknown=False)
    play.asks(play.sale())
    play.terminal_gets("0210", "03")


@pytest.mark.parametrize("missing", [{"_41": ""}, {"_41": " " * 8}, {"_11": ""}, {"_7": "", "_12": ""}])
def test_without_its_key_fields_a_request_is_30_and_leaves_no_trace(play, missing):
    play.asks(play.sale(**missing))
    play.terminal_gets("0210", "30")
    assert play.rows() == []
    assert play.count("refused") == 1


def test_a_field_of_the_wrong_class_is_30_with_the_key_fields_echoed(play):
    frame = play.frame(play.sale()).replace(b"000000001234", b"00000000X234")
    play.sends(frame)
    play.logs("message refused")
    answer = play.terminal_gets("0210", "30")
    assert (answer["11"], answer["41"]) == ("000001", "TERM0001")


@pytest.mark.parametrize("cut", [0, 3, 10, 30])
def test_a_message_whose_key_fields_cannot_be_read_closes_its_link_with_the_reason(play, cut):
    play.sends(play.frame(play.sale())[:cut])
    play.logs("message refused")
    assert play.closes().startswith("unreadable message: pos-1987-ascii: field")


def test_one_refused_message_does_not_hurt_the_next(play):
    play.sends(play.frame(play.sale()).replace(b"000000001234", b"00000000X234"))
    play.logs("message refused")
    play.terminal_gets("0210", "30")
    play.approved()


@pytest.mark.parametrize("mti", ["0120", "0300", "0500", "1200", "0820"])
def test_a_message_type_the_switch_does_not_serve_is_12(play, mti):
    play.asks(play.sale(t=mti))
    play.terminal_gets(mti[:2] + ("3" if mti[2] == "2" else "1") + "0", "12")


@pytest.mark.parametrize("mti", ["0110", "0210", "0430", "0810", "0240"])
def test_an_answer_or_notification_from_a_terminal_is_ignored(play, mti):
    play.asks(play.sale(t=mti))
    assert play.logs("message ignored")["mti"] == mti


def test_a_network_management_request_is_accepted(play):
    play.asks({"t": "0800", "7": "1124120000", "11": "000009", "70": "301"})
    assert play.terminal_gets("0810", "00")["70"] == "301"


def test_a_card_number_that_stands_in_the_track_only_is_routed(play, cards):
    play.asks(play.sale(_2="", _14="", _22="901", _35=cards[MASTERCARD]["track2"]))
    request = play.host_gets("mastercard", "0100")
    assert (request["2"], request["14"]) == (MASTERCARD, "3012")
    play.answers("mastercard", request, "00")
    play.terminal_gets("0210", "00")


@pytest.mark.parametrize(
    ("now", "local_date", "year"),
    [
        ("2027-01-01 00:30:00", "1231", "26"),
        ("2026-12-31 23:30:00", "0101", "27"),
        ("2026-06-15 12:00:00", "0615", "26"),
    ],
)
def test_around_new_year_the_local_date_has_its_own_year(play, now, local_date, year):
    play.set_time(now)
    play.asks(play.sale(ON_US, _13=local_date))
    request = play.host_gets("issuer-a", "1100")
    assert request["12"][:6] == year + local_date
    play.answers("issuer-a", request, "000")
    play.terminal_gets("0210", "00")


def test_what_the_terminal_leaves_out_comes_from_its_settings_and_the_clock(play):
    play.asks(play.sale(_12="", _13="", _22="", _25="", _42="", _37=""))
    request = play.host_gets("visa", "0100")
    assert (request["12"], request["13"], request["18"], request["22"]) == ("120000", "1124", "5999", "0000")
    assert request["37"] == "632812" + request["11"]
    play.answers("visa", request, "00")
    assert play.terminal_gets("0210", "00")["37"] == request["37"]


@pytest.mark.parametrize("reference", ["   123456789", "123456789   ", "ABCDEFGHIJKL"])
def test_a_reference_number_is_passed_on_as_it_came(play, reference):
    play.asks(play.sale(_37=reference))
    request = play.host_gets("visa", "0100")
    assert request["37"] == reference
    play.answers("visa", request, "00")
    assert play.terminal_gets("0210", "00")["37"] == reference


def test_only_a_financial_request_over_a_network_is_captured(play):
    play.approved()
    play.approved(t="0100")
    play.approved(_3="200000")
    play.approved(ON_US, host="issuer-a")
    assert [row["captured"] for row in play.rows()] == [1, 0, 1, 0]


def test_overload_is_refused_at_once(make_play):
    play = make_play(max_in_flight=1)
    play.asks(play.sale())
    play.asks(play.sale(), "pos-2")
    request = play.host_gets("visa", "0100")
    play.terminal_gets("0210", "96", "pos-2")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")
    play.approved()


def test_a_drain_refuses_what_is_new_and_answers_what_is_in_flight(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    play.engine.drain()
    play.asks(play.sale(), "pos-2")
    play.terminal_gets("0210", "96", "pos-2")
    assert play.engine.in_flight == 1
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")
    assert play.engine.in_flight == 0


def test_trace_numbers_of_requests_and_queued_messages_never_meet():
    requests = {stan_of_request(number) for number in range(500_000)}
    queued = {stan_of_queued(number) for number in range(500_000)}
    assert not requests & queued
    assert "000000" not in requests | queued
    assert max(requests | queued) == "999998"
    assert len(requests) == len(queued) == 499_999
    assert {len(stan) for stan in requests | queued} == {6}
