"""ISO 8583's classes of characters, with or without lengths: "n", "an..12", "x+n8"."""

import re
from collections.abc import Callable
from functools import lru_cache

from switch.message.format import CLASS_PATTERN

_CLASS = re.compile(CLASS_PATTERN)
# Spaces pad letters and digits on every interface, so a and an let them pass as anp does.
_ONE = {
    "n": "[0-9]",
    "a": "[A-Za-z ]",
    "an": "[A-Za-z0-9 ]",
    "anp": "[A-Za-z0-9 ]",
    "ans": r"[^\x00-\x1f\x7f]",
    "as": r"[^\x00-\x1f\x7f0-9]",
    "ns": r"[^\x00-\x1f\x7fA-Za-z]",
    "x+n": "[0-9]",
}
_EXPECTED = {
    "n": "digits",
    "a": "letters",
    "an": "letters and digits",
    "anp": "letters, digits and spaces",
    "ans": "printable characters",
    "as": "printable characters but digits",
    "ns": "printable characters but letters",
    "z": "track 2 data",
    "b": "hexadecimal digits",
    "x+n": "C or D and digits",
}


@lru_cache(maxsize=1024)
def compile_class(name: str) -> tuple[Callable[[str], object], str]:
    """What tells whether a value is of the class, and the words for what is expected."""
    found = _CLASS.match(name)
    if found is None:
        raise ValueError("expected a class of the spec format")
    kind, length = found[1], (found[2] or "").strip()
    least, most = _bounds(length)
    words = _EXPECTED[kind] + (f" of class {kind}{length}" if length else "")
    if kind == "z":
        sized = rf"(?=.{{{least},{most}}}\Z)" if length else ""
        return re.compile(sized + r"[0-9]{0,19}[=D][0-9=D]*\Z").match, words
    if kind == "b":
        return _bytes_of(int(least or 0), int(most) if most else None), words
    times = f"{{{least},{most}}}" if length else "*"
    lead = "[CD]" if kind == "x+n" else ""
    return re.compile(rf"{lead}{_ONE[kind]}{times}\Z").match, words


def _bytes_of(least: int, most: int | None) -> Callable[[str], object]:
    """Whole bytes in hexadecimal; a pattern of pairs would remember each of them."""
    digits = re.compile(r"[0-9A-Fa-f]*\Z").match

    def valid(value: str) -> object:
        size, odd = divmod(len(value), 2)
        return not odd and least <= size and (most is None or size <= most) and digits(value)

    return valid


def _bounds(length: str) -> tuple[str, str]:
    least, dots, most = length.partition("..")
    return (least or "0", most) if dots else (length, length)
