"""PINs and card values through the real HSM commands: translated for the networks, verified on-us, never skipped."""

from dataclasses import replace

import pytest

VISA, MASTERCARD, ON_US = "4111111111111111", "5555555555554444", "4571990000000011"


def swiped(play, cards, pin=None, pan=ON_US, **fields):
    """A magnetic stripe sale of an on-us card."""
    block = play.pin_block(pan, pin) if pin else ""
    return play.sale(pan, **{"_35": cards[pan]["track2"], "_52": block, "_22": "901"} | fields)


def forwarded(play, code="000"):
    request = play.host_gets("issuer-a", "1100")
    play.answers("issuer-a", request, code)
    return request


@pytest.mark.parametrize(
    ("pan", "host", "key"), [(VISA, "visa", "zpk.visa"), (MASTERCARD, "mastercard", "zpk.mastercard")]
)
def test_a_pin_leaves_under_the_key_of_its_network(play, open_block, pan, host, key):
    block = play.pin_block(pan, "1234")
    play.asks(play.sale(pan, _52=block.lower()))
    request = play.host_gets(host, "0100")
    assert request["52"] != block
    assert open_block(key, pan, request["52"]) == "1234"
    play.answers(host, request, "00")
    assert "52" not in play.terminal_gets("0210", "00")


def test_a_request_leaves_only_when_both_the_hsm_and_the_journal_are_done(play):
    for first, second in (("hsm", "journal"), ("journal", "hsm")):
        play.hsm_is("silent")
        play.journal("held")
        play.asks(play.sale(_52=play.pin_block(VISA, "1234")))
        for part in (first, second):
            play.nothing()
            if part == "hsm":
                play.hsm_is("up")
            else:
                play.journal("working")
        play.answers("visa", play.host_gets("visa", "0100"), "00")
        play.terminal_gets("0210", "00")


@pytest.mark.parametrize(
    ("state", "code"), [("down", "96"), ("15", "96"), ("10", "96"), ("20", "86"), ("24", "86"), ("01", "96")]
)
def test_an_hsm_that_cannot_translate_means_a_decline_and_nothing_leaves(play, state, code):
    play.hsm_is(state)
    sale = play.sale(_52=play.pin_block(VISA, "1234"))
    play.asks(sale)
    play.terminal_gets("0210", code)
    assert play.row(sale["11"])["state"] == "declined"


def test_an_hsm_that_goes_away_in_the_middle_means_96(play):
    play.hsm_is("silent")
    play.asks(play.sale(_52=play.pin_block(VISA, "1234")))
    play.hsm_is("down")
    play.terminal_gets("0210", "96")


def test_an_hsm_that_says_nothing_means_96_in_time_and_nothing_leaves_afterwards(play):
    play.hsm_is("silent")
    sale = play.sale(_52=play.pin_block(VISA, "1234"))
    play.asks(sale)
    play.advance(1.6)
    play.terminal_gets("0210", "96")
    play.hsm_is("up")
    assert play.row(sale["11"])["state"] == "declined"


def test_an_hsm_that_says_yes_without_a_pin_block_is_not_believed(play):
    play.hsm_is("00")
    play.asks(play.sale(_52=play.pin_block(VISA, "1234")))
    play.terminal_gets("0210", "96")


def test_a_block_that_is_none_is_86(play):
    play.asks(play.sale(_52="0123456789ABCDEF"))
    play.terminal_gets("0210", "86")


def test_a_pin_for_a_host_without_a_zone_key_is_86(make_play):
    play = make_play()
    play = make_play(hosts={name: replace(host, zpk="") for name, host in play.settings.hosts.items()})
    play.asks(play.sale(_52=play.pin_block(VISA, "1234")))
    play.terminal_gets("0210", "86")


# -- on-us


def test_a_right_pin_and_card_value_are_forwarded_as_results_and_not_as_data(play, cards):
    play.asks(swiped(play, cards, "1901"))
    request = forwarded(play)
    play.terminal_gets("0210", "00")
    assert "35" not in request
    assert "52" not in request
    assert request["48"] == "8002PV8701M"


@pytest.mark.parametrize(
    ("entry", "value", "code"),
    [("901", "cvv", "00"), ("901", "icvv", "82"), ("051", "icvv", "00"), ("071", "icvv", "00"), ("051", "cvv", "82")],
)
def test_the_entry_mode_chooses_the_card_check(play, cards, entry, value, code):
    track = cards[ON_US]["track2"][:-3] + cards[ON_US][value]
    play.asks(swiped(play, cards, _35=track, _22=entry))
    if code == "00":
        forwarded(play)
    else:
        play.host_gets("issuer-a", "1120")
    play.terminal_gets("0210", code)


@pytest.mark.parametrize(("value", "code"), [("027", "00"), ("028", "82"), ("0271", "82")])
def test_a_cvv2_is_verified_with_service_code_000(play, value, code):
    play.asks(play.sale(ON_US, _22="010", _48=f"92{len(value):02d}{value}"))
    if code == "00":
        assert "92" not in forwarded(play)["48"]
    elif len(value) == 3:
        assert play.host_gets("issuer-a", "1120")["48"] == "8701N"
    play.terminal_gets("0210", code)


def test_a_cvv2_without_an_expiry_date_cannot_be_verified(play):
    play.asks(play.sale(ON_US, _14="", _48="9203027"))
    play.terminal_gets("0210", "30")


@pytest.mark.parametrize("track", ["4571990000000011=3012", "4571990000000011=301220112832", "4571990000000011="])
def test_a_track_without_the_issuers_data_is_82_and_never_forwarded_unchecked(play, track):
    play.asks(play.sale(ON_US, _35=track, _22="901"))
    play.terminal_gets("0210", "82")


def test_a_pin_that_nothing_verifies_is_86(play):
    play.asks(play.sale(ON_US, _52=play.pin_block(ON_US, "1901")))
    play.terminal_gets("0210", "86")


def test_wrong_pins_count_lock_at_the_third_and_the_issuer_hears_of_each(play, cards):
    for code, tries in (("55", 1), ("55", 2), ("75", 3)):
        play.asks(swiped(play, cards, "9999"))
        advice = play.host_gets("issuer-a", "1120")
        assert advice["48"] == f"8002PI8102{tries:02d}"
        assert advice["39"] == {"55": "117", "75": "106"}[code]
        play.answers("issuer-a", advice, "000")
        play.terminal_gets("0210", code)
        assert play.tries(ON_US) == tries
    play.asks(swiped(play, cards, "1901"))
    play.answers("issuer-a", play.host_gets("issuer-a", "1120"), "000")
    play.terminal_gets("0210", "75")
    assert play.tries(ON_US) == 3


def test_the_lock_survives_a_restart(play, cards):
    for code in ("55", "55", "75"):
        play.asks(swiped(play, cards, "9999"))
        play.answers("issuer-a", play.host_gets("issuer-a", "1120"), "000")
        play.terminal_gets("0210", code)
    play.restart()
    play.host_is("issuer-a", up=True)
    play.asks(swiped(play, cards, "1901"))
    play.host_gets("issuer-a", "1120")
    play.terminal_gets("0210", "75")


def test_a_right_pin_clears_the_count(play, cards):
    for pin, code in (("9999", "55"), ("1901", "00"), ("9999", "55"), ("9999", "55"), ("1901", "00")):
        play.asks(swiped(play, cards, pin))
        if code == "00":
            forwarded(play)
        else:
            play.answers("issuer-a", play.host_gets("issuer-a", "1120"), "000")
        play.terminal_gets("0210", code)
    assert play.tries(ON_US) == 0


def test_cards_count_for_themselves(play, cards):
    other = "4571990000000029"
    for _ in range(2):
        play.asks(swiped(play, cards, "9999"))
        play.host_gets("issuer-a", "1120")
        play.terminal_gets("0210", "55")
    play.asks(swiped(play, cards, "9999", pan=other))
    play.host_gets("issuer-a", "1120")
    play.terminal_gets("0210", "55")
    assert (play.tries(ON_US), play.tries(other)) == (2, 1)


def test_a_wrong_pin_is_counted_before_its_answer_leaves(play, cards):
    play.journal("held")
    play.asks(swiped(play, cards, "9999"))
    play.journal_writes("Intent")
    play.nothing()
    play.journal_writes("Outcome declined", "PinTries", "SafPut")
    play.host_gets("issuer-a", "1120")
    play.terminal_gets("0210", "55")
    play.journal("working")


def test_a_count_that_the_journal_lost_is_written_as_it_stands_when_it_works_again(play, cards):
    play.journal("held")
    play.asks(swiped(play, cards, "9999"))
    play.journal_writes("Intent")
    play.journal("failing")
    play.terminal_gets("0210", "96")
    play.journal("working")
    play.asks(swiped(play, cards, "9999"))
    play.host_gets("issuer-a", "1120")
    play.terminal_gets("0210", "55")
    play.advance(1)
    play.host_gets("issuer-a", "1120")
    assert play.tries(ON_US) == 2


def test_an_unreadable_block_on_us_is_86_and_does_not_count(play, cards):
    play.asks(swiped(play, cards, _52="0123456789ABCDEF"))
    play.host_gets("issuer-a", "1120")
    play.terminal_gets("0210", "86")
    assert play.tries(ON_US) == 0


def test_a_wrong_card_value_is_82_is_told_to_the_issuer_and_spares_the_pin(play, cards):
    track = cards[ON_US]["track2"][:-3] + "000"
    play.asks(swiped(play, cards, "9999", _35=track))
    advice = play.host_gets("issuer-a", "1120")
    assert (advice["39"], advice["48"]) == ("129", "8701N")
    play.terminal_gets("0210", "82")
    assert play.tries(ON_US) == 0


@pytest.mark.parametrize("state", ["down", "15", "silent"])
def test_an_hsm_that_cannot_verify_means_96_and_no_advice(play, cards, state):
    play.hsm_is(state)
    play.asks(swiped(play, cards, "1901"))
    play.advance(2)
    play.terminal_gets("0210", "96")
    assert play.saf() == []
    assert play.tries(ON_US) == 0


def test_an_advice_that_waits_goes_out_when_the_issuer_signs_on(play, cards):
    play.journal("held")
    play.asks(swiped(play, cards, "9999"))
    play.host_is("issuer-a", up=False)
    play.journal("working")
    play.terminal_gets("0210", "55")
    play.host_is("issuer-a", up=True)
    play.answers("issuer-a", play.host_gets("issuer-a", "1120"), "000")
    assert play.saf()[0]["state"] == "acknowledged"


@pytest.mark.parametrize(
    ("action", "code"), [("000", "00"), ("116", "51"), ("117", "55"), ("208", "41"), ("909", "96")]
)
def test_the_issuer_decides_on_what_the_switch_has_verified(play, cards, action, code):
    play.asks(swiped(play, cards, "1901"))
    forwarded(play, action)
    play.terminal_gets("0210", code)


def test_no_clear_pin_or_key_ever_enters_the_engine(play, cards):
    play.asks(swiped(play, cards, "1901"))
    forwarded(play)
    play.terminal_gets("0210", "00")
    assert sorted(play.hsm_log) == ["CY", "DC"]
