"""Length prefixes, both ways. Tables where they are small: int() takes b" 5" and b"+5" too, a table does not."""

from collections.abc import Callable
from functools import lru_cache

# A table of more entries costs more memory than the call it saves.
_MOST_ENTRIES = 1000

Read = Callable[[bytes], int | None]


@lru_cache(maxsize=256)
def length_reader(encoding: str, width: int) -> Read:
    """Reads a prefix of `width` bytes; None when it is no number or not of that width."""
    if encoding == "b":
        return lambda raw: int.from_bytes(raw, "big") if len(raw) == width else None
    digits = 2 * width if encoding == "bcd" else width
    if 10**digits <= _MOST_ENTRIES:
        return {write_length(encoding, width, count): count for count in range(10**digits)}.get
    if encoding == "bcd":
        return lambda raw: int(text) if (text := raw.hex()).isdigit() and len(raw) == width else None
    return lambda raw: _digits(str(raw, encoding, "replace"), width)


@lru_cache(maxsize=1024)
def size_reader(encoding: str, width: int, most: int, halves: bool) -> Read:
    """Reads a prefix as the bytes that follow; None when it is no number or says more than `most` units."""
    read = length_reader(encoding, width)
    if most < _MOST_ENTRIES:
        sizes = {write_length(encoding, width, n): (n + 1) // 2 if halves else n for n in range(most + 1)}
        return sizes.get

    def size(raw: bytes) -> int | None:
        count = read(raw)
        if count is None or count > most:
            return None
        return (count + 1) // 2 if halves else count

    return size


def write_length(encoding: str, width: int, count: int) -> bytes:
    """The prefix of `count`; the spec was checked to have room for it."""
    if encoding == "b":
        return count.to_bytes(width, "big")
    if encoding == "bcd":
        return bytes.fromhex(f"{count:0{2 * width}d}")
    return f"{count:0{width}d}".encode(encoding)


def _digits(text: str, width: int) -> int | None:
    return int(text) if len(text) == width and text.isascii() and text.isdigit() else None
