"""Amounts: exact between text and minor units, by the currency's own exponent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.money import AmountError, alphabetic, exponent, major_units, minor_units


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("12.34", "978", 1234),
        ("12", "978", 1200),
        ("12.3", "840", 1230),
        ("500", "392", 500),
        ("1.234", "414", 1234),
        ("0", "978", 0),
        ("9999999999.99", "978", 999_999_999_999),
    ],
)
def test_text_becomes_minor_units(text, currency, amount):
    assert minor_units(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.234", "978"), ("0.5", "392"), ("-1", "978"), ("x", "978"), ("", "978"), ("nan", "978"), ("inf", "978"),
     ("10000000000.00", "978")],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text, currency):
    with pytest.raises(AmountError, match="amount: expected"):
        minor_units(text, currency)


@pytest.mark.parametrize("currency", ["000", "EUR", "97", "999", ""])
def test_what_is_no_currency_is_refused(currency):
    with pytest.raises(AmountError, match="currency: expected a numeric ISO 4217 code"):
        minor_units("1", currency)


@given(st.integers(0, 10**12 - 1), st.sampled_from(["978", "840", "392", "414", "752", "990"]))
def test_there_and_back_is_the_same(amount, currency):
    assert minor_units(major_units(amount, currency).replace(",", ""), currency) == amount


def test_codes_have_names_and_exponents():
    assert (alphabetic("978"), alphabetic("392"), alphabetic("123")) == ("EUR", "JPY", "123")
    assert (exponent("978"), exponent("392"), exponent("414")) == (2, 0, 3)
