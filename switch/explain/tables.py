"""The code tables of this package: currencies, countries, merchant categories, message codes. Their sources:
docs/explain.rst. It knows no message."""

import csv
import json
from functools import cache
from importlib import resources
from typing import Any

from switch.money import AmountError, alphabetic, exponent

# ISO 18245 leaves these to the card schemes, which give a code to each airline, car rental and hotel chain.
_PRIVATE_CATEGORIES = ((3000, 3350, "Airlines"), (3351, 3500, "Car rental"), (3501, 3999, "Lodging"))


@cache
def load(name: str) -> Any:
    """The JSON table of that name."""
    return json.loads(_text(f"{name}.json"))


def code(table: str, value: str) -> str:
    """The meaning of `value` in a table of message codes, "" when it is not listed."""
    return str(load("codes")[table].get(value, ""))


def currency(numeric: str) -> str:
    """ "978" -> "EUR", "" when there is no such currency."""
    return alphabetic(numeric) if is_currency(numeric) else ""


def is_currency(numeric: str) -> bool:
    """Whether ISO 4217 lists this number."""
    try:
        exponent(numeric)
    except AmountError:
        return False
    return True


def country(code: str) -> str:
    """ "276", "DE" or "DEU" -> "Germany", "" when there is no such country."""
    return _countries().get(code, "")


def category(mcc: str) -> str:
    """ "5411" -> "Groceries and supermarkets", "" when it is not listed."""
    found = _categories().get(mcc, "")
    if not found and len(mcc) == 4 and mcc.isascii() and mcc.isdigit():
        found = next((name for first, last, name in _PRIVATE_CATEGORIES if first <= int(mcc) <= last), "")
    return found


@cache
def _countries() -> dict[str, str]:
    rows = _rows("countries.csv")
    return {row[key]: row["name"] for row in rows for key in ("numeric", "alpha2", "alpha3")}


@cache
def _categories() -> dict[str, str]:
    return {row["code"]: row["name"] for row in _rows("mcc.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_text(name).splitlines()))


def _text(name: str) -> str:
    return (resources.files("switch.explain") / "tables" / name).read_text(encoding="utf-8")
