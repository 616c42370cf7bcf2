"""Card numbers in any text: hidden wherever they stand, and what cannot be one stays readable."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch import cardnumbers
from switch.cardnumbers import is_card_number, mask_free, mask_text
from switch.message import luhn_check_digit

PAN = "5413330089012349"


@pytest.mark.parametrize("digits", ["0" * 12, "0" * 16, "0000000000000000000", "000000000018", "2222222222222222222"])
def test_what_begins_with_zero_or_repeats_one_digit_is_no_card_number(digits):
    assert not is_card_number(digits)
    assert mask_text(digits) == digits
    assert mask_free(digits) == digits


@pytest.mark.parametrize("digits", [PAN, "4222222222222", "6304000000000000000", "135410014004955"])
def test_published_test_numbers_of_every_length_are_card_numbers(digits):
    assert is_card_number(digits)
    for mask in (mask_text, mask_free):
        assert mask(f"card {digits}.") == f"card {digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}."


@pytest.mark.parametrize("mask", [mask_text, mask_free])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("5413 3300 8901 2349", "5413 33** **** 2349"),
        ("PAN5413-3300-8901-2349", "PAN5413-33**-****-2349"),
        ("3782 822463 10005", "3782 82**** *0005"),
        (f"CARD{PAN}", "CARD541333******2349"),
        (f"x-{PAN}", "x-541333******2349"),
        (f"000{PAN}", "000541333******2349"),
        (f"{PAN}=30122010000012345", "541333******2349=[removed]"),
        (f";{PAN}=30122010000012345?", ";541333******2349=[removed]"),
        (f"{PAN}D30122010000012345F", "541333******2349D[removed]"),
        (f"%B{PAN}^DOE/JOHN^30122010000012345?", "%B541333******2349^[removed]?"),
        # With a wrong check digit it is a track all the same.
        ("5413330089012340=30122010000012345", "541333******2340=[removed]"),
    ],
)
def test_a_card_number_in_every_usual_writing_is_hidden(text, shown, mask):
    assert mask(text) == shown


def test_a_card_number_behind_its_length_is_hidden_in_a_longer_run():
    text = f"92037390116{PAN}0203978"
    assert PAN not in mask_text(text)
    assert PAN[6:12] not in mask_text(text)
    assert PAN[6:12] not in mask_free(text)


_NOISE = st.text("0123456789 -:AZ", max_size=12)


@given(st.sampled_from("23456"), st.text("0123456789", min_size=11, max_size=17), _NOISE, _NOISE)
def test_between_any_other_digits_no_more_of_it_is_shown_than_may_be(first, digits, before, after):
    number = first + digits + luhn_check_digit(first + digits)
    if not is_card_number(number):
        return
    text = f"{before}{number}{after}"
    shown = mask_free(text)
    begin = len(before)
    if len(shown) == len(text):
        assert set(shown[begin + 6 : begin + len(number) - 4]) == {"*"}
    assert number not in shown.replace(" ", "")


@pytest.mark.parametrize(
    "text",
    ["rrn 632823000123", "rrn 632823000123=abc", "0.5413330089012349", "2026-06-11 19:10:24", "SHOP 12 75001 PARIS"],
)
def test_other_numbers_of_a_log_stay_readable(text):
    assert mask_text(text) == text


def test_a_run_of_zeros_is_no_key():
    assert mask_text("0" * 42) == "0" * 42
    assert mask_text("1234567890" * 4) == "[hex removed]"


@given(st.text("0123456789", min_size=13, max_size=60))
def test_windows_are_those_whose_check_digit_is_right(digits: str) -> None:
    expected = [
        (begin, begin + size)
        for begin in range(len(digits))
        for size in range(13, 20)
        if begin + size <= len(digits)
        and re.match("[2-6]|8[12]|9792", digits[begin:])
        and cardnumbers.is_card_number(digits[begin : begin + size])
    ]
    assert list(cardnumbers._windows(digits)) == expected


def test_long_runs_of_digits_take_linear_time() -> None:
    def seconds(count: int) -> float:
        text, best = "4111111111111112" * count, 9.0
        for _ in range(5):
            begun = time.process_time()
            cardnumbers.mask_free(text)
            best = min(best, time.process_time() - begun)
        return best

    assert seconds(512) < 16 * seconds(64)
