"""Tag, length, value (or length, tag, value) in text or binary, and datasets, which are that with fixed widths."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from switch.message.lengths import Read, length_reader, write_length
from switch.message.structure import (
    Element,
    Part,
    Sub,
    SubError,
    domain_of,
    head_element,
    head_part,
    nibbles_in,
    numbered,
    opaque,
    too_many,
)
from switch.message.validate_sub import inner_encoding


def compile_dataset(sub: Mapping[str, Any], parent: Mapping[str, Any], parts: dict[str, Part]) -> Sub:
    """Datasets: a binary identifier, a binary length, and what the part of that identifier says."""
    form = {"kind": "dataset", "tag": sub.get("id", 1), "len": sub.get("len", 2), "tag_enc": "b", "len_enc": "b"}
    return compile_tlv({**sub, **form}, parent, parts)


def compile_tlv(sub: Mapping[str, Any], parent: Mapping[str, Any], parts: dict[str, Part]) -> Sub:
    """The structure of kind tlv."""
    inner = inner_encoding(sub, parent)["data_enc"]
    others = parts.pop("*", None) or opaque(inner)
    head, tag, length = sub.get("head", 0), sub["tag"], sub["len"]
    if head and "0" not in parts:
        parts["0"] = head_part(inner, head)
    form = _Form(
        head,
        tag,
        length,
        sub.get("order", "tlv") == "tlv",
        {"value": 0, "tag+value": tag, "all": tag + length}[sub.get("len_covers", "value")],
        *_tags(sub.get("tag_enc", inner), tag, inner),
        *_lengths(sub.get("len_enc", inner), length, inner),
        parts,
        others,
    )
    return Sub(sub["kind"], domain_of(sub, parent), form.split, form.wrap, form.join, parts, others)


@dataclass(frozen=True, slots=True)
class _Form:
    """Widths, order and writing of tags and lengths; `more` is what a length counts beside the value."""

    head: int
    tag: int
    length: int
    tag_first: bool
    more: int
    read_name: Callable[[bytes], str | None]
    write_name: Callable[[str], bytes]
    read_length: Read
    write_length: Callable[[int], bytes | None]
    parts: Mapping[str, Part]
    others: Part

    def split(self, data: bytes, begin: int, size: int, most: int) -> list[Element]:
        found: list[Element] = [head_element(self.head, begin, size)] if self.head and begin < size else []
        seen: dict[str, int] = {}
        position = found[0][3] if found else begin
        while position < size:
            if len(found) >= most:
                raise too_many(most)
            name, start, end = self._next(data, position, size)
            if end > size:
                raise SubError("element is longer than the field", name, start, end - start, size - start)
            count = nibbles_in(self.parts.get(name, self.others), end - start)
            found.append((numbered(name, seen), position, start, end, end, count))
            position = end
        return found

    def _next(self, data: bytes, position: int, size: int) -> tuple[str, int, int]:
        """The name of the element that begins at `position`, and where its data begins and ends."""
        middle = position + (self.tag if self.tag_first else self.length)
        begin = position + self.tag + self.length
        first, second = data[position : min(middle, size)], data[middle : min(begin, size)]
        name = self.read_name(first if self.tag_first else second)
        count = self.read_length(second if self.tag_first else first)
        if name is None or count is None or count < self.more:
            raise SubError("expected a tag and a length", "", position)
        return name, begin, begin + count - self.more

    def wrap(self, name: str, data: bytes, _count: int) -> bytes:
        if self.head and name == "0":
            return data
        plain = name.partition("#")[0]
        said, limit = self.write_name(plain), self.write_length(len(data) + self.more)
        if limit is None:
            raise SubError("value is too long for its length", plain)
        return said + limit + data if self.tag_first else limit + said + data

    def join(self, elements: Sequence[tuple[str, bytes]], _short: bool) -> bytes:
        if not self.head:
            return b"".join(data for _, data in elements)
        given = [data for name, data in elements if name == "0"]
        lead = given[0] if given else self.parts["0"].op.encode(_blank(self.parts["0"], self.head))
        return lead + b"".join(data for name, data in elements if name != "0")


def _blank(part: Part, head: int) -> str:
    """What stands for a head that is not given."""
    return "00" * head if part.op.entry["data_enc"] == "b" else " " * head


def _text(encoding: str) -> str:
    return "ascii" if encoding == "b" else encoding


def _tags(encoding: str, width: int, inner: str) -> tuple[Callable[[bytes], str | None], Callable[[str], bytes]]:
    """Tags as names and back. Decimal tags are named without leading zeros; a tag of zeros keeps them."""
    if encoding == "b":
        return lambda raw: raw.hex().upper() if len(raw) == width else None, _hex_tag(width)
    if encoding in ("hex", "text"):
        text = _text(inner)
        good = _hexadecimal if encoding == "hex" else _printable

        def read_text(raw: bytes) -> str | None:
            name = str(raw, text, "replace").upper() if encoding == "hex" else str(raw, text, "replace")
            return name if len(name) == width and good(name) else None

        def write_text(name: str) -> bytes:
            if len(name) != width or not good(name):
                raise SubError(f"expected a tag of {width} characters", name[:8])
            return name.encode(text)

        return read_text, write_text
    digits = 2 * width if encoding == "bcd" else width
    read = length_reader(encoding, width)

    def read_number(raw: bytes) -> str | None:
        number = read(raw)
        return None if number is None else str(number) if number else "0" * digits

    def write_number(name: str) -> bytes:
        if not (name.isascii() and name.isdecimal()) or int(name) >= 10**digits:
            raise SubError(f"expected a tag of {digits} digits", name[:8])
        return write_length(encoding, width, int(name))

    return read_number, write_number


def _hex_tag(width: int) -> Callable[[str], bytes]:
    def write(name: str) -> bytes:
        if len(name) != 2 * width or not _hexadecimal(name):
            raise SubError(f"expected a tag of {2 * width} hexadecimal digits", name[:8])
        return bytes.fromhex(name)

    return write


def _hexadecimal(text: str) -> bool:
    return text.isascii() and text.isalnum() and not set(text.upper()) - set("0123456789ABCDEF")


def _printable(text: str) -> bool:
    # A dot separates the elements of a path, and # counts the times of a tag.
    return text.isprintable() and not set(text) & set(".#*\ufffd")


def _lengths(encoding: str, width: int, inner: str) -> tuple[Read, Callable[[int], bytes | None]]:
    """Lengths both ways; what cannot be said is None."""
    if encoding == "hex":
        text = _text(inner)

        def read_hex(raw: bytes) -> int | None:
            digits = str(raw, text, "replace")
            return int(digits, 16) if len(digits) == width and _hexadecimal(digits) else None

        return read_hex, lambda count: f"{count:0{width}X}".encode(text) if count < 16**width else None
    base = {"b": 256, "bcd": 100}.get(encoding, 10)
    return length_reader(
        encoding, width
    ), lambda count: write_length(encoding, width, count) if count < base**width else None
