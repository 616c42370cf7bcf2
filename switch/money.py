"""Amounts as text and as integers in minor units. Exponents come from ISO 4217, by numeric currency code."""

from decimal import Decimal, InvalidOperation
from functools import cache

import iso4217


class AmountError(ValueError):
    """Not an amount of that currency; the message says what was expected."""


@cache
def _currencies() -> dict[str, tuple[str, int]]:
    found = {}
    for currency in iso4217.Currency:
        if currency.number is not None and currency.exponent is not None:
            found[f"{currency.number:03d}"] = (currency.code, currency.exponent)
    return found


def exponent(currency: str) -> int:
    """Decimal digits of a numeric currency code ("978" -> 2); raises AmountError."""
    try:
        return _currencies()[currency][1]
    except KeyError:
        raise AmountError("currency: expected a numeric ISO 4217 code such as 978") from None


def alphabetic(currency: str) -> str:
    """ "978" -> "EUR"; a code that is not listed stays as it is."""
    return _currencies().get(currency, (currency, 0))[0]


def numeric(code: str) -> str:
    """ "EUR" or "978" -> "978"; "" for a code that is not listed."""
    if code in _currencies():
        return code
    return next((number for number, (letters, _) in _currencies().items() if letters == code), "")


def minor_units(text: str, currency: str) -> int:
    """ "12.34" of "978" -> 1234; raises AmountError for more decimals than the currency has, or no number."""
    digits = exponent(currency)
    try:
        scaled = Decimal(text).scaleb(digits)
    except InvalidOperation:
        raise AmountError("amount: expected a number such as 12.34") from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or not 0 <= scaled < 10**12:
        raise AmountError(f"amount: expected at most {digits} decimals of {alphabetic(currency)}, not negative")
    return int(scaled)


def major_units(amount: int, currency: str) -> str:
    """1234 of "978" -> "12.34"; raises AmountError."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):,f}"
