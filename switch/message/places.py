"""Where everything of a message lies: the byte ranges of fields, bitmaps, header and elements."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from switch.message.view import View


class Range(NamedTuple):
    """Bytes of the frame: where a field or element begins (length or tag), where its data begins, where it ends."""

    start: int
    data: int
    end: int


def field_range(view: "View", field: str) -> Range:
    """The range of a field that is present."""
    mark, distance, prefix, size, _ = view.plan.places[field]
    start = view.marks[mark] + distance
    return Range(start, start + prefix, view.marks[mark + 1] if size is None else start + size)


def range_of(view: "View", path: str) -> Range:
    """The range of a field, an element, "h", "t", or "p" (all bitmaps in one); KeyError when it is absent."""
    if path in view.plan.places:
        return field_range(view, path)
    body, header = view.head + view.codec.mti_size, view.codec.header
    if path == "h" and header:
        return Range(view.start, view.start + header.op.prefix, view.head)
    if path in ("t", "p"):
        return Range(view.head, view.head, body) if path == "t" else Range(body, body, view.marks[0])
    parent, _, name = path.rpartition(".")
    node = view.inside.node(parent) if parent else None
    if node is None:
        raise KeyError(path)
    _, lead, begin, end, _, _ = node.elements[name]
    return Range(node.offset(lead), node.offset(begin), node.end(end))


def all_ranges(view: "View") -> dict[str, Range]:
    """The ranges of all there is: h, t, p, 1, the fields, and the elements inside them by path."""
    found = {"h": range_of(view, "h")} if view.codec.header else {}
    found |= {"t": range_of(view, "t")} | _bitmap_ranges(view)
    for path in view.paths():
        found[path] = range_of(view, path)
    return found


def _bitmap_ranges(view: "View") -> dict[str, Range]:
    body, end = view.head + view.codec.mti_size, view.marks[0]
    if "1" not in view.plan.texts:
        return {"p": Range(body, body, end)}
    bitmaps = view.codec.bitmaps
    # The first 64 bits of a fixed bitmap are p, as pyiso8583 would have it.
    second = body + (bitmaps.size * 64 // bitmaps.fixed if bitmaps.fixed else bitmaps.size)
    return {"p": Range(body, body, second), "1": Range(second, second, end)}
