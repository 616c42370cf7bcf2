"""One field's operations, compiled from its spec entry: read the length, decode, encode, check the class."""

import re
from binascii import unhexlify
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Where a field lies: start of its length prefix, of its data, end of its data, and its count in the spec's unit.
Span = tuple[int, int, int, int]

_CLASS = {
    "n": re.compile(r"[0-9]*\Z"),
    "a": re.compile(r"[A-Za-z ]*\Z"),
    "an": re.compile(r"[A-Za-z0-9 ]*\Z"),
    "ans": re.compile(r"[^\x00-\x1f\x7f]*\Z"),
    "z": re.compile(r"[0-9]{0,19}[=D][0-9=D]*\Z"),
    "b": re.compile(r"(?:[0-9A-Fa-f]{2})*\Z"),
    "x+n": re.compile(r"[CD][0-9]*\Z"),
}
_EXPECTED = {
    "n": "digits",
    "a": "letters",
    "an": "letters and digits",
    "ans": "printable characters",
    "z": "track 2 data",
    "b": "hexadecimal digits",
    "x+n": "C or D and digits",
}


class FieldError(ValueError):
    """What is wrong with one value; the codec adds where."""


@dataclass(frozen=True, slots=True)
class Op:
    """`size` is the byte size of a fixed field, 0 for a variable one; `decode` takes the data bytes and the count."""

    number: int
    key: str
    size: int
    count: int
    prefix: int
    length: Callable[[bytes], int | None]
    most: int
    nibbles: bool
    decode: Callable[[bytes, int], str]
    encode: Callable[[str], bytes]
    valid: Callable[[str], object]
    expected: str


def compile_op(key: str, field: Mapping[str, Any]) -> Op:
    """The operations of the field `key`."""
    nibbles = field.get("len_count") == "nibbles"
    most, prefix = field["max_len"], field["len_type"]
    fixed = 0 if prefix else ((most + 1) // 2 if nibbles else most)
    kind = field.get("class") or ("b" if field["data_enc"] == "b" else "ans")
    return Op(
        number=int(key) if key.isdigit() else 0,
        key=key,
        size=fixed,
        count=most,
        prefix=prefix,
        length=_length_reader(field["len_enc"], prefix),
        most=most,
        nibbles=nibbles,
        decode=_decoder(field, nibbles),
        encode=_encoder(field, nibbles),
        valid=_CLASS[kind].match,
        expected=_EXPECTED[kind],
    )


def _length_reader(encoding: str, width: int) -> Callable[[bytes], int | None]:
    """Reads a length prefix; None when it is no number. Tables, because int() takes b" 5" and b"+5" too."""
    if encoding == "b":
        return lambda raw: int.from_bytes(raw, "big")
    if encoding == "bcd":
        return lambda raw: int(digits) if (digits := raw.hex()).isdigit() else None
    if width > 3:
        return lambda raw: int(text) if (text := str(raw, encoding, "replace")).isascii() and text.isdigit() else None
    return {f"{value:0{width}d}".encode(encoding): value for value in range(10**width)}.get if width else lambda _: 0


def _decoder(field: Mapping[str, Any], nibbles: bool) -> Callable[[bytes, int], str]:
    if field["data_enc"] != "b":
        encoding = field["data_enc"]
        return lambda raw, _count: str(raw, encoding)
    if not nibbles:
        return lambda raw, _count: raw.hex().upper()
    left, right = field.get("left_pad", ""), field.get("right_pad", "")

    def unpack(raw: bytes, count: int) -> str:
        text = raw.hex().upper()
        if not count % 2:
            return text
        if left and text[0] == left:
            return text[1:]
        if right and text[-1] == right:
            return text[:-1]
        raise FieldError("expected the pad nibble")

    return unpack


def _encoder(field: Mapping[str, Any], nibbles: bool) -> Callable[[str], bytes]:
    if field["data_enc"] != "b":
        return _text_encoder(field)
    put_length = _Lengths(field["len_enc"], field["len_type"])
    most, variable = field["max_len"], bool(field["len_type"])
    pack = _packer(field, nibbles)
    unit = "nibbles" if nibbles else "bytes"

    def encode(value: str) -> bytes:
        try:
            data = pack(value)
        except ValueError:
            raise FieldError("expected whole hexadecimal bytes") from None
        count = len(value) if nibbles else len(data)
        if count > most or (count != most and not variable):
            raise _wrong_count(count, most, variable, unit)
        return put_length[count] + data if variable else data

    return encode


def _text_encoder(field: Mapping[str, Any]) -> Callable[[str], bytes]:
    put_length = _Lengths(field["len_enc"], field["len_type"])
    most, variable, encoding = field["max_len"], bool(field["len_type"]), field["data_enc"]

    def encode(value: str) -> bytes:
        count = len(value)
        if count > most or (count != most and not variable):
            raise _wrong_count(count, most, variable, "characters")
        try:
            return put_length[count] + value.encode(encoding) if variable else value.encode(encoding)
        except UnicodeEncodeError:
            raise FieldError("expected characters of its encoding") from None

    return encode


def _wrong_count(count: int, most: int, variable: bool, unit: str) -> FieldError:
    return FieldError(f"expected {'at most' if variable else 'exactly'} {most} {unit}, got {count}")


def _packer(field: Mapping[str, Any], nibbles: bool) -> Callable[[str], bytes]:
    if not nibbles:
        return unhexlify
    left, right = field.get("left_pad", ""), field.get("right_pad", "")
    return lambda value: unhexlify(left + value + ("" if left else right) if len(value) % 2 else value)


class _Lengths(dict[int, bytes]):
    """Length prefixes, made when first needed."""

    def __init__(self, encoding: str, width: int) -> None:
        super().__init__()
        self._encoding, self._width = encoding, width

    def __missing__(self, count: int) -> bytes:
        if self._encoding == "b":
            made = count.to_bytes(self._width, "big")
        elif self._encoding == "bcd":
            made = bytes.fromhex(f"{count:0{2 * self._width}d}")
        else:
            made = f"{count:0{self._width}d}".encode(self._encoding)
        self[count] = made
        return made
