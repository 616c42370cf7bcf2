"""Opened structures: elements found when asked for, values built from paths, edits that keep all other bytes.

Paths are relative: "01.9F26" inside field 55."""

from collections.abc import Mapping
from dataclasses import dataclass

from switch.message.structure import Element, Part, Sub, SubError, delimiter
from switch.message.values import ValueFault


@dataclass(frozen=True, slots=True)
class Node:
    """A structure in `data`: the frame, or bytes that were spelt in it or halves of its bytes, one each.

    A position in `data` is the frame's at `origin` + position * `times` / `per`.
    """

    sub: Sub
    data: bytes
    elements: dict[str, Element]
    origin: int = 0
    times: int = 1
    per: int = 1

    def offset(self, position: int) -> int:
        """Where `position` lies in the frame; of half a byte, the byte."""
        return self.origin + position * self.times // self.per

    def end(self, position: int) -> int:
        """Where what ends at `position` ends in the frame; half a byte is a whole one."""
        return self.origin - (-position * self.times // self.per)

    def value(self, name: str) -> str:
        """As `read`, and SubError too when the value is not of the class that the spec gives it."""
        value, part = self.read(name), self.sub.part(name)
        if part is not None and "class" in part.op.entry and not part.op.valid(value):
            raise SubError(f"expected {part.op.expected}", name, self.elements[name][2])
        return value

    def read(self, name: str) -> str:
        """The value of the element `name`; raises KeyError, or SubError when its bytes are none of its encoding."""
        _, _, begin, end, _, count = self.elements[name]
        part = self.sub.part(name)
        if part is None:
            raise KeyError(name)
        try:
            return part.op.decode(self.data[begin:end], count)
        except (ValueFault, UnicodeError):
            raise SubError("expected characters of its encoding", name, begin) from None


def open_field(part: Part, data: bytes, begin: int, end: int, count: int, most: int) -> Node:
    """The structure inside a field whose data lies in the frame `data`. Raises SubError."""
    if part.sub is None:
        raise SubError("no structure is known")
    return _open(Node(part.sub, data, {}), part, part.sub, (begin, end, count), most)


def open_inside(node: Node, name: str, most: int) -> Node:
    """The structure inside the element `name` of `node`. Raises SubError; KeyError when there is no such element."""
    _, _, begin, end, _, count = node.elements[name]
    sub, part = node.sub.inside(name), node.sub.part(name)
    if sub is None or part is None:
        raise SubError("no structure is known", name, begin)
    return _open(node, part, sub, (begin, end, count), most)


def _open(around: Node, part: Part, sub: Sub, place: tuple[int, int, int], most: int) -> Node:
    begin, end, count = place
    node = Node(sub, around.data, {}, around.origin, around.times, around.per)
    if sub.domain != "raw":
        data, domain = _enter(part, sub, around.data[begin:end], count)
        if domain != "raw":
            # One byte of the structure is two characters around it, or half a byte.
            times, per = (2 * around.times, around.per) if domain == "hex" else (around.times, 2 * around.per)
            if domain == "digits" and count & 1 and part.op.entry.get("left_pad"):
                data = b"-" + data
            node = Node(sub, data, {}, around.offset(begin), times, per)
            begin, end = len(data) - _own(domain, data), len(data)
    try:
        found = sub.split(node.data, begin, end, most)
    except SubError as error:
        error.position = node.offset(error.position)
        raise
    # Padding gets a name that no path can ask for.
    node.elements.update((element[0] or f".{index}", element) for index, element in enumerate(found))
    return node


def _own(domain: str, data: bytes) -> int:
    """The bytes of a structure's own; a digit that only fills is none of them."""
    return len(data) - (domain == "digits" and data[:1] == b"-")


def _enter(part: Part, sub: Sub, raw: bytes, count: int) -> tuple[bytes, str]:
    """The structure's own bytes, and how they stand around."""
    if sub.domain == "raw":
        return raw, "raw"
    try:
        text = part.op.decode(raw, count)
    except (ValueFault, UnicodeError):
        if sub.domain == "auto":
            return raw, "raw"
        raise SubError("expected characters of its encoding") from None
    if sub.domain == "digits":
        return text.encode("ascii"), "digits"
    try:
        # fromhex passes over spaces, which no length counts.
        return bytes.fromhex(text if text.isalnum() else "-" if text else ""), "hex"
    except ValueError:
        if sub.domain == "auto":
            return raw, "raw"
        raise SubError("expected hexadecimal digits") from None


def leave(part: Part, sub: Sub, data: bytes, spelt: bool = True) -> tuple[bytes, int]:
    """The data bytes and the count of a field or element around the structure's own bytes. Raises ValueFault."""
    if sub.domain == "raw" or (sub.domain == "auto" and not spelt):
        return _fitting(part, data)
    return part.op.pack(data.decode("ascii") if sub.domain == "digits" else data.hex().upper())


def _fitting(part: Part, data: bytes) -> tuple[bytes, int]:
    """The count of bytes that were made and not encoded; raises ValueFault when there are too many."""
    op = part.op
    count = 2 * len(data) if op.nibbles else len(data)
    most = op.entry.get("max_len")
    if most is not None and (count > most or (count != most and not op.variable)):
        raise ValueFault(f"expected {'at most' if op.variable else 'exactly'} {most}, got {count}")
    return data, count


def spelt_out(part: Part, raw: bytes, count: int) -> bool:
    """Whether a field that may spell its structure in hexadecimal does."""
    return part.sub is None or _enter(part, part.sub, raw, count)[1] == "hex"


def nested_changes(changes: Mapping[str, object]) -> dict[str, object]:
    """Paths with dots as mappings inside mappings. Raises SubError when an element is given whole and in parts."""
    found: dict[str, object] = {}
    for path, value in changes.items():
        first, dot, rest = path.partition(".")
        if not dot:
            if isinstance(found.get(first), dict):
                raise SubError("given whole and in parts", first)
            found[first] = value
            continue
        inner = found.setdefault(first, {})
        if not isinstance(inner, dict):
            raise SubError("given whole and in parts", first)
        inner[rest] = value
    return {name: nested_changes(value) if isinstance(value, dict) else value for name, value in found.items()}


def edit(sub: Sub, node: Node | None, changes: Mapping[str, object], most: int, depth: int) -> bytes:
    """The structure's bytes with elements replaced, added or (None) taken away. Raises SubError naming the element."""
    if depth < 0:
        raise SubError("structures nested too deep")
    left = dict(changes)
    made: list[tuple[str, bytes]] = []
    before = node.elements if node else {}
    added = any(change is not None and name not in before for name, change in changes.items())
    for name, element in before.items():
        if name not in left:
            verbatim = node.data[element[1] : element[4]] if node else b""
            made.append((element[0], verbatim + _missing(sub, element) if added else verbatim))
            continue
        change = left.pop(name)
        if change is not None:
            wrapped = _wrapped(sub, name, change, node, most, depth)
            made.append((name, wrapped if added else wrapped.removesuffix(_missing(sub, element))))
    for name, change in left.items():
        if change is not None:
            made.append((name, _wrapped(sub, name, change, None, most, depth)))
    return sub.join(made, node is not None)


def _missing(sub: Sub, element: Element) -> bytes:
    """The delimiter that the last of the elements had no need of."""
    part = sub.part(element[0]) if element[3] == element[4] else None
    return delimiter(part.op) if part else b""


def _wrapped(sub: Sub, name: str, change: object, node: Node | None, most: int, depth: int) -> bytes:
    part = sub.part(name)
    if part is None:
        # What has no such element says so in its own words.
        return sub.wrap(name, b"", 0)
    try:
        if isinstance(change, Mapping):
            data, count = _edited(sub, part, name, change, node, most, depth)
        elif isinstance(change, str):
            data, count = part.op.pack(change)
            if "class" in part.op.entry and not part.op.valid(change):
                raise ValueFault(f"expected {part.op.expected}")
        else:
            raise ValueFault("expected text")
    except ValueFault as error:
        raise SubError(str(error), name) from None
    except SubError as error:
        error.name = f"{name}.{error.name}" if error.name else name
        raise
    return sub.wrap(name, data, count)


def _edited(
    sub: Sub, part: Part, name: str, change: Mapping[str, object], node: Node | None, most: int, depth: int
) -> tuple[bytes, int]:
    inside = sub.inside(name)
    if inside is None:
        raise SubError("no structure is known")
    inner, spelt = None, True
    if node is not None:
        inner = open_inside(node, name, most)
        _, _, begin, end, _, count = node.elements[name]
        spelt = spelt_out(part, node.data[begin:end], count)
    return leave(part, inside, edit(inside, inner, change, most, depth - 1), spelt)
