"""What of card data may be shown: PCI DSS 3.4, first six and last four digits of a PAN, nothing of the rest."""

import re
from collections.abc import Callable

from switch.cardnumbers import mask_free, mask_text

# Track 1 begins with the format code B; behind 19 digits without a separator could lie anything.
_TRACK_HEAD = re.compile(r"B?([0-9]{1,19})([=D^])")


def mask_pan(pan: str) -> str:
    """411111******1111; a value too short to keep ten digits is hidden whole."""
    if len(pan) < 12:
        return "*" * len(pan)
    return f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"


def mask_track(track: str) -> str:
    """The PAN of a track, masked, and nothing behind its separator."""
    head = _TRACK_HEAD.match(track)
    return f"{mask_pan(head[1])}{head[2]}[removed]" if head else "[removed]"


def remove(_value: str) -> str:
    """For what is never shown: PIN blocks, CVVs, cryptograms."""
    return "[removed]"


# References, terminals, merchants and institutions: digits of such length, and no card numbers by their definition.
NO_CARDS = ("11", "32", "33", "37", "38", "41", "42", "100")
_AMOUNTS = ("amount", "fee")
MASKS: dict[str, Callable[[str], str]] = {"pan": mask_pan, "track": mask_track, "remove": remove}


def is_numeric(value_class: str) -> bool:
    """Whether a class is of digits, perhaps behind a sign: "n", "n..11", "x+n"; "ns" is not."""
    return value_class.startswith(("n", "x")) and not value_class.startswith("ns")


def masker(mask: str, path: str, name: str, *, numeric: bool) -> Callable[[str], str]:
    """How the value at `path` is shown, which its spec calls `name`; `mask` is "" where the spec says nothing.

    Not only fields of the card hold card numbers. Amounts never do; other numbers and references only ones that stand
    alone or behind their length; in all else one may lie anywhere.
    """
    if mask in MASKS:
        return MASKS[mask]
    if numeric and any(word in name.lower() for word in _AMOUNTS):
        return str
    return mask_text if mask == "show" or numeric or path in NO_CARDS else mask_free


def luhn_check_digit(digits: str) -> str:
    """The digit that makes `digits` + it a valid number (ISO/IEC 7812-1 annex B)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - index % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
