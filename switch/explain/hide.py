"""What of a message may be seen: spec masks, card numbers wherever they stand, and what a spec cannot vouch for.

It never asks what a value means."""

import re
from collections.abc import Callable, Iterable

from switch.cardnumbers import is_card_number, mask_text
from switch.explain.elements import Element
from switch.explain.emv import mask as emv_mask
from switch.message.mask import NO_CARDS, masker

Range = tuple[int, int]
REMOVED = "[removed]"
_AMOUNTS = re.compile(r"(?:[0-9]{7}[CD][0-9]{12}){1,6}")
_EBCDIC = bytes(
    0x30 + code - 0xF0 if 0xF0 <= code <= 0xF9 else {0x7E: 0x3D, 0xC4: 0x44}.get(code, 0x20) for code in range(256)
)
_LENGTHS = range(13, 20)
_CHIP_DIGITS = re.compile(r"[0-9]{13,}")
_CHIP_TEXT = re.compile(r"(?:3[0-9])+")  # digits that were written as text
_TRACK = re.compile(rb"[0-9]{12,19}[=D][0-9]{7,}")
_PACKED_TRACK = re.compile(r"[0-9]{12,19}d[0-9]{7,}")


def shown(element: Element, inherited: str, *, vouched: bool) -> str:
    """The value of `element` as it may be seen.

    `inherited` is the mask of what is around it. What is not `vouched` for may be something else than it is called: of
    that only the classes of its characters are shown.
    """
    mask = effective_mask(element, inherited)
    if not vouched:
        return REMOVED if mask == "remove" else classes(element.value)
    if mask == "show" and element.kind == "bertlv":
        return _chip_value(element.value)
    if not mask and _is_plain(element):
        return element.value
    return masker(mask, element.path, element.name, numeric=element.numeric)(element.value)


def classes(text: str) -> str:
    """ "A1-2" -> "an.n": a letter, a digit, a sign or space, and "-" for what cannot be printed."""
    return "".join(_class(character) for character in text)


def _chip_value(value: str) -> str:
    """The value of a tag that holds no secret, unless its digits are a card number: a length before it may lie."""
    if _CHIP_TEXT.fullmatch(value):
        return value if mask_text(value[1::2]) == value[1::2] else REMOVED
    return REMOVED if any(holds_card(run[0]) for run in _CHIP_DIGITS.finditer(value)) else value


def holds_card(digits: str, step: int = 1) -> bool:
    """Whether a card number begins at any place of a run of digits, or at every `step`th."""
    return any(
        _is_card(digits[begin : begin + size], size)
        for begin in range(0, len(digits) - _LENGTHS[0] + 1, step)
        for size in _LENGTHS
    )


def _is_plain(element: Element) -> bool:
    """Whether a field without a mask is of a kind that never holds a card number, however it looks."""
    if element.kind:
        return False
    amounts = element.path == "54" and _AMOUNTS.fullmatch(element.value)
    return element.numeric or element.path in NO_CARDS or bool(amounts)


def _class(character: str) -> str:
    if not (character.isascii() and character.isprintable()):
        return "-"
    return "n" if character.isdigit() else "a" if character.isalpha() else "."


def effective_mask(element: Element, inherited: str) -> str:
    """The mask of the element itself, else of its tag, else of what is around it."""
    if element.mask:
        return element.mask
    if element.kind == "bertlv":
        return emv_mask(element.path.rpartition(".")[2].partition("#")[0])
    return inherited


def card_ranges(data: bytes) -> list[Range]:
    """Where in `data` bytes lie that look like a card number behind its length, or like a track: in ASCII, EBCDIC and
    packed digits."""
    digits = data.hex()
    found = [*_in_text(data), *_in_text(data.translate(_EBCDIC)), *_packed(digits)]
    found += [(at.start() // 2, (at.end() + 1) // 2) for at in _PACKED_TRACK.finditer(digits)]
    return found


def overlaps(begin: int, end: int, ranges: Iterable[Range]) -> bool:
    """Whether any of `ranges` has a byte between `begin` and `end`."""
    return any(first < end and begin < last for first, last in ranges)


def _in_text(text: bytes) -> list[Range]:
    found = [at.span() for at in _TRACK.finditer(text)]
    for size in _LENGTHS:
        found += _behind(text, b"%d" % size, size, lambda piece: piece.decode("latin-1"))
    return found


def _behind(text: bytes, length: bytes, size: int, digits: Callable[[bytes], str]) -> list[Range]:
    found = []
    position = text.find(length)
    while position >= 0:
        begin = position + len(length)
        if _is_card(digits(text[begin : begin + size]), size):
            found.append((begin, begin + size))
        position = text.find(length, position + 1)
    return found


def _packed(digits: str) -> list[Range]:
    """Behind a length in packed digits or binary, an odd number of digits padded on either side."""
    found = []
    for size in _LENGTHS:
        for length in (f"{size:02d}", f"{size:02x}"):
            position = digits.find(length)
            while position >= 0:
                begin = position + 2
                piece = digits[begin : begin + size + size % 2]
                if position % 2 == 0 and any(_is_card(piece[at : at + size], size) for at in (0, size % 2)):
                    found.append((begin // 2, (begin + size + 1) // 2))
                position = digits.find(length, position + 1)
    return found


def _is_card(digits: str, size: int) -> bool:
    return len(digits) == size and digits.isascii() and digits.isdigit() and is_card_number(digits)
