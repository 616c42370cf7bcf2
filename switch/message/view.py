"""A message as its bytes and where its fields lie: a field decodes when it is asked for, a change is a splice."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, overload

from switch.message.decoding import decode_all
from switch.message.errors import MessageError
from switch.message.inside import Inside
from switch.message.places import Range, all_ranges, field_range, range_of
from switch.message.plan import Plan
from switch.message.readers import make_reader
from switch.message.splice import splice
from switch.message.structure import Part, SubError
from switch.message.values import ValueFault

if TYPE_CHECKING:
    from switch.message.codec import Codec


class View:
    """One message. Paths are "2" or, inside a field, "48.92"; `data` is the whole frame the message came in.

    `start` is where the message begins, `head` where its type does; `plan` and `marks` say where the fields lie.
    """

    __slots__ = ("_inside", "codec", "data", "head", "marks", "mti", "plan", "start")

    def __init__(
        self, codec: "Codec", data: bytes, start: int, mti: str, plan: Plan, marks: list[int], head: int
    ) -> None:
        self.codec = codec
        self.data = data
        self.start = start
        self.mti = mti
        self.plan = plan
        self.marks = marks
        self.head = head
        self._inside: Inside | None = None

    def __repr__(self) -> str:
        return f"<View {self.codec.name} {self.mti} {' '.join(self.plan.fields)}>"

    @property
    def fields(self) -> tuple[str, ...]:
        """The numbers of the data fields present, ascending."""
        return self.plan.fields

    @property
    def inside(self) -> Inside:
        """The structures inside the fields."""
        if self._inside is None:
            self._inside = Inside(self)
        return self._inside

    def __contains__(self, path: str) -> bool:
        return path in self.plan.places or (("." in path or path == "h") and self.get(path) is not None)

    def __getitem__(self, path: str) -> str:
        reader = self.plan.readers.get(path)
        if reader is not None:
            return reader(self)
        value = self.get(path)
        if value is None:
            raise KeyError(path)
        return value

    @overload
    def get(self, path: str) -> str | None: ...

    @overload
    def get(self, path: str, default: str) -> str: ...

    def get(self, path: str, default: str | None = None) -> str | None:
        """The value at `path`; `default` when it is absent or not of the structure or class that its element has.

        Raises MessageError when a field's bytes are none of its encoding.
        """
        reader = self.plan.readers.get(path)
        if reader is not None:
            return reader(self)
        place = self.plan.places.get(path)
        if place is None:
            return self._other(path, default)
        reader = self.plan.readers[path] = make_reader(path, place)
        return reader(self)

    def unreadable(self, path: str) -> MessageError:
        """The error of bytes that are none of their field's encoding."""
        return MessageError(self.codec.name, path, "expected characters of its encoding", self.range(path).data)

    def _other(self, path: str, default: str | None) -> str | None:
        """A header, an element or nothing."""
        parent, dot, name = path.rpartition(".")
        if not dot:
            return self._header() if path == "h" and self.codec.header else default
        node = self.inside.node(parent)
        if node is None or name not in node.elements:
            return default
        try:
            return node.value(name)
        except SubError:
            return default

    def _header(self) -> str:
        part = self.codec.header
        if part is None:
            raise KeyError("h")
        op, begin = part.op, self.start + part.op.prefix
        count = (op.length(self.data[self.start : begin]) or 0) if op.prefix else op.count
        try:
            return op.decode(self.data[begin : self.head], count)
        except (ValueFault, UnicodeError):
            raise self.unreadable("h") from None

    def counted(self, field: str) -> tuple[int, int, int]:
        """Where the data of `field` begins and ends, and its count in the unit of the spec."""
        start, begin, end = field_range(self, field)
        op = self.plan.places[field][4]
        if not op.prefix:
            return begin, end, op.count
        count = op.length(self.data[start:begin]) if op.nibbles else end - begin
        return begin, end, count or 0

    # -- inside fields

    def sub(self, path: str) -> dict[str, str]:
        """The elements right inside `path` that `get` gives; empty when it does not have the structure."""
        node = self.inside.node(path)
        found: dict[str, str] = {}
        if node is None:
            return found
        for name in self.names(path):
            try:
                found[name] = node.value(name)
            except SubError:
                continue
        return found

    def names(self, path: str) -> tuple[str, ...]:
        """The names of the elements right inside `path`, in order; values are not decoded."""
        node = self.inside.node(path)
        return tuple(name for name in node.elements if name[0] != ".") if node else ()

    def paths(self) -> list[str]:
        """The fields present and all elements inside them, each before what is inside it."""
        found: list[str] = []
        for field in self.plan.fields:
            found.append(field)
            part = self.codec.parts.get(field)
            if part is not None and part.sub is not None:
                self.inside.add_paths(field, found)
        return found

    def part(self, path: str) -> Part | None:
        """What the spec says of `path`; None when it says nothing."""
        if "." in path:
            return self.inside.part(path)
        return self.codec.header if path == "h" else self.codec.parts.get(path)

    def fault(self, path: str) -> MessageError | None:
        """Why the bytes at `path` do not have the structure that the spec gives them; None when they do."""
        return self.inside.fault(path)

    # -- places

    def range(self, path: str) -> Range:
        """Where `path` lies in `data`: a field, an element, "h", "t" or "p" (all bitmaps); KeyError when absent."""
        return range_of(self, path)

    def ranges(self) -> dict[str, Range]:
        """The ranges of all there is: h, t, p, 1, the fields, and the elements inside them by path."""
        return all_ranges(self)

    def raw(self, field: str) -> bytes:
        """The data bytes of `field`, without its length."""
        _, begin, end = field_range(self, field)
        return self.data[begin:end]

    def offset(self, field: str) -> int:
        """Where `field` begins in `data`, its length included."""
        return field_range(self, field).start

    # -- all at once

    def decoded(self) -> dict[str, str]:
        """All fields with pyiso8583's keys. Raises MessageError."""
        return decode_all(self)

    def check(self, fields: Iterable[str] | None = None) -> None:
        """Raises MessageError for the first of `fields` (all by default) whose value is not of its class.

        Paths of elements may be named too. Its `partial` is `sound()`.
        """
        for field in self.plan.fields if fields is None else fields:
            error = self._fault(field)
            if error is not None:
                error.partial = self.sound()
                raise error

    def sound(self) -> "View":
        """The same message with only those fields whose values are of their class."""
        plan = self.plan.narrowed([field for field in self.plan.fields if self._fault(field) is None])
        return View(self.codec, self.data, self.start, self.mti, plan, self.marks, self.head)

    def _fault(self, path: str) -> MessageError | None:
        part = self.part(path)
        try:
            value = self.text(path)
        except KeyError:
            return None
        except MessageError as error:
            return error
        if part is None or part.op.valid(value):
            return None
        where = self.range(path).data
        return MessageError(self.codec.name, path, f"expected {part.op.expected}", where, expected=part.op.kind)

    def text(self, path: str) -> str:
        """The value at `path` whatever its class. Raises KeyError, or MessageError for bytes of no such encoding."""
        parent, dot, name = path.rpartition(".")
        if not dot:
            return self[path]
        node = self.inside.node(parent)
        if node is None:
            raise KeyError(path)
        try:
            return node.read(name)
        except SubError:
            raise self.unreadable(path) from None

    def splice(self, changes: Mapping[str, str | None]) -> bytes:
        """The frame with fields or elements replaced, added or (None) removed; everything else keeps its very bytes.

        Raises MessageError naming the field or element.
        """
        return splice(self, changes)
