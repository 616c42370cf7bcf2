"""A message for human eyes: every field and element with its name and its value, masked as the spec says."""

from collections.abc import Callable
from dataclasses import dataclass

from switch.message.errors import MessageError
from switch.message.mask import is_numeric, masker
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
        name = part.desc if part else ""
        hiding = masker(mask or hides, path, name, numeric=is_numeric(str(entry.get("class", ""))))
        lines.append(Line(path, name, _shown(view, path, hiding)))
    return lines


def _shown(view: View, path: str, hiding: Callable[[str], str]) -> str:
    """The value, masked; nothing for what is told element by element."""
    if view.names(path):
        return ""
    try:
        value = view.text(path)
    except MessageError:
        return "[unreadable]"
    # Nobody reads so much, and a card number must not be cut in two.
    return hiding(value) if len(value) <= _LONGEST else f"[{len(value)} characters]"
