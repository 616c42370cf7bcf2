"""The bitmaps of a message: up to three, each announced by the one before, or a fixed one of known width."""

from binascii import Error as HexError
from binascii import unhexlify
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from switch.message.errors import MessageError


@dataclass(frozen=True, slots=True)
class Present:
    """What bitmaps say: the field numbers, their text as pyiso8583 gives it, and where they end."""

    numbers: tuple[int, ...]
    texts: dict[str, str]
    end: int


class Bitmaps:
    """Reads and writes the bitmaps of one interface. `announced` says what a third one needs: fields above 128."""

    def __init__(self, interface: str, fields: Mapping[str, Mapping[str, Any]], announced: bool) -> None:
        primary = fields["p"]
        self._interface = interface
        self._first: str = primary["data_enc"]
        # pyiso8583 writes a third bitmap as it writes the second.
        self._more: str | None = fields["1"]["data_enc"] if "1" in fields else None
        self.fixed: int = primary["width"] if primary.get("bitmap") == "fixed" else 0
        self._bit1: bool = primary.get("bit1", False)
        self._third = announced and primary.get("third", "head") != "none"
        self.third_in_field = self._third and primary.get("third") == "field"
        self.plain_65 = primary.get("third") == "none"
        self.size = _bytes(self._first, self.fixed or 64)
        self.more_size = _bytes(self._more or "b", 64)

    def read(self, data: bytes, position: int) -> Present:
        """The bitmaps that begin at `position`; of a third in the place of field 65 only its announcement, 65."""
        if self.fixed:
            return self._read_fixed(data, position)
        bits, position = self._map(data, position, "p", self._first, 64), position + self.size
        texts = {"p": f"{bits:016X}"}
        numbers = _numbers(bits, 64, 1)
        if numbers and numbers[0] == 1:
            del numbers[0]
            if self._more is None:
                raise MessageError(self._interface, "1", "no second bitmap on this interface", position)
            second, position = self._map(data, position, "1", self._more, 64), position + self.more_size
            texts["1"] = f"{second:016X}"
            numbers += _numbers(second, 64, 65)
            if second >> 63 and not self.plain_65 and not self.third_in_field:
                if not self._third:
                    raise MessageError(self._interface, "65", "no third bitmap on this interface", position)
                numbers.remove(65)
                third, position = self._map(data, position, "65", self._more, 64), position + self.more_size
                texts["1"] += f"{third:016X}"
                numbers += _numbers(third, 64, 129)
        return Present(tuple(numbers), texts, position)

    def read_third(self, data: bytes, position: int) -> tuple[int, ...]:
        """The numbers of a third bitmap that stands in the place of field 65."""
        return tuple(_numbers(self._map(data, position, "65", self._more or "b", 64), 64, 129))

    def _read_fixed(self, data: bytes, position: int) -> Present:
        width = self.fixed
        bits = self._map(data, position, "p", self._first, width)
        text = f"{bits:0{width // 4}X}"
        texts = {"p": text[:16], **({"1": text[16:]} if width > 64 else {})}
        numbers = tuple(n for n in _numbers(bits, width, 1) if n != 1 and (n != 65 or self.plain_65))
        return Present(numbers, texts, position + self.size)

    def _map(self, data: bytes, position: int, path: str, encoding: str, width: int) -> int:
        size = _bytes(encoding, width)
        raw = data[position : position + size]
        if len(raw) < size:
            raise MessageError(self._interface, path, "bitmap is short", position, size, len(raw))
        try:
            made = raw if encoding == "b" else unhexlify(str(raw, encoding).encode("ascii"))
        except (HexError, UnicodeError):
            raise MessageError(self._interface, path, f"expected {size} hexadecimal digits", position) from None
        return int.from_bytes(made, "big")

    def write(self, numbers: Iterable[int]) -> tuple[bytes, bytes]:
        """The bitmaps of these fields, and apart from them the one that stands in the place of field 65."""
        present = set(numbers)
        if self.fixed:
            return self._write_fixed(present), b""
        top = max(present, default=0)
        if top > 64:
            present.add(1)
        if top > 128:
            present.add(65)
        made = _written(present, 1, 64, self._first)
        if top <= 64:
            return made, b""
        if self._more is None:
            raise MessageError(self._interface, "1", "no second bitmap on this interface")
        made += _written(present, 65, 64, self._more)
        third = _written(present, 129, 64, self._more) if top > 128 else b""
        return (made, third) if self.third_in_field else (made + third, b"")

    def _write_fixed(self, present: set[int]) -> bytes:
        width = self.fixed
        beyond = [number for number in present if number > width]
        if beyond:
            raise MessageError(self._interface, str(beyond[0]), f"no room in a bitmap of {width} bits")
        if self._bit1:
            present |= {1} | ({65} if width > 128 and not self.plain_65 else set())
        return _written(present, 1, width, self._first)


def _bytes(encoding: str, width: int) -> int:
    return width // 8 if encoding == "b" else width // 4


def _numbers(bits: int, width: int, first: int) -> list[int]:
    return [first + index for index in range(width) if bits >> (width - 1 - index) & 1]


def _written(present: set[int], first: int, width: int, encoding: str) -> bytes:
    bits = sum(1 << (first + width - 1 - number) for number in present if first <= number < first + width)
    raw = bits.to_bytes(width // 8, "big")
    return raw if encoding == "b" else raw.hex().upper().encode(encoding)
