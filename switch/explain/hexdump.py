"""Bytes that could not be decoded, for human eyes: what may be secret in them is a class of characters, not a value."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from switch.explain.hide import Range, classes, holds_card

_WIDTH = 16
# Shorter runs of digits are no card numbers; in packed digits a run may begin and end within a byte.
_DIGITS = re.compile(rb"[0-9]{11,}")
_EBCDIC_DIGITS = re.compile(rb"[\xf0-\xf9]{11,}")
_PACKED = re.compile(r"[0-9]{11,}")
# PIN blocks, keys and cryptograms that were written as text.
_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")


@dataclass(frozen=True, slots=True)
class DumpLine:
    """`offset` is of the first byte; `hex` and `text` stand beside each other."""

    offset: int
    hex: str
    text: str


def dump(data: bytes, begin: int, encoding: str, *, masked: bool, secret: bool, most: int = 4096) -> Iterator[DumpLine]:
    """The bytes of `data` from `begin` on, at most `most` of them.

    When `masked`, runs that look like card numbers are hidden; when also `secret`, because PIN blocks or card
    verification values may lie among them, every byte is: "n" stands for a digit of `encoding`, "a" for a letter,
    "." for a space or sign, "-" for any other.
    """
    data = data[: begin + most]
    hidden = _hidden(data, begin, secret=secret) if masked else bytes(len(data))
    for start in range(begin, len(data), _WIDTH):
        end = min(start + _WIDTH, len(data))
        places = range(start, end)
        codes = " ".join("**" if hidden[at] else f"{data[at]:02x}" for at in places)
        text = "".join(_letter(data[at], encoding, hidden=bool(hidden[at])) for at in places)
        yield DumpLine(start, codes.ljust(3 * _WIDTH - 1), text)


def _hidden(data: bytes, begin: int, *, secret: bool) -> bytes:
    """1 for each byte that is not shown."""
    if secret:
        return b"\1" * len(data)
    found = bytearray(len(data))
    for first, last in _runs(data, begin):
        found[first:last] = b"\1" * (last - first)
    return bytes(found)


def _runs(data: bytes, begin: int) -> Iterable[Range]:
    rest = data[begin:]
    for pattern in (_DIGITS, _EBCDIC_DIGITS, _HEX):
        yield from ((begin + at.start(), begin + at.end()) for at in pattern.finditer(rest) if _varies(at[0]))
    for at in _PACKED.finditer(rest.hex()):
        first, last = at.start() // 2, (at.end() + 1) // 2
        if not _varies(at[0]) or (rest[first:last].isdigit() and not _varies(rest[first:last])):
            continue
        # Letters and digits of text look like packed digits; a card number in them still has its check digit.
        if not rest[first:last].isalnum() or holds_card(at[0][at.start() % 2 :], 2):
            yield begin + first, begin + last


def _varies(run: bytes | str) -> bool:
    """Whether a run is not one digit repeated: that is a filler or an amount of nothing, and no secret."""
    return len(set(run)) > 1


def _letter(code: int, encoding: str, *, hidden: bool) -> str:
    character = bytes((code,)).decode(encoding, "replace")
    if hidden:
        return classes(character)
    return character if character.isascii() and character.isprintable() else "."
