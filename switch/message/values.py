"""From a field's data bytes to its value and back: text of an encoding, hexadecimal, packed digits with a pad."""

import codecs
from binascii import unhexlify
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from switch.message.encodings import is_utf8

# Python has these in C; all others it looks up in tables.
_DIRECT = ("ascii", "iso8859-1", "utf-8")

Decode = Callable[[bytes, int], str]
Encode = Callable[[str], bytes]


class ValueFault(ValueError):
    """What is wrong with one value; the codec adds where."""


@lru_cache(maxsize=256)
def text_codec(encoding: str) -> tuple[Callable[[bytes], str], Encode]:
    """Decoder and encoder of text. Raise UnicodeError. Much faster than by name for all but ASCII and Latin-1."""
    name = codecs.lookup(encoding).name
    back = latin_table(encoding)
    if name in _DIRECT or back is None:
        return lambda raw: raw.decode(name), lambda text: text.encode(name)
    forth = bytes(back.index(code) for code in range(256))
    return lambda raw: raw.translate(back).decode("latin-1"), lambda text: text.encode("latin-1").translate(forth)


@lru_cache(maxsize=256)
def latin_table(encoding: str) -> bytes | None:
    """The Latin-1 code of each byte, where the encoding is Latin-1 in another order, as EBCDIC is."""
    table = [bytes((code,)).decode(encoding, "replace") for code in range(256)]
    if len({char for char in table if ord(char) < 256}) < 256:
        return None
    return "".join(table).encode("latin-1")


def decoder(entry: Mapping[str, Any]) -> Decode:
    """Takes the data bytes and their count in the entry's unit. Raises ValueFault or UnicodeError."""
    if entry["data_enc"] != "b":
        return _text_decoder(entry["data_enc"])
    never_odd = entry.get("max_len", 1) % 2 == 0 and not entry.get("len_type")
    if entry.get("len_count") != "nibbles" or never_odd:
        return lambda raw, _count: raw.hex().upper()
    left, right = entry.get("left_pad", "")[:1], entry.get("right_pad", "")[:1]

    def unpack(raw: bytes, count: int) -> str:
        text = raw.hex().upper()
        if not count & 1:
            return text
        if left and text[0] == left:
            return text[1:]
        if right and text[-1] == right:
            return text[:-1]
        raise ValueFault("expected the pad nibble")

    return unpack


def _text_decoder(encoding: str) -> Decode:
    """One call, not two: this is what reading a field costs."""
    name = codecs.lookup(encoding).name
    table = latin_table(encoding)
    if name in _DIRECT or table is None:
        return lambda raw, _count: raw.decode(name)
    return lambda raw, _count: raw.translate(table).decode("latin-1")


def encoder(entry: Mapping[str, Any]) -> Encode:
    """Gives the data bytes of a value, whatever their number. Raises ValueFault."""
    if entry["data_enc"] != "b":
        return _text_encoder(entry["data_enc"])
    nibbles = entry.get("len_count") == "nibbles"
    left, right = (entry.get(pad, "")[:1] if nibbles else "" for pad in ("left_pad", "right_pad"))
    right = "" if left else right

    def pack(value: str) -> bytes:
        try:
            return unhexlify(left + value + right if len(value) & 1 else value)
        except ValueError:
            if not nibbles:
                raise ValueFault("expected whole hexadecimal bytes") from None
            even = len(value) % 2 == 0 or left or right
            raise ValueFault("expected digits" if even else "expected an even number of digits") from None

    return pack


def counter(entry: Mapping[str, Any]) -> Callable[[str, bytes], int]:
    """What max_len counts of a value and its data bytes."""
    nibbles = entry.get("len_count") == "nibbles"
    if entry.get("len_unit") == "chars" and is_utf8(entry["data_enc"]):
        return lambda value, _data: len(value)
    if entry["data_enc"] != "b":
        # pyiso8583 counts two nibbles for a character of text.
        return (lambda _value, data: 2 * len(data)) if nibbles else (lambda _value, data: len(data))
    return (lambda value, _data: len(value)) if nibbles else (lambda _value, data: len(data))


def unit(entry: Mapping[str, Any]) -> str:
    """The name of what max_len counts."""
    if entry.get("len_count") == "nibbles":
        return "digits"
    plain = entry["data_enc"] != "b" and (not is_utf8(entry["data_enc"]) or entry.get("len_unit") == "chars")
    return "characters" if plain else "bytes"


def _text_encoder(encoding: str) -> Encode:
    _, write = text_codec(encoding)

    def encode(value: str) -> bytes:
        try:
            return write(value)
        except UnicodeError:
            raise ValueFault("expected characters of its encoding") from None

    return encode
