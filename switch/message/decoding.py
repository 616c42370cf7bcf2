"""All fields of a message at once: values are slices of a few texts made of the whole message."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from switch.message.plan import FIXED_HEX, FIXED_TEXT, HEX, TEXT, reading, source_text

if TYPE_CHECKING:
    from switch.message.view import View

_ASCII = ("ascii", "us-ascii")


def decode_all(view: "View") -> dict[str, str]:
    """The fields with pyiso8583's keys. Raises MessageError when one has bytes that are none of its encoding."""
    plan, marks, data = view.plan, view.marks, view.data
    result = {"h": view["h"], "t": view.mti} if view.codec.header else {"t": view.mti}
    result.update(plan.texts)
    items = reading(plan)
    try:
        texts = [source_text(name, data) for name in plan.sources]
    except UnicodeError:
        # A byte that is none of one encoding may stand in a field of another.
        return result | {key: view[key] for key in plan.fields}
    for key, kind, source, mark, begin, end in items:
        at = marks[mark]
        if kind == FIXED_TEXT:
            result[key] = texts[source][at + begin : at + end]
        elif kind == FIXED_HEX:
            result[key] = texts[source][2 * at + begin : 2 * at + end]
        elif kind == TEXT:
            result[key] = texts[source][at + begin : marks[mark + 1]]
        elif kind == HEX:
            result[key] = texts[source][2 * (at + begin) : 2 * marks[mark + 1]]
        else:
            result[key] = view[key]
    if not data.isascii() and any(name in _ASCII for name in plan.sources):
        _require_ascii(view, result)
    return result


def _require_ascii(view: "View", values: Mapping[str, str]) -> None:
    for key, place in view.plan.places.items():
        if place[4].entry["data_enc"] in _ASCII and not values[key].isascii():
            raise view.unreadable(key)
