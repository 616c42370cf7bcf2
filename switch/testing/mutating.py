"""The ways to break a message: each takes it with a field and a number and gives bytes and words for what was done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from switch.testing.message import Message

Ranges = Mapping[str, tuple[int, int, int]]
# The broken bytes and what was done; None where the message has no place for it.
Broken = tuple[bytes, str] | None
_LIES = (-1, 1, 7, 60)
# Structures whose elements say what they are.
TAGGED = ("tlv", "bertlv", "dataset")


@dataclass(frozen=True, slots=True)
class Target:
    """A message and where its parts lie: the byte where each begins, where its data begins, where it ends."""

    message: Message
    ranges: Ranges

    @property
    def raw(self) -> bytes:
        """The sound message."""
        return self.message.raw

    @property
    def fields(self) -> list[str]:
        """The data fields present, in order."""
        return [key for key in self.message.fields if key.isdecimal()]

    def entry(self, field: str) -> Mapping[str, Any]:
        """What the spec says of a field."""
        return self.message.codec.spec.fields[field]


def target(message: Message) -> Target:
    """Finds the places of a valid message; raises MessageError for another."""
    _, ranges = message.codec.decode(message.raw, offsets=True)
    return Target(message, {path: (found.start, found.data, found.end) for path, found in ranges.items()})


def bit_flip(on: Target, field: str, number: int) -> Broken:
    """One bit of a field, its length included."""
    start, _, end = on.ranges[field]
    if start == end:
        return None
    byte, bit = start + number // 8 % (end - start), number % 8
    made = bytearray(on.raw)
    made[byte] ^= 1 << bit
    return bytes(made), f"bit {bit} of byte {byte} flipped, in field {field}"


def cut(on: Target, field: str, number: int) -> Broken:
    """The message ends inside a field."""
    start, _, end = on.ranges[field]
    size = start + number % max(1, end - start)
    return (on.raw[:size], f"cut after {size} bytes, in field {field}") if size else None


def trailing(on: Target, _field: str, number: int) -> Broken:
    """Bytes behind the last field."""
    size = 1 + number % 64
    return on.raw + b"0" * size, f"{size} bytes behind the last field"


def length_lie(on: Target, field: str, number: int) -> Broken:
    """A length that does not say how much follows, or is none."""
    start, data, end = on.ranges[field]
    if start == data:
        return None
    entry, width = on.entry(field), data - start
    if number % (len(_LIES) + 1) == len(_LIES):
        return on.raw[:start] + b"\xff" * width + on.raw[data:], f"length of field {field} is all ones"
    lie = _LIES[number % len(_LIES)]
    lead = _lead(entry, max(0, _count(entry, end - data) + lie))
    return (on.raw[:start] + lead + on.raw[data:], f"length of field {field} is {lie:+d}") if lead else None


def oversize(on: Target, field: str, number: int) -> Broken:
    """More data than the field may hold, with an honest length."""
    start, data, end = on.ranges[field]
    entry = on.entry(field)
    most = int(entry.get("max_len", 0))
    size = most // 2 + 1 if entry.get("len_count") == "nibbles" else most + 1
    size = min(size + number % 16, 4000)
    lead = _lead(entry, _count(entry, size)) if data > start else b""
    if lead is None or size <= end - data:
        return None
    filled = (on.raw[data:end] or b"0").ljust(size, on.raw[end - 1 : end] or b"0")[:size]
    return on.raw[:start] + lead + filled + on.raw[end:], f"field {field} has {size} bytes, may have {most}"


def bit_on(on: Target, _field: str, number: int) -> Broken:
    """The bitmap says that a field is there which is not."""
    absent = [n for n in range(2, 65 if "1" not in on.ranges else 129) if n != 65 and str(n) not in on.ranges]
    chosen = absent[number % len(absent)]
    made = _bitmap_bit(on, chosen)
    return (made, f"bitmap says there is a field {chosen}") if made else None


def bit_off(on: Target, field: str, _number: int) -> Broken:
    """The bitmap says that a field is not there which is."""
    made = _bitmap_bit(on, int(field))
    return (made, f"bitmap says there is no field {field}") if made else None


def swapped(on: Target, field: str, _number: int) -> Broken:
    """Two fields stand in each other's place."""
    fields = on.fields
    at = fields.index(field)
    if at + 1 == len(fields):
        return None
    other = fields[at + 1]
    (a, _, b), (_, _, c) = on.ranges[field], on.ranges[other]
    made = on.raw[:a] + on.raw[b:c] + on.raw[a:b] + on.raw[c:]
    return (made, f"fields {field} and {other} swapped") if made != on.raw else None


def wrong_class(on: Target, field: str, number: int) -> Broken:
    """A character that is none of the field's class."""
    _, data, end = on.ranges[field]
    if data == end:
        return None
    packed = on.entry(field)["data_enc"] == "b"
    bad = b"\xff" if packed else (b"\x00", b"\x7f", "!".encode(on.entry(field)["data_enc"]))[number % 3]
    byte = data + number % (end - data)
    return on.raw[:byte] + bad + on.raw[byte + 1 :], f"byte {byte} is none of its class, in field {field}"


def duplicate_tag(on: Target, field: str, number: int) -> Broken:
    """An element of a field comes twice."""
    start, data, end = on.ranges[field]
    inside = [path for path in on.ranges if path.startswith(f"{field}.") and path.count(".") == 1]
    kind = on.entry(field).get("sub", {}).get("kind")
    if kind not in TAGGED or not inside:
        return None
    path = inside[number % len(inside)]
    begin, _, stop = on.ranges[path]
    again = on.raw[begin:stop]
    lead = _lead(on.entry(field), _count(on.entry(field), end - data + len(again)))
    if not lead:
        return None
    return on.raw[:start] + lead + on.raw[data:stop] + again + on.raw[stop:], f"element {path} comes twice"


def wrong_mti(on: Target, _field: str, number: int) -> Broken:
    """A message type that does not exist."""
    start, _, end = on.ranges["t"]
    bad = (b"\xff", b"\x00", b"\x99")[number % 3]
    return on.raw[:start] + bad * (end - start) + on.raw[end:], f"message type is {bad.hex()} throughout"


# Each kind with the place it needs: any part, any data field, or none.
KINDS: dict[str, tuple[str, Callable[[Target, str, int], Broken]]] = {
    "cut": ("part", cut),
    "bit flip": ("part", bit_flip),
    "length lie": ("field", length_lie),
    "bitmap bit on": ("", bit_on),
    "bitmap bit off": ("field", bit_off),
    "swapped fields": ("field", swapped),
    "wrong class": ("field", wrong_class),
    "oversize": ("field", oversize),
    "trailing bytes": ("", trailing),
    "duplicate tag": ("field", duplicate_tag),
    "message type": ("", wrong_mti),
}


def _bitmap_bit(on: Target, number: int) -> bytes | None:
    """The message with one bit of its bitmaps turned; None where that bitmap is not there."""
    path = "p" if number <= 64 or "1" not in on.ranges else "1"
    start, _, end = on.ranges[path]
    encoding = on.entry("p")["data_enc"]
    index = (number - 1) % 64 if path == "1" or number <= 64 else number - 1
    raw = on.raw[start:end]
    bits = bytearray(raw if encoding == "b" else bytes.fromhex(raw.decode(encoding)))
    if index // 8 >= len(bits):
        return None
    bits[index // 8] ^= 0x80 >> index % 8
    made = bytes(bits) if encoding == "b" else bytes(bits).hex().upper().encode(encoding)
    return on.raw[:start] + made + on.raw[end:]


def _count(entry: Mapping[str, Any], size: int) -> int:
    """What the length of so many bytes of data says."""
    halves = entry.get("len_count") == "nibbles" and entry.get("len_unit") != "bytes"
    return 2 * size if halves else size


def _lead(entry: Mapping[str, Any], count: int) -> bytes | None:
    """The length prefix; None where it has no room."""
    width, encoding = int(entry["len_type"]), entry.get("len_enc", "b")
    if encoding == "b":
        return count.to_bytes(width, "big") if count < 256**width else None
    digits = 2 * width if encoding == "bcd" else width
    text = f"{count:0{digits}d}"
    if len(text) > digits:
        return None
    return bytes.fromhex(text) if encoding == "bcd" else text.encode(encoding)
