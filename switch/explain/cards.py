"""Card numbers and tracks: their parts in words, masked unless asked otherwise. Knows no message."""

import re
from dataclasses import dataclass

from switch.cardnumbers import luhn_valid
from switch.explain import dates, tables
from switch.message import mask_pan

# Track 2 of ISO/IEC 7813: number of up to 19 digits, separator, expiry, service code, discretionary data.
_TRACK2 = re.compile(r"([0-9]{1,19})[=D]([0-9]{4}|[=D])?([0-9]{3}|[=D])?(.*)", re.DOTALL)
_TRACK1 = re.compile(r"B([0-9]{1,19})\^([^^]{2,26})\^([0-9]{4}|\^)?([0-9]{3}|\^)?(.*)", re.DOTALL)
_BRANDS = (
    (re.compile(r"4"), "Visa"),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), "Mastercard"),
    (re.compile(r"3[47]"), "American Express"),
    (re.compile(r"35(2[89]|[3-8])"), "JCB"),
    (re.compile(r"6011|64[4-9]|65"), "Discover"),
    (re.compile(r"62"), "UnionPay"),
    (re.compile(r"3[068]"), "Diners Club"),
    (re.compile(r"50|5[6-9]|6"), "Maestro or domestic"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a value: what it is called, what it holds, what that means."""

    name: str
    value: str
    meaning: str = ""


def brand(pan: str) -> str:
    """Which scheme issues numbers like this one, "" when that is not known. By published ranges, roughly."""
    return next((name for pattern, name in _BRANDS if pattern.match(pan)), "")


def pan_in_words(pan: str) -> str:
    """ "Visa, 16 digits, check digit right"."""
    if not (pan.isascii() and pan.isdigit()):
        return "no card number"
    check = "check digit right" if luhn_valid(pan) else "check digit wrong"
    return ", ".join(part for part in (brand(pan), f"{len(pan)} digits", check) if part)


def service_code(digits: str) -> str:
    """ "201" -> "international, chip; normal authorisation; no restrictions" (ISO/IEC 7813)."""
    if len(digits) != 3 or not digits.isdigit():
        return ""
    words = (tables.code(f"service_code_{index}", digit) for index, digit in enumerate(digits, 1))
    return "; ".join(word or "reserved" for word in words)


def track_parts(track: str, *, masked: bool) -> tuple[Part, ...]:
    """The parts of track 1 or 2; none when it is neither. What stands behind the service code is for the issuer."""
    first, second = _TRACK1.fullmatch(track), _TRACK2.fullmatch(track)
    if first:
        pan, name, expiry, service, rest = first.groups()
        names: tuple[Part, ...] = (Part("Cardholder name", f"[{len(name)} characters removed]" if masked else name),)
    elif second:
        pan, expiry, service, rest = second.groups()
        names = ()
    else:
        return ()
    return (
        Part("Primary account number", mask_pan(pan) if masked else pan, pan_in_words(pan)),
        *names,
        Part("Expiration date", expiry or "", dates.in_words("YM", expiry) if _digits(expiry) else "not on the track"),
        Part("Service code", service or "", service_code(service or "") or "not on the track"),
        Part("Discretionary data", f"[{len(rest)} characters removed]" if masked else rest),
    )


def _digits(text: str | None) -> bool:
    return bool(text) and str(text).isdigit()
