"""A bitmap and the parts it names; further bitmaps, and BER-TLV behind the parts, where its outer bits say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from switch.message.structure import (
    Element,
    Part,
    Sub,
    SubError,
    domain_of,
    head_element,
    head_part,
    numbered,
    too_many,
)
from switch.message.sub_ber import compile_ber, write_ber
from switch.message.validate_sub import inner_encoding

_MOST_CHAINED = 8


def compile_bitmap(sub: Mapping[str, Any], parent: Mapping[str, Any], parts: dict[str, Part]) -> Sub:
    """The structure of kind bitmap."""
    encoding = inner_encoding(sub, parent)["data_enc"]
    head = sub.get("head", 0)
    if head and "0" not in parts:
        parts["0"] = head_part(encoding, head)
    tail = compile_ber({"kind": "bertlv"}, {"data_enc": "b"}, {}) if sub.get("tail") else None
    form = _Form(head, sub.get("first", 1), _Maps(sub, encoding), tail, parts)
    others = tail.others if tail else None
    return Sub("bitmap", domain_of(sub, parent), form.split, form.wrap, form.join, parts, others)


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands around the parts: a head, bitmaps whose first bit has the number `first`, and perhaps a tail."""

    head: int
    first: int
    maps: "_Maps"
    tail: Sub | None
    parts: Mapping[str, Part]

    def split(self, data: bytes, begin: int, size: int, most: int) -> list[Element]:
        found: list[Element] = [head_element(self.head, begin, size)] if self.head else []
        numbers, tailed, position = self.maps.read(data, begin + self.head, size, self.first)
        if len(numbers) > most:
            raise too_many(most)
        for number in numbers:
            found.append(_part(self.parts, number, data, position, size))
            position = found[-1][3]
        if self.tail and tailed:
            seen = dict.fromkeys(self.parts, 1)
            more = self.tail.split(data, position, size, most - len(found))
            return found + [_told_apart(element, seen) for element in more]
        if position != size:
            raise SubError("bytes are left over", "", position, 0, size - position)
        return found

    def wrap(self, name: str, data: bytes, count: int) -> bytes:
        part = self.parts.get(name)
        if part is not None:
            return part.op.lead(data, count) + data
        if self.tail is None:
            raise SubError("sub-field is not known", name[:8])
        return write_ber(name, data)

    def join(self, elements: Sequence[tuple[str, bytes]], _short: bool) -> bytes:
        given = dict(elements)
        lead = b""
        if self.head:
            lead = given.pop("0") if "0" in given else self.parts["0"].op.encode("0" * self.head)
        own = sorted((int(name), data) for name, data in given.items() if name in self.parts)
        rest = b"".join(data for name, data in elements if name not in self.parts)
        bitmap = self.maps.write([number for number, _ in own], self.first, bool(rest))
        return lead + bitmap + b"".join(data for _, data in own) + rest


def _told_apart(element: Element, seen: dict[str, int]) -> Element:
    """An element of the tail; a tag that is spelt like the number of a part is told from it as a second one."""
    name = element[0]
    return (numbered(name, seen) if name and "#" not in name else name, *element[1:])


def _part(parts: Mapping[str, Part], number: int, data: bytes, position: int, size: int) -> Element:
    name = str(number)
    part = parts.get(name)
    if part is None:
        raise SubError("sub-field is not known", name, position)
    op = part.op
    if op.prefix:
        begin = position + op.prefix
        raw = data[position : min(begin, size)]
        width, count = op.sizes(raw), op.length(raw)
        if width is None or count is None:
            raise SubError("expected a length", name, position)
    else:
        begin, width, count = position, op.size, op.count
    end = begin + width
    if end > size:
        raise SubError("sub-field is cut off", name, begin, width, size - begin)
    return name, position, begin, end, end, count


class _Maps:
    """The bitmap or the chain of bitmaps of one structure, both ways."""

    def __init__(self, sub: Mapping[str, Any], encoding: str) -> None:
        self.bits = sub["width"]
        self.enc = sub.get("enc", encoding)
        self.size = self.bits // 8 if self.enc == "b" else self.bits // 4
        self.chain, self.tail = sub.get("chain", False), sub.get("tail", False)

    def read(self, data: bytes, position: int, size: int, first: int) -> tuple[list[int], bool, int]:
        """The numbers of the parts present, whether a tail follows them, and where the parts begin."""
        numbers: list[int] = []
        for base in range(first, first + _MOST_CHAINED * self.bits, self.bits):
            bits = self._bits(data[position : min(position + self.size, size)], position)
            position += self.size
            found = [base + index for index in range(self.bits) if bits >> (self.bits - 1 - index) & 1]
            more = self.chain and base in found
            if more:
                found.remove(base)
            last = base + self.bits - 1
            tailed = bool(self.tail and not more and last in found)
            if tailed:
                found.remove(last)
            numbers += found
            if not more:
                return numbers, tailed, position
        raise SubError(f"more than {_MOST_CHAINED} bitmaps", "", position)

    def _bits(self, raw: bytes, position: int) -> int:
        if len(raw) < self.size:
            raise SubError("expected a bitmap", "", position, self.size, len(raw))
        if self.enc == "b":
            return int.from_bytes(raw, "big")
        text = str(raw, self.enc, "replace")
        if not (text.isascii() and text.isalnum()):
            raise SubError("expected a bitmap of hexadecimal digits", "", position)
        try:
            return int(text, 16)
        except ValueError:
            raise SubError("expected a bitmap of hexadecimal digits", "", position) from None

    def write(self, numbers: list[int], first: int, tailed: bool) -> bytes:
        """The bitmaps of these parts."""
        count = 1
        if self.chain and numbers:
            count = max(1, (max(numbers) - first) // self.bits + 1)
        made = b""
        for place in range(count):
            base = first + place * self.bits
            bits = sum(1 << (self.bits - 1 - (n - base)) for n in numbers if base <= n < base + self.bits)
            if place + 1 < count:
                bits |= 1 << (self.bits - 1)
            elif tailed:
                bits |= 1
            raw = bits.to_bytes(self.bits // 8, "big")
            made += raw if self.enc == "b" else raw.hex().upper().encode(self.enc)
        return made
