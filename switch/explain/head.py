"""What stands before the fields, as nodes: length, TPDU or header, message type, bitmaps. Knows no values of fields."""

from collections.abc import Iterator
from dataclasses import replace

from switch.explain.envelope import Header
from switch.explain.guess import Candidate
from switch.explain.hide import REMOVED, card_ranges, overlaps
from switch.explain.meaning import mti_in_words
from switch.explain.tree import Node
from switch.message import Mti, View

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


def head_nodes(frame: bytes, prefix: int, missing: int, candidate: Candidate, *, trusted: bool) -> Iterator[Node]:
    """The nodes before the fields, for a frame with `prefix` bytes of length that lacks `missing` bytes.

    `trusted` is False where nothing shows that they are any: a card number may lie in their place.
    """
    for node in _nodes(frame, prefix, missing, candidate):
        yield node if trusted or not _may_be_card(node, frame, candidate.fit.view) else _hidden(node)


def _nodes(frame: bytes, prefix: int, missing: int, candidate: Candidate) -> Iterator[Node]:
    if prefix:
        said = f"{candidate.framing}: {len(frame) - prefix + missing} bytes follow"
        said += f", {missing} of them are missing" if missing else ""
        yield _node("length", "Frame length", frame, 0, prefix, meaning=said)
    yield from _header(frame, prefix, candidate.header)
    view = candidate.fit.view
    if view is None:
        return
    if view.codec.header is not None:
        place = view.range("h")
        yield _node("h", "Message header", frame, place.start, place.end - place.start)
    place = view.range("t")
    size = place.end - place.start
    yield _node("t", "Message type", frame, place.start, size, value=view.mti, meaning=mti_in_words(view.mti))
    place = view.range("p")
    if place.end > place.start:
        yield _bitmaps(view, frame, place.start, place.end)


def _may_be_card(node: Node, frame: bytes, view: View | None) -> bool:
    """Whether digits of a card number may lie where a node does, which nothing shows to be what it is called."""
    if node.path == "t":
        return view is None or bool(Mti(view.mti).reserved)
    begin, end = node.offset or 0, (node.offset or 0) + (node.length or 0)
    if node.path == "p":
        # Packed digits have no letter, digits of text none either; a second bitmap reaches further than any number.
        second = view is not None and "1" in view.codec.bitmaps.read(view.data, begin).texts
        return second or node.value.isdecimal() or overlaps(begin, end, card_ranges(frame[: end + 20]))
    return frame[begin:end].hex().isdecimal() and node.path != "h.1"


def _hidden(node: Node) -> Node:
    return replace(node, raw="**" * (node.length or 0), value=REMOVED, meaning="may be something else")


def _bitmaps(view: View, frame: bytes, begin: int, end: int) -> Node:
    """All bitmaps as one."""
    present = view.codec.bitmaps.read(frame, begin)
    fields = " ".join(str(number) for number in present.numbers)
    node = _node("p", "Bitmaps", frame, begin, end - begin, value="".join(present.texts.values()))
    return replace(node, meaning=f"fields {fields}" if fields else "no fields")


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
