"""Amounts in words, with as many decimals as their currency has. Minor units are integers; knows no message."""

from decimal import Decimal

from switch.explain import tables
from switch.money import AmountError, major_units

_SIGNS = {"C": "credit", "D": "debit"}


def in_words(digits: str, currency: str) -> str:
    """ "000000001234" of "978" -> "12.34 EUR"; without a known currency the minor units, "" for no digits."""
    if not (digits.isascii() and digits.isdigit()):
        return ""
    try:
        return f"{major_units(int(digits), currency)} {tables.currency(currency)}"
    except AmountError:
        return f"{int(digits)} minor units"


def signed(value: str, currency: str) -> str:
    """The amount of an x+n value: "D00000050" -> "0.50 EUR debit"."""
    sign = _SIGNS.get(value[:1])
    return f"{in_words(value[1:], currency)} {sign}" if sign and value[1:] else ""


def rate(digits: str) -> str:
    """A conversion rate of 8 digits, the first of which says how many of the others are decimals."""
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()) or digits[0] in "89":
        return ""
    return f"{Decimal(digits[1:]).scaleb(-int(digits[0])):f}"
