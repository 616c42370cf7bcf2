"""A message for human eyes: every field and element with its name and its value, masked as the spec says."""

from collections.abc import Callable
from dataclasses import dataclass

from switch.logs import mask_text
from switch.message.errors import MessageError
from switch.message.mask import MASKS
from switch.message.view import View

# Characters of a value that are shown.
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """`path` as in View, `name` from the spec, `value` safe to show."""

    path: str
    name: str
    value: str


def describe(view: View) -> list[Line]:
    """The fields of `view` in order, elements after what is around them.

    An element without a mask has that of what is around it. What may hold secrets in its elements is hidden whole when
    it does not have their structure.
    """
    lines = [Line("t", "Message type indicator", view.mti)]
    masks = {"": ""}
    for path in view.paths():
        part = view.part(path)
        entry = part.op.entry if part else {}
        mask = masks[path] = entry.get("mask") or masks[path.rpartition(".")[0]]
        hides = "remove" if entry.get("sub", {}).get("mask") else ""
        lines.append(Line(path, part.desc if part else "", _shown(view, path, mask or hides)))
    return lines


def _shown(view: View, path: str, mask: str) -> str:
    """The value, masked; nothing for what is told element by element."""
    if view.names(path):
        return ""
    try:
        value = view.text(path)
    except MessageError:
        return "[unreadable]"
    # Nobody reads so much, and a card number must not be cut in two.
    return _masker(mask)(value) if len(value) <= _LONGEST else f"[{len(value)} characters]"


def _masker(mask: str) -> Callable[[str], str]:
    # Not only fields of the card hold card numbers.
    return MASKS.get(mask, mask_text)
