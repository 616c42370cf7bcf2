"""Conversion between currencies in integers, half up, at the fixed rates of a file."""

import csv
from fractions import Fraction
from pathlib import Path

from switch.configfile import ConfigError
from switch.money import AmountError, exponent
from switch.resources import read_text

_COLUMNS = ["currency", "code", "per_euro"]


class UnknownCurrency(Exception):
    """There is no rate for one of the two currencies."""


class Rates:
    """`per_euro` maps numeric currency codes to units for one euro, exactly."""

    def __init__(self, per_euro: dict[str, Fraction]) -> None:
        self._per_euro = per_euro

    def rate(self, source: str, target: str) -> Fraction:
        """Units of `target` for one of `source`, in major units; raises UnknownCurrency."""
        if source == target:
            return Fraction(1)
        try:
            return self._per_euro[target] / self._per_euro[source]
        except KeyError:
            raise UnknownCurrency from None


def convert(amount: int, source: str, target: str, rate: Fraction) -> int:
    """`amount` minor units of `source` in minor units of `target`, half up; nothing is ever a float."""
    if source == target:
        return amount
    numerator: int = amount * rate.numerator * 10 ** exponent(target)
    denominator: int = rate.denominator * 10 ** exponent(source)
    return (2 * numerator + denominator) // (2 * denominator)


def load_rates(path: str) -> Rates:
    """The rates in the file `path`, "" for the shipped one; raises ConfigError with file and line."""
    name = path or "rates.csv"
    try:
        text = Path(path).read_text(encoding="utf-8") if path else read_text("fixtures", name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: {getattr(error, 'strerror', None) or 'expected text in UTF-8'}") from None
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    rows = list(csv.reader(line for _, line in lines))
    if not rows or rows[0] != _COLUMNS:
        raise ConfigError(f"{name}: line 1: expected the columns {','.join(_COLUMNS)}")
    return Rates(dict(_rate(name, number, row) for (number, _), row in zip(lines[1:], rows[1:], strict=True)))


def _rate(name: str, number: int, row: list[str]) -> tuple[str, Fraction]:
    try:
        currency, _, per_euro = row
        exponent(currency)
        rate = Fraction(per_euro)
        if rate <= 0:
            raise ValueError
    except (ValueError, AmountError, ZeroDivisionError):
        raise ConfigError(
            f"{name}: line {number}: expected a numeric ISO 4217 code, its letters and a rate above zero"
        ) from None
    return currency, rate
