"""Packets of a capture file: classic pcap and pcapng, either byte order. Knows no protocol inside a packet.

Sources: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. dpkt would do this; its last release is of 2022."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_CLASSIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 10**6),
    b"\xa1\xb2\xc3\xd4": (">", 10**6),
    b"\x4d\x3c\xb2\xa1": ("<", 10**9),
    b"\xa1\xb2\x3c\x4d": (">", 10**9),
}
_SECTION = b"\x0a\x0d\x0d\x0a"
_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6
_RESOLUTION = 9


class CaptureError(ValueError):
    """A capture file that is damaged; `offset` is where, in bytes."""

    def __init__(self, reason: str, offset: int) -> None:
        self.reason = reason
        self.offset = offset
        super().__init__(f"capture file at byte {offset}: {reason}")


@dataclass(frozen=True, slots=True)
class Packet:
    """`number` counts from 1, `time` is seconds since 1970, `link` the type of its link layer, `end` its last byte."""

    number: int
    time: float
    link: int
    data: bytes = field(repr=False)
    end: int


def is_capture(data: bytes) -> bool:
    """Whether `data` begins as a capture file does."""
    return data[:4] in _CLASSIC or (data[:4] == _SECTION and data[8:12] in _ORDER)


def packets(data: bytes) -> Iterator[Packet]:
    """The packets of a capture file; raises CaptureError where it is damaged or cut off, after those before it."""
    return _classic(data) if data[:4] in _CLASSIC else _next_generation(data)


def _classic(data: bytes) -> Iterator[Packet]:
    order, unit = _CLASSIC[data[:4]]
    if len(data) < 24:
        raise CaptureError("header is cut off", 0)
    # The upper bits of the link type say something about checksums.
    link = struct.unpack_from(f"{order}I", data, 20)[0] & 0x0FFFFFFF
    position, number = 24, 0
    while position < len(data):
        if position + 16 > len(data):
            raise CaptureError("packet header is cut off", position)
        seconds, fraction, captured, _ = struct.unpack_from(f"{order}4I", data, position)
        begin, end = position + 16, position + 16 + captured
        if end > len(data):
            raise CaptureError("packet is cut off", position)
        number += 1
        yield Packet(number, seconds + fraction / unit, link, data[begin:end], end)
        position = end


def _next_generation(data: bytes) -> Iterator[Packet]:
    order, position, number = "<", 0, 0
    interfaces: list[tuple[int, float]] = []
    while position < len(data):
        kind, body, end, order = _block(data, position, order)
        if kind == _SECTION:
            interfaces = []
        elif kind == _INTERFACE:
            if len(body) < 8:
                raise CaptureError("interface block is short", position)
            interfaces.append((struct.unpack_from(f"{order}H", body)[0], _tick(body[8:], order)))
        elif kind in (_PACKET, _OLD_PACKET, _SIMPLE_PACKET):
            number += 1
            yield _packet(int(kind), body, order, interfaces, (number, position, end))
        position = end


def _block(data: bytes, position: int, order: str) -> tuple[int | bytes, bytes, int, str]:
    """Type, body and end of the block at `position`, and the byte order from there on."""
    if position + 12 > len(data):
        raise CaptureError("block header is cut off", position)
    section = data[position : position + 4] == _SECTION
    if section:
        order = _ORDER.get(data[position + 8 : position + 12], "")
        if not order:
            raise CaptureError("section of no byte order", position)
    kind, size = struct.unpack_from(f"{order}II", data, position)
    if size < 12 or size % 4:
        raise CaptureError("block length is none", position)
    if position + size > len(data):
        raise CaptureError("block is cut off", position)
    return (_SECTION if section else kind), data[position + 8 : position + size - 4], position + size, order


def _packet(
    kind: int, body: bytes, order: str, interfaces: list[tuple[int, float]], place: tuple[int, int, int]
) -> Packet:
    number, position, end = place
    try:
        if kind == _SIMPLE_PACKET:
            interface, time = 0, 0
            begin, captured = 4, struct.unpack_from(f"{order}I", body)[0]
            captured = min(captured, len(body) - begin)
        else:
            pattern = f"{order}IIII" if kind == _PACKET else f"{order}HxxIII"
            interface, high, low, captured = struct.unpack_from(pattern, body)
            begin, time = 20, high << 32 | low
        link, tick = interfaces[interface]
    except (struct.error, IndexError):
        raise CaptureError("packet of no interface, or short", position) from None
    if begin + captured > len(body):
        raise CaptureError("packet is cut off", position)
    return Packet(number, time * tick, link, body[begin : begin + captured], end)


def _tick(options: bytes, order: str) -> float:
    """The unit of an interface's time stamps, in seconds."""
    position = 0
    while position + 4 <= len(options):
        code, size = struct.unpack_from(f"{order}HH", options, position)
        if code == 0:
            break
        if code == _RESOLUTION and size >= 1 and position + 4 < len(options):
            value = options[position + 4]
            return float(2.0 ** -(value & 0x7F) if value & 0x80 else 10.0**-value)
        position += 4 + (size + 3) // 4 * 4
    return 1e-6
