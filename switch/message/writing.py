"""How a set of fields becomes bytes, worked out once: neighbours of one encoding are joined and encoded together."""

from binascii import unhexlify
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from switch.message.encodings import is_single_byte
from switch.message.lengths import write_length
from switch.message.ops import Op
from switch.message.values import text_codec


class Leads(dict[int, str]):
    """What stands before a value of so many characters, made when first needed; KeyError where none is allowed."""

    def __init__(self, make: Callable[[int], str | None]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, size: int) -> str:
        made = self._make(size)
        if made is None:
            raise KeyError(size)
        self[size] = made
        return made


# A field of a run: its key, what stands before its value by length, and behind a value of odd length.
Piece = tuple[str, Leads, str]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring fields whose text `finish` encodes at once."""

    finish: Callable[[str], bytes]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """Bitmaps and what follows them: runs, single fields, and bytes that stand as they are.

    `third` is the bitmap that stands in the place of field 65, one of those bytes.
    """

    bitmap: bytes
    third: bytes
    runs: tuple[Run | Op | bytes, ...]
    ops: tuple[Op, ...]


def make_writing(ops: Iterable[Op], bitmaps: tuple[bytes, bytes]) -> Writing:
    """The plan for these fields in ascending order; the second bitmap stands in the place of field 65."""
    head, third = bitmaps
    place_of_third = third
    ordered = tuple(ops)
    runs: list[Run | Op | bytes] = []
    pieces: list[Piece] = []
    current = ""
    for op in ordered:
        if third and op.number > 65:
            _close(runs, current, pieces)
            runs.append(third)
            current, third = "", b""
        name, piece = _piece(op)
        if name != current or piece is None:
            _close(runs, current, pieces)
            current = name
        if piece is None:
            runs.append(op)
        else:
            pieces.append(piece)
    _close(runs, current, pieces)
    return Writing(head, place_of_third, tuple(runs), ordered)


def _close(runs: list[Run | Op | bytes], name: str, pieces: list[Piece]) -> None:
    if pieces:
        runs.append(Run(unhexlify if name == "hex" else text_codec(name)[1], tuple(pieces)))
        pieces.clear()


def _piece(op: Op) -> tuple[str, Piece | None]:
    """The text that the field can be joined in, and how; no piece where it needs its own way."""
    encoding = op.entry["data_enc"]
    prefix = op.entry.get("len_enc", "b") if op.prefix else ""
    if op.entry.get("len_unit") or (op.nibbles and encoding != "b"):
        return "", None
    if encoding == "b":
        left, right = (op.entry.get(pad, "")[:1] if op.nibbles else "" for pad in ("left_pad", "right_pad"))
        right = "" if left else right
        return "hex", (op.key, _hex_leads(prefix, op.prefix, op.count, op.nibbles, (left, right)), right)
    if not is_single_byte(encoding):
        return "", None
    return encoding, (op.key, _text_leads(prefix, op.prefix, op.count, encoding), "")


@lru_cache(maxsize=1024)
def _text_leads(prefix: str, width: int, most: int, encoding: str) -> Leads:
    """Lengths as text that is encoded together with the values; KeyError for one that is no text of the encoding."""

    def make(size: int) -> str | None:
        if size > most or (size != most and not width):
            return None
        lead = write_length(prefix, width, size) if width else b""
        try:
            text = lead.decode(encoding)
            return text if text.encode(encoding) == lead else None
        except UnicodeError:
            return None

    return Leads(make)


@lru_cache(maxsize=1024)
def _hex_leads(encoding: str, width: int, most: int, nibbles: bool, pads: tuple[str, str]) -> Leads:
    left = pads[0]

    def make(size: int) -> str | None:
        count = size if nibbles else size // 2
        if count > most or (count != most and not width) or (size & 1 and not (nibbles and any(pads))):
            return None
        lead = write_length(encoding, width, count).hex() if width else ""
        return lead + left if size & 1 else lead

    return Leads(make)
