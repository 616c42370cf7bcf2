"""Structure inside a field: positions, tag-length-value, a bitmap of sub-fields, BER-TLV. Text in, text out.

Source: docs/messages.rst, "Inside a field"."""

from binascii import unhexlify
from collections.abc import Callable, Mapping
from typing import Any


class SubError(ValueError):
    """The value does not have the structure; the message says what was expected."""


Parse = Callable[[str], dict[str, str]]
Build = Callable[[Mapping[str, str]], str]


def compile_sub(sub: Mapping[str, Any]) -> tuple[Parse, Build]:
    """Parser and builder of the structure that a spec's `sub` entry describes."""
    kind = sub["kind"]
    if kind == "tlv":
        return _tlv(sub["tag"], sub["len"], sub.get("head", 0))
    if kind == "positional":
        return _positional([(name, part["max_len"]) for name, part in sub["parts"].items()], sub.get("fill", " "))
    if kind == "bitmap":
        return _bitmap(sub["width"] // 8, {int(number): _old(part) for number, part in sub["parts"].items()})
    return parse_ber_tlv, build_ber_tlv


def _old(part: Mapping[str, Any]) -> dict[str, Any]:
    packed = part.get("len_count") == "nibbles"
    return {"length": part["max_len"], "enc": "bcd" if packed else part["data_enc"]}


def _tlv(tag: int, length: int, head: int) -> tuple[Parse, Build]:
    """Decimal tags and lengths in text; a head of `head` characters before them is element "0"."""

    def parse(value: str) -> dict[str, str]:
        found = {"0": value[:head]} if head else {}
        position = head
        while position < len(value):
            start = position + tag + length
            name, size = value[position : position + tag], value[position + tag : start]
            if not (name.isascii() and name.isdigit() and size.isascii() and size.isdigit()):
                raise SubError("expected a tag and a length in digits")
            end = start + int(size)
            name = str(int(name)) if int(name) else name
            if end > len(value) or name in found:
                raise SubError("an element is repeated or longer than the field")
            found[name] = value[start:end]
            position = end
        return found

    def build(parts: Mapping[str, str]) -> str:
        text = parts.get("0", "").ljust(head) if head else ""
        if len(text) != head:
            raise SubError(f"element 0: expected {head} characters")
        for name, value in parts.items():
            if not (head and name == "0"):
                text += _element(name, value, tag, length)
        return text

    return parse, build


def _element(name: str, value: str, tag: int, length: int) -> str:
    if len(value) >= 10**length:
        raise SubError(f"element {name}: expected fewer than {10**length} characters")
    if not 0 <= int(name) < 10**tag:
        raise SubError(f"element {name}: expected a tag of {tag} digits")
    return f"{int(name):0{tag}d}{len(value):0{length}d}{value}"


def _positional(parts: list[tuple[str, int]], fill: str) -> tuple[Parse, Build]:
    """Sub-fields of fixed width one after the other; the last ones may be absent, `fill` stands for a missing one."""
    names = {name for name, _ in parts}

    def parse(value: str) -> dict[str, str]:
        found, position = {}, 0
        for name, width in parts:
            if position >= len(value):
                break
            found[name] = value[position : position + width]
            position += width
        if position != len(value):
            raise SubError("expected whole sub-fields")
        return found

    def build(values: Mapping[str, str]) -> str:
        text = ""
        if not values.keys() <= names:
            raise SubError(f"expected sub-fields of {', '.join(name for name, _ in parts)}")
        for name, width in parts:
            value = values.get(name, fill * width)
            if len(value) != width:
                raise SubError(f"sub-field {name}: expected {width} characters")
            text += value
        return text

    return parse, build


def _bitmap(size: int, parts: Mapping[int, Mapping[str, Any]]) -> tuple[Parse, Build]:
    """A bitmap of `size` bytes, then the sub-fields it names: BCD digits or EBCDIC text. The value is hex."""

    def parse(value: str) -> dict[str, str]:
        data = bytes.fromhex(value)
        found, position = {}, size
        for number in _bits(data[:size], size):
            part = _known(parts, number)
            end = position + _width(part)
            if end > len(data):
                raise SubError(f"sub-field {number} is cut off")
            found[str(number)] = _read_part(part, data[position:end])
            position = end
        if position != len(data):
            raise SubError("bytes are left over")
        return found

    def build(values: Mapping[str, str]) -> str:
        bits, data = 0, b""
        for number, value in sorted((int(name), value) for name, value in values.items()):
            data += _write_part(number, _known(parts, number), value)
            bits |= 1 << (8 * size - number)
        return (bits.to_bytes(size, "big") + data).hex().upper()

    return parse, build


def _bits(bitmap: bytes, size: int) -> list[int]:
    if len(bitmap) < size:
        raise SubError("expected a bitmap")
    bits = int.from_bytes(bitmap, "big")
    return [number for number in range(1, 8 * size + 1) if bits >> (8 * size - number) & 1]


def _known(parts: Mapping[int, Mapping[str, Any]], number: int) -> Mapping[str, Any]:
    part = parts.get(number)
    if part is None:
        raise SubError(f"sub-field {number} is not known")
    return part


def _width(part: Mapping[str, Any]) -> int:
    length: int = part["length"]
    return (length + 1) // 2 if part["enc"] == "bcd" else length


def _read_part(part: Mapping[str, Any], raw: bytes) -> str:
    if part["enc"] == "bcd":
        digits = raw.hex()
        if not digits.isdigit() or (part["length"] % 2 and digits[0] != "0"):
            raise SubError("expected BCD digits, left-padded with 0")
        return digits[1:] if part["length"] % 2 else digits
    return raw.hex().upper() if part["enc"] == "b" else raw.decode("cp500")


def _write_part(number: int, part: Mapping[str, Any], value: str) -> bytes:
    length = part["length"] * (2 if part["enc"] == "b" else 1)
    if len(value) != length:
        raise SubError(f"sub-field {number}: expected {length} characters")
    if part["enc"] == "cp500":
        return value.encode("cp500")
    if part["enc"] == "bcd" and not (value.isascii() and value.isdigit()):
        raise SubError(f"sub-field {number}: expected digits")
    return unhexlify("0" + value if length % 2 else value)


def parse_ber_tlv(value: str) -> dict[str, str]:
    """Top-level tags of a BER-TLV string in hex (EMV 4.3 book 3 annex B): {"9F26": "..."}; repeats are refused."""
    try:
        data = bytes.fromhex(value)
    except ValueError:
        raise SubError("expected hexadecimal digits") from None
    found: dict[str, str] = {}
    position = 0
    while position < len(data):
        start = position
        first = data[position]
        position += 1
        if first & 0x1F == 0x1F:
            while position < len(data) and data[position] & 0x80:
                position += 1
            position += 1
        tag = data[start:position].hex().upper()
        size, position = _ber_length(data, position)
        if position + size > len(data) or tag in found:
            raise SubError("a tag is repeated or longer than the field")
        found[tag] = data[position : position + size].hex().upper()
        position += size
    return found


def _ber_length(data: bytes, position: int) -> tuple[int, int]:
    if position >= len(data):
        raise SubError("expected a length")
    first = data[position]
    if first < 0x80:
        return first, position + 1
    count = first & 0x7F
    if not 1 <= count <= 2 or position + 1 + count > len(data):
        raise SubError("expected a length of one to three bytes")
    return int.from_bytes(data[position + 1 : position + 1 + count], "big"), position + 1 + count


def build_ber_tlv(tags: Mapping[str, str]) -> str:
    """The BER-TLV string in hex of tags and values in hex."""
    text = ""
    for tag, value in tags.items():
        size = len(value) // 2
        length = f"{size:02X}" if size < 0x80 else f"81{size:02X}" if size < 0x100 else f"82{size:04X}"
        text += tag + length + value
    return text.upper()
