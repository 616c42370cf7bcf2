"""How a length stands before a frame: digits, bytes or packed digits. Knows neither streams nor what is framed."""

from collections.abc import Callable
from dataclasses import dataclass


def _big_endian(header: bytes) -> int:
    return int.from_bytes(header, "big")


def _little_endian(header: bytes) -> int:
    return int.from_bytes(header, "little")


def _visa(header: bytes) -> int | None:
    return None if any(header[2:]) else int.from_bytes(header[:2], "big")


def _digits(header: bytes) -> int | None:
    """int() alone would take signs, spaces and underscores."""
    return int(header) if header.isdigit() else None


def _packed(header: bytes) -> int | None:
    return _digits(header.hex().encode())


def _hexadecimal(header: bytes) -> int | None:
    return int(header, 16) if all(byte in b"0123456789ABCDEFabcdef" for byte in header) else None


@dataclass(frozen=True, slots=True)
class Length:
    """`width` is in bytes, `most` the largest number it can say, `form` what an error calls it.

    `parse` gives None for `width` bytes that are no number; `build` takes numbers up to `most`.
    """

    width: int
    most: int
    form: str
    parse: Callable[[bytes], int | None]
    build: Callable[[int], bytes]


LENGTHS = {
    "len2": Length(2, 0xFFFF, "2 bytes, big-endian", _big_endian, lambda size: size.to_bytes(2, "big")),
    "len2-le": Length(2, 0xFFFF, "2 bytes, little-endian", _little_endian, lambda size: size.to_bytes(2, "little")),
    "len4": Length(4, 0xFFFFFFFF, "4 bytes, big-endian", _big_endian, lambda size: size.to_bytes(4, "big")),
    "visa4": Length(4, 0xFFFF, "2 bytes and 2 of zero", _visa, lambda size: size.to_bytes(2, "big") + b"\0\0"),
    "ascii4": Length(4, 9999, "4 ASCII digits", _digits, lambda size: b"%04d" % size),
    "bcd2": Length(2, 9999, "4 BCD digits", _packed, lambda size: bytes.fromhex(f"{size:04d}")),
    "hex4": Length(4, 0xFFFF, "4 hexadecimal digits", _hexadecimal, lambda size: b"%04X" % size),
}
