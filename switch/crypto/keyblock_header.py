"""The header of a key block: what a key is for, in clear text under the MAC (ANSI X9.143, ASC X9 TR-31:2018)."""

import re
from dataclasses import dataclass
from typing import Literal

HEADER_CHARS = 16
MAX_CHARS = 9999

Part = Literal["length", "header", "optional block", "encrypted key", "MAC", "key length", "protection key"]


class KeyBlockError(ValueError):
    """A key block, or what should become one, is refused; `part` says where. The text never holds a key or a block."""

    def __init__(self, part: Part, reason: str) -> None:
        super().__init__(f"{part}: {reason}")
        self.part: Part = part


# Block length of the cipher and length of the MAC of each version, in bytes.
CIPHER_BLOCK = {"A": 8, "B": 8, "C": 8, "D": 16, "0": 8, "1": 16}
MAC_BYTES = {"A": 4, "B": 8, "C": 4, "D": 16, "0": 4, "1": 8}

# Digits are for proprietary use everywhere.
_FIELDS = {
    "usage": re.compile(r"[0-9A-Z]{2}"),
    "algorithm": re.compile(r"[ADEHRST0-9]"),
    "mode": re.compile(r"[BCDEGNSTVXY0-9]"),
    "key_version": re.compile(r"[0-9A-Za-z]{2}"),
    "exportability": re.compile(r"[ENS0-9]"),
    "context": re.compile(r"[0-9A-Z]{2}"),
}
_BLOCK_ID = re.compile(r"[0-9A-Z]{2}")
_HEX = re.compile(r"[0-9A-F]+")
PADDING = "PB"


@dataclass(frozen=True)
class Header:
    """The fields of a header, checked; raises KeyBlockError with the name of the field.

    `version` is A, B, C or D, or 0 or 1 of the Thales scheme S. `usage` is as "P0", `algorithm` as "T" or "A", `mode`
    as "E", `exportability` E, N or S. `context` are the last two characters: reserved or key context in X9.143, the LMK
    id in scheme S. `blocks` are the optional blocks in their order, id and data; the padding block is not one."""

    version: str
    usage: str
    algorithm: str
    mode: str
    key_version: str = "00"
    exportability: str = "N"
    context: str = "00"
    blocks: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.version not in CIPHER_BLOCK:
            raise KeyBlockError("header", "version")
        for field, pattern in _FIELDS.items():
            if not pattern.fullmatch(getattr(self, field)):
                raise KeyBlockError("header", field.replace("_", " "))
        ids = [block_id for block_id, _ in self.blocks]
        if PADDING in ids or len(set(ids)) < len(ids):
            raise KeyBlockError("optional block", "an id twice, or the padding block among them")
        for block_id, data in self.blocks:
            _check_block(block_id, data)

    def text(self, protected_chars: int) -> str:
        """The characters of the header in front of `protected_chars` characters of encrypted key and MAC."""
        count, blocks = _format_blocks(self)
        chars = HEADER_CHARS + len(blocks) + protected_chars
        if chars > MAX_CHARS:
            raise KeyBlockError("length", f"{chars} characters, {MAX_CHARS} at most")
        return (
            f"{self.version}{chars:04d}{self.usage}{self.algorithm}{self.mode}{self.key_version}{self.exportability}"
            f"{count:02d}{self.context}{blocks}"
        )


def parse(block: str) -> tuple[Header, int]:
    """The header of a whole key block (without a scheme tag), and how many characters it takes."""
    if not block.isascii() or not block.isprintable():
        raise KeyBlockError("header", "characters")
    if len(block) < HEADER_CHARS:
        raise KeyBlockError("length", f"{len(block)} characters, a header has {HEADER_CHARS}")
    if not block[1:5].isdigit() or int(block[1:5]) != len(block):
        raise KeyBlockError("length", f"{len(block)} characters, the header says otherwise")
    if not block[12:14].isdigit():
        raise KeyBlockError("header", "number of optional blocks")
    blocks, end = _parse_blocks(block, int(block[12:14]))
    header = Header(block[0], block[5:7], block[7], block[8], block[9:11], block[11], block[14:16], blocks)
    if (end - HEADER_CHARS) % CIPHER_BLOCK[header.version]:
        raise KeyBlockError("optional block", "no whole cipher blocks")
    return header, end


def _check_block(block_id: str, data: str) -> None:
    if not _BLOCK_ID.fullmatch(block_id):
        raise KeyBlockError("optional block", "id")
    if not data.isascii() or not data.isprintable():
        raise KeyBlockError("optional block", f"{block_id}: characters")


def _format_blocks(header: Header) -> tuple[int, str]:
    """How many optional blocks, and their text in whole cipher blocks."""
    text = "".join(_format_block(block_id, data) for block_id, data in header.blocks)
    size = CIPHER_BLOCK[header.version]
    count = len(header.blocks)
    if len(text) % size:
        fill = -(len(text) + 4) % size
        text += _format_block(PADDING, "0" * fill)
        count += 1
    if count > 99:
        raise KeyBlockError("optional block", f"{count} of them, 99 at most")
    return count, text


def _format_block(block_id: str, data: str) -> str:
    """Id, length and data. The length counts all of it; from 256 on it is `00`, its own length in bytes, and itself."""
    chars = len(data) + 4
    if chars < 256:
        return f"{block_id}{chars:02X}{data}"
    if chars + 6 > MAX_CHARS:
        raise KeyBlockError("length", f"an optional block of {chars} characters")
    return f"{block_id}0002{chars + 6:04X}{data}"


def _parse_blocks(block: str, count: int) -> tuple[tuple[tuple[str, str], ...], int]:
    found: list[tuple[str, str]] = []
    at = HEADER_CHARS
    for number in range(1, count + 1):
        block_id = block[at : at + 2]
        start, end = _bounds(block, at)
        if block_id != PADDING:
            found.append((block_id, block[start:end]))
        elif number < count:
            raise KeyBlockError("optional block", "the padding block is not the last one")
        at = end
    return tuple(found), at


def _bounds(block: str, at: int) -> tuple[int, int]:
    """Where the data of the optional block at `at` begins and ends."""
    start = at + 4
    chars = _number(block, at + 2, 2)
    if not chars:
        digits = 2 * _number(block, start, 2)
        start += 2 + digits
        chars = _number(block, start - digits, digits)
    if at + chars < start or at + chars > len(block):
        raise KeyBlockError("optional block", "length")
    return start, at + chars


def _number(block: str, at: int, digits: int) -> int:
    text = block[at : at + digits]
    if len(text) < digits or not _HEX.fullmatch(text):
        raise KeyBlockError("optional block", "length")
    return int(text, 16)
