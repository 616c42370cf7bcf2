"""BER-TLV as EMV uses it (EMV 4.3 book 3 annex B): tags of up to 4 bytes, lengths of up to 3, zeros between allowed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from switch.message.structure import (
    Element,
    Part,
    Sub,
    SubError,
    domain_of,
    nibbles_in,
    numbered,
    opaque,
    too_many,
)

_LONGEST_TAG = 4
_ZEROS = re.compile(rb"\x00+")


def compile_ber(sub: Mapping[str, Any], parent: Mapping[str, Any], parts: dict[str, Part]) -> Sub:
    """The structure of kind bertlv."""
    others = parts.pop("*", None) or opaque("b")

    def split(data: bytes, begin: int, size: int, most: int) -> list[Element]:
        found: list[Element] = []
        seen: dict[str, int] = {}
        for name, lead, start, end in read_ber(data, begin, size, most):
            part = parts.get(name, others)
            shown = numbered(name, seen) if name else ""
            found.append((shown, lead, start, end, end, nibbles_in(part, end - start)))
        return found

    opens = sub.get("nested", True)
    return Sub(
        "bertlv",
        domain_of(sub, parent),
        split,
        lambda name, data, _count: write_ber(name, data),
        join_in_order,
        parts,
        others,
        lambda name: bool(opens and name and int(name[:2], 16) & 0x20),
    )


def join_in_order(elements: Sequence[tuple[str, bytes]], _short: bool) -> bytes:
    """Elements as they were given."""
    return b"".join(data for _, data in elements)


def read_ber(data: bytes, position: int, size: int, most: int) -> list[tuple[str, int, int, int]]:
    """Tag, start, and data range of each element from `position` up to `size`; zeros are an element without a name.

    Raises SubError.
    """
    found: list[tuple[str, int, int, int]] = []
    while position < size:
        if len(found) >= most:
            raise too_many(most)
        start = position
        zeros = _ZEROS.match(data, position, size)
        if zeros:
            position = zeros.end()
            found.append(("", start, start, position))
            continue
        position = _tag_end(data, start, size)
        tag = data[start:position].hex().upper()
        length, begin = _length(data, position, size, tag)
        position = begin + length
        if position > size:
            raise SubError("element is longer than the field", tag, begin, length, size - begin)
        found.append((tag, start, begin, position))
    return found


def _tag_end(data: bytes, start: int, size: int) -> int:
    position = start + 1
    if data[start] & 0x1F == 0x1F:
        limit = min(start + _LONGEST_TAG, size)
        while position < limit and data[position] & 0x80:
            position += 1
        if position >= start + _LONGEST_TAG:
            raise SubError("expected a tag of at most 4 bytes", "", start)
        if position >= size:
            raise SubError("tag is cut off", "", start, position - start + 1, size - start)
        position += 1
    return position


def _length(data: bytes, position: int, size: int, tag: str) -> tuple[int, int]:
    if position >= size:
        raise SubError("expected a length", tag, position, 1, 0)
    first = data[position]
    if first < 0x80:
        return first, position + 1
    count = first & 0x7F
    end = position + 1 + count
    if not 1 <= count <= 2:
        raise SubError("expected a length of one to three bytes", tag, position)
    if end > size:
        raise SubError("length is cut off", tag, position, 1 + count, size - position)
    return int.from_bytes(data[position + 1 : end], "big"), end


def write_ber(name: str, data: bytes) -> bytes:
    """One element; raises SubError when `name` is no tag or the data is too long."""
    if not name:
        return data
    try:
        tag = bytes.fromhex(name.partition("#")[0])
    except ValueError:
        tag = b""
    if not tag or not 0 < len(tag) <= _LONGEST_TAG or not tag[0] or _tag_end(tag, 0, len(tag)) != len(tag):
        raise SubError("expected a tag in hexadecimal digits", name[:8])
    size = len(data)
    if size >= 0x10000:
        raise SubError("expected fewer than 65536 bytes", name)
    if size < 0x80:
        return tag + bytes((size,)) + data
    return tag + (bytes((0x81, size)) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")) + data
