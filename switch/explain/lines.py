"""An explained message as lines, each in pieces with a style, for a terminal or a pipe. It decides no masking."""

from collections.abc import Iterator

from switch.explain.comparing import Difference
from switch.explain.explained import Explained
from switch.explain.guess import LIKELY, reads_alike
from switch.explain.tree import Node

# A text and the name of its style.
Piece = tuple[str, str]
Line = tuple[Piece, ...]
_RANGE, _PATH, _NAME, _VALUE = 9, 14, 36, 22


def message_lines(each: Explained, number: int) -> Iterator[Line]:
    """The lines for a message, which is the `number`th of its input."""
    place = f" ({', '.join(part for part in (each.form, each.place) if part)})"
    yield (f"message {number}: ", "title"), (each.name, "title"), (place, "note")
    yield from _candidates(each)
    for node in each.nodes:
        yield _node(node)
    if each.error is not None:
        yield ("fault: ", "fault"), (clean(str(each.error)), "fault")
        yield from (((f"{line.offset:>{_RANGE}}  ", "range"), (line.hex, "value"), (f"  {clean(line.text)}", "note"))
                    for line in each.rest)  # fmt: skip
        shown = sum(1 for line in each.rest for code in line.hex.split())
        left = len(each.frame) - (each.rest[0].offset if each.rest else len(each.frame))
        if left > shown:
            yield ((f"{left - shown} bytes more", "note"),)
        if any("**" in line.hex for line in each.rest):
            yield ((_LEGEND, "note"),)


_LEGEND = "** hides a byte that may be secret: n a digit, a a letter, . a space or sign, - another"


def difference_line(each: Difference) -> Line:
    """One line for a field that differs: "~" another value, "-" only in the first message, "+" only in the second."""
    sign = "+" if each.left is None else "-" if each.right is None else "~"
    values = " | ".join(clean(value) for value in (each.left, each.right) if value is not None)
    name = f"{each.path:<{_PATH}} {clean(each.name):<{_NAME}} "
    note = f"  ({each.note})" if each.note else ""
    return (f"{sign} ", "changed"), (name, "name"), (values, "value"), (note, "note")


def clean(text: str) -> str:
    """`text` without what a terminal would obey."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)


def place(node: Node) -> str:
    """The bytes of a node: "12-17", "12", "" where they are not known."""
    if node.offset is None or node.length is None:
        return ""
    last = node.offset + node.length - 1
    return f"{node.offset}-{last}" if node.length > 1 else str(node.offset)


def _node(node: Node) -> Line:
    path = "  " * node.depth + node.path
    name = clean(node.name)
    # A part that the spec does not name is told by its path.
    left = f"{path:<{_PATH}} {name:<{_NAME - max(0, len(path) - _PATH)}}"
    value, meaning = clean(node.value), clean(node.meaning)
    pieces = [(f"{place(node):>{_RANGE}}  ", "range"), (f"{left} ", "name")]
    if meaning:
        return (*pieces, (f"{value:<{_VALUE}}", "value"), (f"  {meaning}", "meaning"))
    return (*pieces, (value, "value"))


def _candidates(each: Explained) -> Iterator[Line]:
    """What else it could be, with reasons; of those that read it just so only the names."""
    if not each.candidates:
        return
    best, *others = each.candidates
    alike = [other.name for other in others if reads_alike(best, other)]
    if alike:
        yield (("the same as: ", "note"), ("; ".join(alike), "note"))
    others = [other for other in others if other.name not in alike]
    if not others and best.points >= LIKELY:
        return
    yield (("not sure, it could be:" if others else "the likeliest reading:", "note"),)
    for candidate in (best, *others):
        yield (f"  {candidate.points:>5.1f} {candidate.name}", "note"), (f": {'; '.join(candidate.reasons)}", "note")


def plain(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for text, _ in line).rstrip()
