"""Conversion: exact, half up, refused where there is no rate; the rate file refused by name and line."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.configfile import ConfigError
from switch.simulator.issuer.rates import UnknownCurrency, convert, load_rates


@pytest.mark.parametrize(
    ("amount", "source", "target", "rate", "expected"),
    [
        (1, "978", "978", Fraction(1), 1),
        (1, "978", "840", Fraction(1, 2), 1),  # 0.5 of a cent is one
        (1, "978", "840", Fraction(4999, 10000), 0),
        (3, "978", "840", Fraction(1, 2), 2),  # 1.5 is 2, and so is
        (5, "978", "840", Fraction(1, 2), 3),  # 2.5 is 3: not half to even
        (100, "392", "978", Fraction(1, 160), 63),  # 0.625 EUR
        (1000, "978", "414", Fraction(1), 10_000),  # two decimals to three
        (15, "414", "392", Fraction(100), 2),  # 0.015 KWD is 1.5 JPY
        (999_999_999_999, "978", "840", Fraction(10389, 10000), 1_038_899_999_999),  # ...998.9611
    ],
)
def test_amounts_convert_half_up_between_exponents(amount, source, target, rate, expected):
    assert convert(amount, source, target, rate) == expected


@given(st.integers(0, 10**12), st.sampled_from(["840", "392", "826", "414", "756"]))
def test_the_recorded_rate_gives_the_billed_amount_within_half_a_unit(amount, currency):
    rate = load_rates("").rate(currency, "978")
    exponent = {"392": 0, "414": 3}.get(currency, 2)
    exact = Fraction(amount, 10**exponent) * Fraction(str(rate)) * 100
    assert -Fraction(1, 2) < convert(amount, currency, "978", rate) - exact <= Fraction(1, 2)


def test_the_shipped_rates_have_the_common_currencies():
    rates = load_rates("")
    for currency in ("840", "826", "392", "414", "756"):
        assert rates.rate("978", currency) * rates.rate(currency, "978") == 1
    assert 1 < rates.rate("978", "840") < 2 and 100 < rates.rate("978", "392") < 300
    with pytest.raises(UnknownCurrency):
        rates.rate("978", "999")
    assert rates.rate("999", "999") == 1


@pytest.mark.parametrize(
    "line", ["840,USD", "840,USD,x", "840,USD,0", "840,USD,-1", "840,USD,1/0", "USD,USD,1", "1,2,3,4"]
)
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / "rates.csv"
    path.write_text(f"currency,code,per_euro\n# comment\n978,EUR,1\n{line}\n")
    with pytest.raises(ConfigError, match=r"rates\.csv: line 4: expected"):
        load_rates(str(path))


def test_a_file_of_another_kind_or_none_is_named(tmp_path):
    path = tmp_path / "rates.csv"
    with pytest.raises(ConfigError, match=r"rates\.csv: No such file"):
        load_rates(str(path))
    path.write_text("a,b\n")
    with pytest.raises(ConfigError, match=r"rates\.csv: line 1: expected the columns"):
        load_rates(str(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"rates\.csv: expected text"):
        load_rates(str(path))
