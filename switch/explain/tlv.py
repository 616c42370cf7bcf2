"""BER-TLV read as far as it goes, with the place of every tag. Source: EMV 4.3 book 3, annex B; X.690 clause 8.1."""

from collections import Counter
from dataclasses import dataclass, field

_LONGEST_TAG = 4
_LONGEST_LENGTH = 4
_MOST_NESTED = 4


@dataclass(frozen=True, slots=True)
class Tlv:
    """A tag with its value; `offset` and `length` cover tag, length and value, in bytes. A repeat is named "9F26#2"."""

    name: str
    offset: int
    length: int
    value: bytes = field(repr=False)
    parts: tuple["Tlv", ...] = ()


@dataclass(frozen=True, slots=True)
class TlvFault:
    """Where reading ends: the tag if it could be read, the place, and the bytes that were needed and there."""

    path: str
    offset: int
    reason: str
    needed: int
    available: int


def walk(data: bytes, depth: int = 0, base: int = 0) -> tuple[tuple[Tlv, ...], TlvFault | None]:
    """The tags of `data` in order, and the fault at which reading ended. Zero bytes between tags are passed over."""
    found: list[Tlv] = []
    seen: Counter[str] = Counter()
    position = 0
    while position < len(data):
        if data[position] == 0:
            position += 1
            continue
        start = position
        size = _tag_size(data, position)
        tag = data[start : start + size].hex().upper()
        if start + size > len(data) or not size:
            return tuple(found), TlvFault("", base + start, "tag is cut off", size or 2, len(data) - start)
        length = _length(data, start + size)
        if length is None:
            return tuple(found), _no_length(data, start + size, tag, base)
        count, begin = length
        if begin + count > len(data):
            return tuple(found), TlvFault(tag, base + begin, "value is cut off", count, len(data) - begin)
        position = begin + count
        seen[tag] += 1
        value = data[begin:position]
        name = tag if seen[tag] == 1 else f"{tag}#{seen[tag]}"
        inner = _inner(data[start], value, depth, base + begin)
        found.append(Tlv(name, base + start, position - start, value, inner))
    return tuple(found), None


def _no_length(data: bytes, position: int, tag: str, base: int) -> TlvFault:
    """The fault of a length that is cut off, or of more bytes than any needs."""
    available = len(data) - position
    needed = 1 + (data[position] & 0x7F) if available else 1
    reason = "length is cut off" if needed > available else "length has no such form"
    return TlvFault(tag, base + position, reason, needed, available)


def _inner(first: int, value: bytes, depth: int, base: int) -> tuple[Tlv, ...]:
    """The tags in a constructed one, none when it does not hold any."""
    if not first & 0x20 or depth >= _MOST_NESTED:
        return ()
    parts, fault = walk(value, depth + 1, base)
    return () if fault else parts


def _tag_size(data: bytes, position: int) -> int:
    """Bytes of the tag at `position`, more than there are when it is cut off, 0 when it is too long."""
    if data[position] & 0x1F != 0x1F:
        return 1
    for size in range(2, _LONGEST_TAG + 1):
        if position + size > len(data):
            return size
        if not data[position + size - 1] & 0x80:
            return size
    return 0


def _length(data: bytes, position: int) -> tuple[int, int] | None:
    """The length at `position` and where the value begins; None when it is cut off or of another form."""
    if position >= len(data):
        return None
    first = data[position]
    if first < 0x80:
        return first, position + 1
    count = first & 0x7F
    if not 1 <= count <= _LONGEST_LENGTH or position + 1 + count > len(data):
        return None
    return int.from_bytes(data[position + 1 : position + 1 + count], "big"), position + 1 + count
