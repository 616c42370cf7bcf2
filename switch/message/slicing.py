"""How all values of a message are slices of a few texts made of the whole of it: worked out once per layout."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from switch.message.encodings import is_single_byte
from switch.message.ops import Op
from switch.message.values import text_codec

ASCII = ("ascii", "us-ascii")
FIXED, VARIABLE, NIBBLES, PADDED, OTHER = range(5)
# The mark before a field, its distance from there, the bytes of its prefix, its size (None: up to the next mark).
_Place = tuple[int, int, int, int | None, Op]


class Slice(NamedTuple):
    """A field or, where `run` names them with their beginnings and ends, a run of fixed ones in one text.

    `kind`, the text, the characters of it for a byte, from where to where behind the mark. For NIBBLES `end` is the
    width of the length, which says whether there is a pad. A tuple: unpacking one costs least in the loop over them.
    """

    kind: int
    source: int
    times: int
    mark: int
    begin: int
    end: int
    key: str
    run: tuple[tuple[str, int, int], ...]
    op: Op


@dataclass(frozen=True, slots=True)
class Slicing:
    """The texts, by encoding or "hex"; the slices in the order of the fields; `blank`, whose copy is filled.

    The values of the fields `ascii` must be that: their text is not decoded as ASCII but as Latin-1.
    """

    blank: dict[str, str]
    ascii: tuple[str, ...]
    sources: tuple[str, ...]
    slices: tuple[Slice, ...]


def make_slicing(places: Mapping[str, _Place], texts: Mapping[str, str], header: bool) -> Slicing:
    """The slices of fields with these places; `texts` are those of the bitmaps."""
    sources: list[str] = []
    found: list[Slice] = []
    for key, place in places.items():
        made = _slice(key, place, sources)
        last = found[-1] if found else None
        if last and made.kind == last.kind == FIXED and _follows(made, last):
            found[-1] = last._replace(run=last.run + made.run)
        else:
            found.append(made)
    blank = {**({"h": ""} if header else {}), "t": "", **texts, **dict.fromkeys(places, "")}
    plain = tuple(key for key, place in places.items() if place[4].entry["data_enc"] in ASCII)
    return Slicing(blank, plain, tuple(sources), tuple(found))


def source_text(name: str, data: bytes) -> str:
    """The whole message as text: hexadecimal, or in an encoding. Raises UnicodeError."""
    if name == "hex":
        return data.hex().upper()
    if name == "ascii":
        # Whether a value is ASCII is asked of the value: other fields may hold anything.
        return data.decode("latin-1")
    return text_codec(name)[0](data)


def _follows(made: Slice, last: Slice) -> bool:
    return (made.source, made.mark) == (last.source, last.mark)


def _slice(key: str, place: _Place, sources: list[str]) -> Slice:
    mark, distance, prefix, size, op = place
    name = _source_of(op)
    begin, end = distance + prefix, distance + prefix + (size or 0)
    if not name:
        return Slice(OTHER, 0, 1, mark, begin, end, key, (), op)
    if name not in sources:
        sources.append(name)
    source, times = sources.index(name), 2 if name == "hex" else 1
    kind = FIXED if size is not None else VARIABLE
    if op.nibbles and size is None:
        return Slice(NIBBLES, source, times, mark, begin, prefix, key, (), op)
    if op.nibbles and op.count & 1:
        kind = PADDED if op.entry.get("left_pad", "")[:1] == "0" else OTHER
    run = ((key, times * begin, times * end),) if kind == FIXED else ()
    return Slice(kind, source, times, mark, times * begin, times * end, key, run, op)


def _source_of(op: Op) -> str:
    """The name of the text that the values of `op` are slices of; empty when they are no slices."""
    encoding = str(op.entry["data_enc"])
    if op.entry.get("len_unit") or (op.nibbles and encoding != "b"):
        return ""
    if encoding == "b":
        return "hex"
    return encoding if is_single_byte(encoding) else ""
