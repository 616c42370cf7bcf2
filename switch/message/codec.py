"""A spec compiled to an op table: bytes to a view, fields to bytes. Strict; pyiso8583 is its oracle in the tests."""

from binascii import Error as HexError
from binascii import unhexlify
from collections.abc import Mapping

from switch.message.errors import MessageError
from switch.message.ops import FieldError, Op, Span, compile_op
from switch.message.spec import Spec
from switch.message.subs import Build, Parse, SubError, compile_sub
from switch.message.view import View

# How many bitmaps and field sets are remembered with their op lists; real traffic has some dozens.
_REMEMBERED = 4096


class Codec:
    """One interface's messages. Immutable but for its bounded memory of bitmaps."""

    def __init__(self, spec: Spec) -> None:
        self.name = spec.name
        self.spec = spec
        self.ops: dict[str, Op] = {
            key: compile_op(key, field)
            for key, field in spec.fields.items()
            if key.isdigit() and key not in ("1", "65")
        }
        self.subs: dict[str, tuple[Parse, Build]] = {
            key: compile_sub(field["sub"]) for key, field in spec.fields.items() if "sub" in field
        }
        self._third = any(op.number > 128 for op in self.ops.values())
        self._mti_binary = spec.fields["t"]["data_enc"] == "b"
        self._mti_encoding = "ascii" if self._mti_binary else spec.fields["t"]["data_enc"]
        self._mti_size = 2 if self._mti_binary else 4
        self._hex_encoding = spec.fields["p"]["data_enc"]
        self._map_size = 8 if self._hex_encoding == "b" else 16
        self._by_bitmap: dict[bytes, tuple[tuple[Op, ...], str]] = {}
        self._by_fields: dict[tuple[str, ...], tuple[bytes, tuple[Op, ...]]] = {}

    # -- reading

    def view(self, data: bytes, start: int = 0) -> View:
        """The message that begins at `start`: one walk over its whole structure; values decode when asked for.

        Raises MessageError with the field and the byte offset; its `partial` is a view of the sound fields before it.
        """
        mti = self._read_mti(data, start)
        spans: dict[str, Span] = {}
        view = View(self, data, start, mti, spans)
        try:
            bitmap, position = self._read_bitmap(data, start + self._mti_size)
            ops, unknown = self._by_bitmap.get(bitmap) or self._ops_of(bitmap)
            position = self._walk(data, position, ops, spans)
            if unknown:
                raise MessageError(self.name, unknown, "field is not part of the interface", position)
            if position != len(data):
                raise MessageError(self.name, "end", "bytes after the last field", position, 0, len(data) - position)
        except MessageError as error:
            error.partial = view.sound()
            raise
        return view

    def decode(self, data: bytes, start: int = 0) -> dict[str, str]:
        """All fields of the message, with pyiso8583's keys (t, p, 1, 2 ...)."""
        view = self.view(data, start)
        bitmap, _ = self._read_bitmap(data, start + self._mti_size)
        result = {"t": view.mti, "p": bitmap[:8].hex().upper()}
        if len(bitmap) > 8:
            result["1"] = bitmap[8:].hex().upper()
        for key in view.fields:
            result[key] = view[key]
        return result

    def _read_mti(self, data: bytes, start: int) -> str:
        end = start + self._mti_size
        if len(data) < end:
            raise MessageError(self.name, "t", "message is short", start, self._mti_size, max(0, len(data) - start))
        raw = data[start:end]
        mti = raw.hex() if self._mti_binary else str(raw, self._mti_encoding, "replace")
        if not (mti.isascii() and mti.isdigit()):
            raise MessageError(self.name, "t", "expected 4 digits", start)
        return mti

    def _read_bitmap(self, data: bytes, position: int) -> tuple[bytes, int]:
        bitmap, position = self._read_map(data, position, "p")
        if bitmap[0] & 0x80:
            second, position = self._read_map(data, position, "1")
            bitmap += second
            if second[0] & 0x80:
                if not self._third:
                    raise MessageError(self.name, "65", "no third bitmap on this interface", position)
                third, position = self._read_map(data, position, "65")
                bitmap += third
        return bitmap, position

    def _read_map(self, data: bytes, position: int, path: str) -> tuple[bytes, int]:
        end = position + self._map_size
        if len(data) < end:
            raise MessageError(self.name, path, "bitmap is short", position, self._map_size, len(data) - position)
        raw = data[position:end]
        if self._hex_encoding == "b":
            return raw, end
        try:
            return unhexlify(raw if self._hex_encoding == "ascii" else raw.decode(self._hex_encoding)), end
        except (HexError, ValueError):
            raise MessageError(self.name, path, "expected 16 hexadecimal digits", position) from None

    def _ops_of(self, bitmap: bytes) -> tuple[tuple[Op, ...], str]:
        """The fields that can be walked, and the first the interface does not have: where that ends is not known."""
        bits, width = int.from_bytes(bitmap, "big"), 8 * len(bitmap)
        ops, unknown = [], ""
        for number in range(2, width + 1):
            if bits >> (width - number) & 1 and number != 65:
                op = self.ops.get(str(number))
                if op is None:
                    unknown = str(number)
                    break
                ops.append(op)
        if len(self._by_bitmap) >= _REMEMBERED:
            self._by_bitmap.clear()
        self._by_bitmap[bitmap] = result = tuple(ops), unknown
        return result

    def _walk(self, data: bytes, position: int, ops: tuple[Op, ...], spans: dict[str, Span]) -> int:
        size = len(data)
        for op in ops:
            if op.size:
                end = position + op.size
                if end > size:
                    raise MessageError(self.name, op.key, "field is cut off", position, op.size, size - position)
                spans[op.key] = (position, position, end, op.count)
            else:
                begin = position + op.prefix
                if begin > size:
                    raise MessageError(self.name, op.key, "length is cut off", position, op.prefix, size - position)
                count = self._count(op, data[position:begin], position)
                end = begin + ((count + 1) // 2 if op.nibbles else count)
                if end > size:
                    raise MessageError(self.name, op.key, "field is cut off", begin, end - begin, size - begin)
                spans[op.key] = (position, begin, end, count)
            position = end
        return position

    def _count(self, op: Op, raw: bytes, position: int) -> int:
        count = op.length(raw)
        if count is None:
            raise MessageError(self.name, op.key, "length is no number", position)
        if count > op.most:
            raise MessageError(self.name, op.key, f"length exceeds {op.most}", position, count, op.most)
        return count

    # -- writing

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """The message of these fields; bitmaps are computed. Raises MessageError naming the field."""
        present = tuple(fields)
        bitmap, ops = self._by_fields.get(present) or self._plan(present)
        parts = [self.encode_mti(fields.get("t", "")), bitmap]
        for op in ops:
            try:
                parts.append(op.encode(fields[op.key]))
            except FieldError as error:
                raise MessageError(self.name, op.key, str(error)) from None
        return b"".join(parts)

    def encode_mti(self, mti: str) -> bytes:
        if len(mti) != 4 or not mti.isdigit() or not mti.isascii():
            raise MessageError(self.name, "t", "expected 4 digits")
        return unhexlify(mti) if self._mti_binary else mti.encode(self._mti_encoding)

    def encode_field(self, op: Op, value: str) -> bytes:
        try:
            return op.encode(value)
        except FieldError as error:
            raise MessageError(self.name, op.key, str(error)) from None

    def _plan(self, present: tuple[str, ...]) -> tuple[bytes, tuple[Op, ...]]:
        ops = []
        for key in present:
            if key in ("t", "p", "1", "h"):
                continue
            op = self.ops.get(key)
            if op is None:
                raise MessageError(self.name, key, "field is not part of the interface")
            ops.append(op)
        ops.sort(key=lambda op: op.number)
        if len(self._by_fields) >= _REMEMBERED:
            self._by_fields.clear()
        plan = self.encode_bitmap([op.number for op in ops]), tuple(ops)
        self._by_fields[present] = plan
        return plan

    def encode_bitmap(self, numbers: list[int]) -> bytes:
        top = max(numbers, default=0)
        width = 192 if top > 128 else 128 if top > 64 else 64
        bits = sum(1 << (width - number) for number in numbers)
        if width > 64:
            bits |= 1 << (width - 1)
        if width > 128:
            bits |= 1 << (width - 65)
        bitmap = bits.to_bytes(width // 8, "big")
        return bitmap if self._hex_encoding == "b" else bitmap.hex().upper().encode(self._hex_encoding)

    # -- inside a field

    def parse_sub(self, field: str, value: str) -> dict[str, str]:
        """The sub-elements of a field's value; raises MessageError when it does not have the structure."""
        try:
            return self.subs[field][0](value)
        except (SubError, ValueError) as error:
            raise MessageError(self.name, field, f"structure: {_reason(error)}") from None

    def build_sub(self, field: str, subs: Mapping[str, str]) -> str:
        """The value of a field with these sub-elements; raises MessageError naming the sub-element."""
        try:
            return self.subs[field][1](subs)
        except (SubError, ValueError) as error:
            raise MessageError(self.name, field, f"structure: {_reason(error)}") from None


def _reason(error: ValueError) -> str:
    # Other ValueErrors quote the value they refuse.
    return str(error) if isinstance(error, SubError) else "expected another form"


def compile_spec(spec: Spec) -> Codec:
    """The codec of `spec`."""
    return Codec(spec)
