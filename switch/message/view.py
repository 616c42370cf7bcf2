"""A message as its bytes and where its fields lie: a field decodes when it is asked for, a change is a splice."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, overload

from switch.message.errors import MessageError
from switch.message.ops import FieldError, Span

if TYPE_CHECKING:
    from switch.message.codec import Codec


class View:
    """One message. Paths are "2" or, inside a field, "48.92"; `data` is the whole frame the message came in."""

    __slots__ = ("_spans", "_start", "_subs", "_values", "codec", "data", "mti")

    def __init__(self, codec: "Codec", data: bytes, start: int, mti: str, spans: dict[str, Span]) -> None:
        self.codec = codec
        self.data = data
        self.mti = mti
        self._start = start
        self._spans = spans
        self._values: dict[str, str] = {}
        self._subs: dict[str, dict[str, str]] = {}

    def __repr__(self) -> str:
        return f"<View {self.codec.name} {self.mti} {' '.join(self._spans)}>"

    @property
    def fields(self) -> tuple[str, ...]:
        """The numbers of the data fields present, ascending."""
        return tuple(self._spans)

    def __contains__(self, path: str) -> bool:
        return self.get(path) is not None if "." in path else path in self._spans

    def __getitem__(self, path: str) -> str:
        value = self.get(path)
        if value is None:
            raise KeyError(path)
        return value

    @overload
    def get(self, path: str) -> str | None: ...

    @overload
    def get(self, path: str, default: str) -> str: ...

    def get(self, path: str, default: str | None = None) -> str | None:
        """The value at `path`; `default` when it is absent or its field does not have the structure asked for."""
        value = self._values.get(path)
        if value is not None:
            return value
        span = self._spans.get(path)
        if span is None:
            field, dot, tag = path.partition(".")
            return self.sub(field).get(tag, default) if dot else default
        _, begin, end, count = span
        try:
            value = self.codec.ops[path].decode(self.data[begin:end], count)
        except (FieldError, UnicodeDecodeError):
            raise MessageError(self.codec.name, path, "expected characters of its encoding", begin) from None
        self._values[path] = value
        return value

    def sub(self, field: str) -> dict[str, str]:
        """The sub-elements of `field`; empty when it is absent, has none, or does not have the structure."""
        found = self._subs.get(field)
        if found is None:
            value = self.get(field)
            found = {}
            if value is not None and field in self.codec.subs:
                try:
                    found = self.codec.parse_sub(field, value)
                except MessageError:
                    found = {}
            self._subs[field] = found
        return found

    def raw(self, field: str) -> bytes:
        """The data bytes of `field`, without its length."""
        _, begin, end, _ = self._spans[field]
        return self.data[begin:end]

    def offset(self, field: str) -> int:
        """Where `field` begins in `data`, its length included."""
        return self._spans[field][0]

    def check(self, fields: Iterable[str] | None = None) -> None:
        """Raises MessageError for the first of `fields` (all by default) whose value is not of its class.

        Its `partial` is `sound()`.
        """
        for field in self._spans if fields is None else fields:
            if field in self._spans:
                error = self._fault(field)
                if error is not None:
                    error.partial = self.sound()
                    raise error

    def sound(self) -> "View":
        """The same message with only those fields whose values are of their class."""
        spans = {field: span for field, span in self._spans.items() if self._fault(field) is None}
        return View(self.codec, self.data, self._start, self.mti, spans)

    def _fault(self, field: str) -> MessageError | None:
        op = self.codec.ops[field]
        try:
            sound = op.valid(self.get(field, ""))
        except MessageError as error:
            return error
        if sound:
            return None
        return MessageError(self.codec.name, field, f"expected {op.expected}", self._spans[field][1])

    def splice(self, changes: Mapping[str, str | None]) -> bytes:
        """The frame with fields replaced, added or (None) removed; everything else keeps its very bytes."""
        codec, data, spans = self.codec, self.data, self._spans
        ops = codec.ops
        present = [ops[key].number for key in spans if key not in changes]
        for key, value in changes.items():
            if value is not None and key != "t":
                if key not in ops:
                    raise MessageError(codec.name, key, "field is not part of the interface")
                present.append(ops[key].number)
        present.sort()
        parts = [data[: self._start], codec.encode_mti(changes.get("t") or self.mti), codec.encode_bitmap(present)]
        for number in present:
            key = str(number)
            changed = changes.get(key)
            if changed is None:
                lead, _, end, _ = spans[key]
                parts.append(data[lead:end])
            else:
                parts.append(codec.encode_field(ops[key], changed))
        return b"".join(parts)
