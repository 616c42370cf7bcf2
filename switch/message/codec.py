"""A spec compiled to an op table: bytes to a view, fields to bytes. Strict; pyiso8583 is its oracle in the tests."""

from binascii import unhexlify
from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from switch.message.bitmaps import Bitmaps
from switch.message.errors import MessageError
from switch.message.limits import DEFAULT_LIMITS, Limits
from switch.message.nodes import edit, leave, nested_changes, open_field
from switch.message.ops import Op
from switch.message.places import Range
from switch.message.plan import Plan, make_plan
from switch.message.spec import Spec, check_spec, load_spec
from switch.message.structure import Part, Sub, SubError
from switch.message.subs import compile_part
from switch.message.values import ValueFault
from switch.message.view import View
from switch.message.walk import walk
from switch.message.writing import Run, Writing, make_writing

# How many bitmaps and field sets are remembered with their plans; real traffic has some dozens.
_REMEMBERED = 1024


class Codec:
    """One interface's messages. Immutable but for its bounded memory of bitmaps and field sets."""

    def __init__(self, spec: Spec, limits: Limits = DEFAULT_LIMITS) -> None:
        spec = check_spec(spec)
        fields = spec.fields
        self.name = spec.name
        self.spec = spec
        self.limits = limits
        plain_65 = fields["p"].get("third") == "none"
        self.parts: dict[str, Part] = {
            key: compile_part(key, field)
            for key, field in fields.items()
            if key.isdecimal() and key != "1" and (key != "65" or plain_65)
        }
        self.ops: dict[str, Op] = {key: part.op for key, part in self.parts.items()}
        self.subs: dict[str, Sub] = {key: part.sub for key, part in self.parts.items() if part.sub is not None}
        self.header: Part | None = compile_part("h", fields["h"]) if fields["h"]["max_len"] > 0 else None
        self.bitmaps = Bitmaps(spec.name, fields, any(op.number > 128 for op in self.ops.values()))
        self._mti_binary = fields["t"]["data_enc"] == "b"
        self._mti_encoding = "ascii" if self._mti_binary else fields["t"]["data_enc"]
        self.mti_size = 2 if self._mti_binary else 4
        self._mtis: dict[bytes, str] = {}
        self._mti_bytes: dict[str, bytes] = {}
        self._plans: dict[bytes, Plan] = {}
        self._writings: dict[tuple[str, ...], Writing] = {}

    # -- reading

    def view(self, data: bytes, start: int = 0) -> View:
        """The message that begins at `start`: one walk over its whole structure; values decode when asked for.

        Raises MessageError with the field and the byte offset; its `partial` is a view of the sound fields before it.
        """
        if self.header is None and data.__class__ is bytes and len(data) <= self.limits.size:
            body = start + self.mti_size
            mti = self._mtis.get(data[start:body])
            position = body + self.bitmaps.size
            plan = self._plans.get(data[body:position])
            while plan is not None and plan.longer:
                position = body + plan.longer
                plan = self._plans.get(data[body:position]) if position <= len(data) else None
            if mti is not None and plan is not None and not plan.special:
                marks = [position]
                for distance, beyond, sizes in plan.steps:
                    size = sizes(data[position + distance : position + beyond])
                    if size is None:
                        break
                    position += beyond + size
                    marks.append(position)
                else:
                    if position + plan.tail == len(data):
                        return View(self, data, start, mti, plan, marks, start)
        # Whatever is unusual or wrong is looked at field by field.
        return walk(self, bytes(data), start)

    @overload
    def decode(self, data: bytes, start: int = 0) -> dict[str, str]: ...

    @overload
    def decode(
        self, data: bytes, start: int = 0, *, offsets: Literal[True]
    ) -> tuple[dict[str, str], dict[str, Range]]: ...

    def decode(
        self, data: bytes, start: int = 0, *, offsets: bool = False
    ) -> dict[str, str] | tuple[dict[str, str], dict[str, Range]]:
        """All fields of the message, with pyiso8583's keys (h, t, p, 1, 2 ...).

        With `offsets` also the byte range of each, and of all elements inside them by path. Raises MessageError.
        """
        view = self.view(data, start)
        fields = view.decoded()
        return (fields, view.ranges()) if offsets else fields

    def read_mti(self, data: bytes, start: int) -> str:
        """The message type at `start`, 4 digits; raises MessageError."""
        end = start + self.mti_size
        if len(data) < end:
            raise MessageError(self.name, "t", "message is short", start, self.mti_size, max(0, len(data) - start))
        raw = data[start:end]
        mti = raw.hex() if self._mti_binary else str(raw, self._mti_encoding, "replace")
        if not (mti.isascii() and mti.isdigit()):
            raise MessageError(self.name, "t", "expected 4 digits", start)
        self._mtis[raw] = mti
        return mti

    def remembered(self, raw: bytes) -> Plan | None:
        """The layout known for these bitmaps."""
        plan = self._plans.get(raw)
        return None if plan is None or plan.longer else plan

    def remember(self, raw: bytes, plan: Plan) -> None:
        """Lets `view` find the layout of the bitmaps `raw`, beginning with as many bytes as every message has."""
        if len(self._plans) >= _REMEMBERED:
            self._plans.clear()
        for size in range(self.bitmaps.size, len(raw), self.bitmaps.more_size):
            longer = size + self.bitmaps.more_size
            self._plans[raw[:size]] = Plan((), {}, (), 0, special=True, longer=longer)
        self._plans[raw] = plan

    def layout(self, numbers: Sequence[int], third: int = 0) -> Plan:
        """The fields that can be walked, up to the first that the interface does not have: where it ends is unknown."""
        ops, unknown = [], ""
        for number in numbers:
            op = self.ops.get(str(number))
            if op is None:
                unknown = str(number)
                break
            ops.append(op)
        plan = make_plan(ops, third)
        plan.unknown, plan.special = unknown, plan.special or bool(unknown or third)
        return plan

    # -- writing

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """The message of these fields; bitmaps are computed. Raises MessageError naming the field."""
        present = tuple(fields)
        writing = self._writings.get(present) or self._plan(present)
        mti = fields.get("t", "")
        known = self._mti_bytes.get(mti) if mti.__class__ is str else None
        parts = [known or self.encode_mti(mti), writing.bitmap]
        try:
            for run in writing.runs:
                if isinstance(run, Run):
                    texts = []
                    for key, leads, trail in run.pieces:
                        value = fields[key]
                        size = len(value)
                        texts.append(leads[size])
                        texts.append(value)
                        if trail and size & 1:
                            texts.append(trail)
                    parts.append(run.finish("".join(texts)))
                else:
                    parts.append(run.encode(fields[run.key]) if isinstance(run, Op) else run)
        except (KeyError, ValueError, TypeError, AttributeError):
            parts[2:] = [self._singly(writing, fields)]
        if self.header is not None:
            parts.insert(0, self._encode_header(fields))
        return b"".join(parts)

    def encode_mti(self, mti: str) -> bytes:
        """The bytes of a message type of 4 digits; raises MessageError."""
        if not isinstance(mti, str) or len(mti) != 4 or not mti.isdigit() or not mti.isascii():
            raise MessageError(self.name, "t", "expected 4 digits")
        made = unhexlify(mti) if self._mti_binary else mti.encode(self._mti_encoding)
        self._mti_bytes[mti] = made
        return made

    def encode_field(self, op: Op, value: str) -> bytes:
        """Length and data of one field; raises MessageError."""
        try:
            return op.encode(value)
        except ValueFault as error:
            raise MessageError(self.name, op.key, str(error)) from None

    def _encode_header(self, fields: Mapping[str, str]) -> bytes:
        if "h" not in fields or self.header is None:
            raise MessageError(self.name, "h", "expected a header")
        return self.encode_field(self.header.op, fields["h"])

    def _singly(self, writing: Writing, fields: Mapping[str, str]) -> bytes:
        """The fields one by one, when they could not be encoded together; raises MessageError naming the wrong one."""
        parts = []
        for op in writing.ops:
            if writing.third and op.number > 65 and writing.third not in parts:
                parts.append(writing.third)
            parts.append(self.encode_field(op, fields[op.key]))
        return b"".join(parts)

    def _plan(self, present: tuple[str, ...]) -> Writing:
        ops = []
        for key in present:
            if key in ("t", "p", "1", "h"):
                continue
            op = self.ops.get(key)
            if op is None:
                raise MessageError(self.name, str(key), "field is not part of the interface")
            ops.append(op)
        ops.sort(key=lambda op: op.number)
        if len(self._writings) >= _REMEMBERED:
            self._writings.clear()
        writing = make_writing(ops, self.bitmaps.write(op.number for op in ops))
        self._writings[present] = writing
        return writing

    # -- inside a field

    def parse_sub(self, field: str, value: str) -> dict[str, str]:
        """The elements of a field's value; raises MessageError, of the field, when it does not have the structure."""
        part = self._structured(field)
        try:
            raw, count = part.op.pack(value)
            node = open_field(part, raw, 0, len(raw), count, self.limits.elements)
            return {name: node.value(name) for name in node.elements if name[:1] != "."}
        except (SubError, ValueFault) as error:
            raise self._sub_error(field, error) from None

    def build_sub(self, field: str, subs: Mapping[str, object]) -> str:
        """The value of a field with these elements: values by name or path ("25.2"), or what is inside by name.

        Raises MessageError naming the element.
        """
        part = self._structured(field)
        try:
            raw, count = self.build_raw(part, subs)
            return part.op.decode(raw, count)
        except (SubError, ValueFault, UnicodeError) as error:
            raise self._sub_error(field, error) from None

    def build_raw(self, part: Part, subs: Mapping[str, object]) -> tuple[bytes, int]:
        """The data bytes and their count of a field with these elements. Raises SubError or ValueFault."""
        if part.sub is None:
            raise SubError("no structure is known")
        made = edit(part.sub, None, nested_changes(subs), self.limits.elements, self.limits.depth)
        part.sub.split(made, 0, len(made), self.limits.elements)
        return leave(part, part.sub, made)

    def _structured(self, field: str) -> Part:
        part = self.parts.get(field)
        if part is None or part.sub is None:
            raise MessageError(self.name, field, "field has no structure on this interface")
        return part

    def _sub_error(self, field: str, error: ValueError) -> MessageError:
        path = f"{field}.{error.name}" if isinstance(error, SubError) and error.name else field
        # Other errors may quote what they refuse.
        reason = "expected another form" if isinstance(error, UnicodeError) else str(error)
        return MessageError(self.name, path, f"structure: {reason}")


def compile_spec(spec: Spec | Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> Codec:
    """The codec of `spec`, or of a pyiso8583 dict. Raises SpecError."""
    return Codec(spec if isinstance(spec, Spec) else load_spec(spec), limits)
