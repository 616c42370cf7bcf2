"""A message for human eyes: every field with its name and its value, masked as the spec says."""

from dataclasses import dataclass

from switch.logs import mask_text
from switch.message.mask import MASKS
from switch.message.view import View


@dataclass(frozen=True, slots=True)
class Line:
    """`path` as in View, `name` from the spec, `value` safe to show."""

    path: str
    name: str
    value: str


def describe(view: View) -> list[Line]:
    """The fields of `view` in order, sub-elements after their field."""
    lines = [Line("t", "Message type indicator", view.mti)]
    for path in view.fields:
        spec = view.codec.spec.fields[path]
        subs = view.sub(path)
        masks = spec.get("sub", {}).get("mask", {})
        mask = MASKS.get(spec.get("mask", ""), mask_text)
        lines.append(Line(path, spec["desc"], "" if subs else mask(view[path])))
        for tag, value in subs.items():
            sub_mask = MASKS.get(masks.get(tag, ""), mask_text)
            lines.append(Line(f"{path}.{tag}", "", sub_mask(value)))
    return lines
