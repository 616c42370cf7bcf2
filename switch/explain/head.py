"""What stands before the fields, as nodes: length, TPDU or header, message type, bitmaps. Knows no values of fields."""

from collections.abc import Iterator
from dataclasses import replace

from switch.explain.envelope import Header
from switch.explain.guess import Candidate
from switch.explain.hide import REMOVED, card_ranges, overlaps
from switch.explain.meaning import mti_in_words
from switch.explain.tree import Node
from switch.message import Codec

# Bytes of the Visa header: name, first, last + 1.
_VISA = (
    ("Header length", 0, 1),
    ("Header flag and format", 1, 2),
    ("Text format", 2, 3),
    ("Total length", 3, 5),
    ("Destination station", 5, 8),
    ("Source station", 8, 11),
    ("Round-trip control", 11, 12),
    ("Flags", 12, 14),
    ("Status flags", 14, 17),
    ("Batch number", 17, 18),
    ("Reserved", 18, 21),
    ("User information", 21, 22),
)
_REJECT = (("Reject bitmap", 22, 24), ("Reject code", 24, 26))
_TPDU = (("TPDU identifier", 0, 1), ("TPDU destination", 1, 3), ("TPDU source", 3, 5))
_DECIMAL = ("Header length", "Total length", "Batch number")
_TITLES = {"visa": "Visa header", "visa reject": "Visa reject header", "tpdu": "TPDU", "iso": "ISO literal"}


def head_nodes(frame: bytes, prefix: int, missing: int, candidate: Candidate, *, masked: bool) -> Iterator[Node]:
    """The nodes before the fields, for a frame with `prefix` bytes of length that lacks `missing` bytes."""
    if prefix:
        said = f"{candidate.framing}: {len(frame) - prefix + missing} bytes follow"
        said += f", {missing} of them are missing" if missing else ""
        yield _node("length", "Frame length", frame, 0, prefix, meaning=said)
    yield from _header(frame, prefix, candidate.header)
    view = candidate.fit.view
    if view is None:
        return
    start = prefix + candidate.header.size
    begin = start + _own_header(candidate.codec)
    if begin > start:
        yield _node("h", "Message header", frame, start, begin - start)
    middle = begin + _type_size(candidate.codec)
    yield _node("t", "Message type", frame, begin, middle - begin, value=view.mti, meaning=mti_in_words(view.mti))
    end = bitmap_end(candidate, frame, middle)
    if end > middle:
        yield _bitmaps(candidate, frame, middle, end, masked=masked)


def _bitmaps(candidate: Candidate, frame: bytes, begin: int, end: int, *, masked: bool) -> Node:
    """All bitmaps as one. Where nothing shows that they are any, a card number may lie in their place."""
    node = _node("p", "Bitmaps", frame, begin, end - begin)
    doubted = masked and candidate.fit.error is not None and not candidate.fit.vouched
    if doubted and (end - begin > _one_bitmap(candidate.codec) or overlaps(begin, end, card_ranges(frame[: end + 20]))):
        return replace(node, raw="**" * (end - begin), value=REMOVED, meaning="may be something else")
    fields = " ".join(str(number) for number in bitmap(frame[begin:end], candidate.codec) if number not in (1, 65))
    value = _bitmap_text(frame[begin:end], candidate.codec)
    return replace(node, value=value, meaning=f"fields {fields}" if fields else "no fields")


def _one_bitmap(codec: Codec) -> int:
    return 8 if codec.spec.fields["p"]["data_enc"] == "b" else 16


def bitmap_end(candidate: Candidate, frame: bytes, begin: int) -> int:
    """Where the bitmaps that begin at `begin` end, as far as they are there."""
    entry = candidate.codec.spec.fields["p"]
    one = _one_bitmap(candidate.codec)
    if entry.get("bitmap") == "fixed":
        return min(len(frame), begin + one * int(entry["width"]) // 64)
    third = entry.get("third", "head") == "head" and any(int(key) > 128 for key in _numbers(candidate.codec))
    end = begin + one
    for announcing in (1, 65) if third else (1,):
        if announcing in bitmap(frame[begin:end], candidate.codec):
            end += one
    return min(len(frame), end)


def bitmap(raw: bytes, codec: Codec) -> list[int]:
    """The numbers that the bitmaps in `raw` name; none when they are no bitmaps."""
    try:
        bits = bytes.fromhex(_bitmap_text(raw, codec))
    except ValueError:
        return []
    width, number = 8 * len(bits), int.from_bytes(bits, "big")
    return [place for place in range(1, width + 1) if number >> (width - place) & 1]


def present(candidate: Candidate, frame: bytes, prefix: int) -> list[str]:
    """The fields that the bitmaps announce; none when those could not be read."""
    view = candidate.fit.view
    if view is None:
        return []
    middle = prefix + candidate.header.size + _own_header(candidate.codec) + _type_size(candidate.codec)
    return [str(number) for number in bitmap(frame[middle : bitmap_end(candidate, frame, middle)], candidate.codec)]


def _bitmap_text(raw: bytes, codec: Codec) -> str:
    encoding = codec.spec.fields["p"]["data_enc"]
    return raw.hex().upper() if encoding == "b" else raw.decode(encoding, "replace").upper()


def _numbers(codec: Codec) -> list[str]:
    return [key for key in codec.spec.fields if key.isdigit()]


def _type_size(codec: Codec) -> int:
    return 2 if codec.spec.fields["t"]["data_enc"] == "b" else 4


def _own_header(codec: Codec) -> int:
    """Bytes of the header that the spec itself has before the message type, where its length is fixed."""
    entry = codec.spec.fields.get("h", {})
    return 0 if entry.get("len_type") else int(entry.get("max_len", 0))


def _header(frame: bytes, start: int, header: Header) -> Iterator[Node]:
    if not header.size:
        return
    fault = header.fault.reason if header.fault else ""
    end = min(start + header.size, len(frame))
    yield _node("h", _TITLES.get(header.kind, "Header"), frame, start, end - start, meaning=fault)
    layout = {"visa": _VISA, "tpdu": _TPDU, "visa reject": (*_VISA, *_REJECT)}.get(header.kind, ())
    for number, (name, first, last) in enumerate(layout, 1):
        piece = frame[start + first : min(start + last, end)]
        value = str(int.from_bytes(piece, "big")) if name in _DECIMAL else piece.hex()
        yield _node(f"h.{number}", name, frame, start + first, len(piece), value=value, depth=1)


def _node(
    path: str, name: str, frame: bytes, begin: int, size: int,
    *, value: str | None = None, meaning: str = "", depth: int = 0,
) -> Node:  # fmt: skip
    raw = frame[begin : begin + size].hex()
    return Node(path, name, begin, size, raw, raw if value is None else value, meaning, depth)
