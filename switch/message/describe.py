"""A message for human eyes: every field with its name and its value, masked as the spec says."""

from dataclasses import dataclass

from switch.logs import mask_text
from switch.message.errors import MessageError
from switch.message.mask import MASKS
from switch.message.view import View


@dataclass(frozen=True, slots=True)
class Line:
    """`path` as in View, `name` from the spec, `value` safe to show."""

    path: str
    name: str
    value: str


def describe(view: View) -> list[Line]:
    """The fields of `view` in order, sub-elements after their field.

    A field that may hold secrets in its sub-elements is hidden whole when it does not have their structure.
    """
    lines = [Line("t", "Message type indicator", view.mti)]
    for path in view.fields:
        try:
            lines += _field(view, path)
        except MessageError:
            lines.append(Line(path, view.codec.spec.fields[path]["desc"], "[unreadable]"))
    return lines


def _field(view: View, path: str) -> list[Line]:
    spec = view.codec.spec.fields[path]
    subs = view.sub(path)
    masks = spec.get("sub", {}).get("mask", {})
    mask = MASKS.get(spec.get("mask", "remove" if masks else ""), mask_text)
    lines = [Line(path, spec["desc"], "" if subs else mask(view[path]))]
    for tag, value in subs.items():
        lines.append(Line(f"{path}.{tag}", "", MASKS.get(masks.get(tag, ""), mask_text)(value)))
    return lines
