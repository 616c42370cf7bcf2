"""What all structures inside a field have in common: elements in bytes, parts that describe them, the refusal.

Knows none of the kinds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from switch.message.ops import Op, compile_op
from switch.message.validate_sub import counts_digits

# Name, start of tag or length, start and end of the data, end with its delimiter, count in the part's unit. All in the
# bytes that the structure stands in. An element without a name is padding: kept, and not shown.
Element = tuple[str, int, int, int, int, int]


class SubError(ValueError):
    """The bytes do not have the structure, or a value does not fit it. `name` and `position` say where, if anywhere."""

    def __init__(
        self, reason: str, name: str = "", position: int = 0, needed: int | None = None, available: int | None = None
    ) -> None:
        super().__init__(reason)
        self.name = name
        self.position = position
        self.needed = needed
        self.available = available


class TooManyError(SubError):
    """More elements than a reader is ready for."""


@dataclass(frozen=True, slots=True)
class Part:
    """A field or an element: its operations and what is inside."""

    op: Op
    sub: "Sub | None"
    desc: str


@dataclass(frozen=True, slots=True)
class Sub:
    """A structure.

    `split` finds at most so many elements between two positions; `wrap` puts tag and length around data; `join` puts
    wrapped elements together in order, and what is absent at the end stays so when it is told to be `short`. `domain`
    says how the structure's bytes stand in the field: "raw", "hex" (spelt), "auto" (spelt or raw) or "digits" (half
    bytes). `nested` elements without a part of their own have this very structure.
    """

    kind: str
    domain: str
    split: Callable[[bytes, int, int, int], list[Element]]
    wrap: Callable[[str, bytes, int], bytes]
    join: Callable[[Sequence[tuple[str, bytes]], bool], bytes]
    parts: Mapping[str, Part]
    others: Part | None
    nested: Callable[[str], bool] = field(default=lambda _name: False)

    def part(self, name: str) -> Part | None:
        """The part that describes the element `name`; None when the structure has no such element."""
        return self.parts.get(name) or self.parts.get(name.partition("#")[0]) or self.others

    def inside(self, name: str) -> "Sub | None":
        """The structure of the element `name`."""
        part = self.part(name)
        if part is not None and part.sub is not None:
            return part.sub
        if not self.nested(name):
            return None
        return self if self.domain == "raw" else replace(self, domain="raw")


def domain_of(sub: Mapping[str, Any], parent: Mapping[str, Any]) -> str:
    """How the bytes of the structure stand in the field."""
    if counts_digits(sub, parent):
        return "digits"
    return {True: "hex", "auto": "auto"}.get(sub.get("hex", False), "raw")


def opaque(encoding: str) -> Part:
    """An element that nothing describes: all of it, in the encoding of what is around it."""
    return Part(compile_op("", {"data_enc": encoding}), None, "")


def head_part(encoding: str, size: int) -> Part:
    """The characters before a structure, when nothing describes them."""
    return Part(compile_op("0", {"data_enc": encoding, "max_len": size}), None, "")


def head_element(head: int, begin: int, size: int) -> Element:
    """The characters before a structure of bytes from `begin` up to `size`."""
    end = begin + head
    if size < end:
        raise SubError("head is cut off", "0", begin, head, size - begin)
    return "0", begin, begin, end, end, head


def delimiter(op: Op) -> bytes:
    """The text that ends a part and belongs to none."""
    text: str = op.entry.get("until", "")
    encoding = op.entry["data_enc"]
    return text.encode("latin-1" if encoding == "b" else encoding)


def numbered(name: str, seen: dict[str, int]) -> str:
    """`name`, or `name#2` and so on when it was `seen` before."""
    times = seen.get(name, 0) + 1
    seen[name] = times
    return name if times == 1 else f"{name}#{times}"


def too_many(most: int) -> TooManyError:
    """The refusal of more than `most` elements."""
    return TooManyError(f"more than {most} elements")


def nibbles_in(part: Part, size: int) -> int:
    """The count of `size` bytes of an element whose length was said in bytes."""
    if not part.op.nibbles:
        return size
    most: int = part.op.entry.get("max_len", 2 * size)
    return most if 2 * size == most + 1 else 2 * size
