"""One field's operations, compiled from its spec entry: read the length, decode, encode, check the class."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from switch.message.classes import compile_class
from switch.message.encodings import is_utf8
from switch.message.lengths import Read, length_reader, size_reader, write_length
from switch.message.quick import quick_encoder
from switch.message.values import Decode, ValueFault, counter, decoder, encoder, unit

_NIBBLES = re.compile(r"[0-9A-Fa-f]*\Z").match


@dataclass(frozen=True, slots=True)
class Op:
    """`size` is the byte size of a fixed field, 0 for a variable one; `count` is max_len in the spec's unit.

    `length` reads a prefix as a count, `sizes` as bytes; `measure` gives the bytes of what begins at a place
    (None: no such data); `pack` gives the data bytes and their count, `lead` the prefix of a count, `encode` both.
    """

    number: int
    key: str
    size: int
    count: int
    prefix: int
    nibbles: bool
    variable: bool
    length: Read
    sizes: Read
    measure: Callable[[bytes, int, int], int | None] | None
    decode: Decode
    pack: Callable[[str], tuple[bytes, int]]
    lead: Callable[[bytes, int], bytes]
    encode: Callable[[str], bytes]
    valid: Callable[[str], object]
    expected: str
    kind: str
    entry: Mapping[str, Any]


def compile_op(key: str, entry: Mapping[str, Any]) -> Op:
    """The operations of the field or part `key`."""
    nibbles = entry.get("len_count") == "nibbles"
    most, prefix = entry.get("max_len", 0), entry.get("len_type", 0)
    encoding = entry.get("len_enc", "b") if prefix else "b"
    kind = entry.get("class") or ("b" if entry["data_enc"] == "b" else "ans")
    valid, words = compile_class(kind)
    if nibbles and entry["data_enc"] == "b" and "class" not in entry:
        # Of b there are whole bytes.
        valid = _NIBBLES
    pack = _packer(entry)
    lead = _lead(entry)
    halves = _halves(entry)
    return Op(
        number=int(key) if key.isdecimal() else 0,
        key=key,
        size=0 if prefix else ((most + 1) // 2 if nibbles else most),
        count=most,
        prefix=prefix,
        nibbles=nibbles,
        variable=_variable(entry),
        length=length_reader(encoding, prefix) if prefix else _no_length,
        sizes=size_reader(encoding, prefix, _most_said(entry), halves) if prefix else _no_length,
        measure=_characters if entry.get("len_unit") == "chars" and is_utf8(entry["data_enc"]) else None,
        decode=_unmeasured(entry) if _said_in_bytes(entry) else decoder(entry),
        pack=pack,
        lead=lead,
        encode=quick_encoder(entry, _encoder(pack, lead)),
        valid=valid,
        expected=words,
        kind=kind,
        entry=entry,
    )


def _no_length(_raw: bytes) -> int | None:
    return None


def _variable(entry: Mapping[str, Any]) -> bool:
    """Whether max_len, if there is one, is a limit: the length stands before the data or comes of what is around it."""
    return bool(entry.get("len_type") or "max_len" not in entry or {"until", "rest", "tagged"} & entry.keys())


def _said_in_bytes(entry: Mapping[str, Any]) -> bool:
    """Whether the prefix counts the bytes of packed digits: it then does not tell whether one is a pad."""
    packed = entry.get("len_count") == "nibbles" and entry["data_enc"] == "b"
    return packed and entry.get("len_unit") == "bytes" and bool(entry.get("len_type"))


def _halves(entry: Mapping[str, Any]) -> bool:
    """Whether the prefix counts half bytes."""
    said = entry.get("len_unit")
    if said is None:
        return bool(entry.get("len_count") == "nibbles")
    return bool(said != "bytes" and entry["data_enc"] == "b")


def _most_said(entry: Mapping[str, Any]) -> int:
    """The largest number a prefix may say."""
    most: int = entry.get("max_len", 0)
    if entry.get("len_count") == "nibbles":
        return most if _halves(entry) else (most + 1) // 2
    return 2 * most if _halves(entry) else most


def _unmeasured(entry: Mapping[str, Any]) -> Decode:
    """Packed digits of which the bytes are counted: a pad that is no digit is told by itself, 0 only at the limit."""
    plain = decoder(entry)
    pads = [entry.get(pad, "")[:1] for pad in ("left_pad", "right_pad")]
    most = entry["max_len"]

    def decode(raw: bytes, _count: int) -> str:
        text = raw.hex().upper()
        ends = (text[:1], text[-1:])
        told = any(pad and not pad.isdecimal() and pad == end for pad, end in zip(pads, ends, strict=True))
        return plain(raw, len(text) - (told or len(text) > most))

    return decode


def _packer(entry: Mapping[str, Any]) -> Callable[[str], tuple[bytes, int]]:
    data_of, count_of, words = encoder(entry), counter(entry), unit(entry)
    variable = _variable(entry)
    most = entry.get("max_len", -1)

    def pack(value: str) -> tuple[bytes, int]:
        try:
            data = data_of(value)
        except (TypeError, AttributeError):
            raise ValueFault("expected text") from None
        count = count_of(value, data)
        if (count > most >= 0) or (count != most and not variable):
            raise ValueFault(f"expected {'at most' if variable else 'exactly'} {most} {words}, got {count}")
        return data, count

    return pack


def _lead(entry: Mapping[str, Any]) -> Callable[[bytes, int], bytes]:
    """The prefix of data whose count in the unit of max_len is known."""
    width = entry.get("len_type", 0)
    if not width:
        return lambda _data, _count: b""
    encoding, said = entry["len_enc"], entry.get("len_unit")
    if said == "bytes":
        return lambda data, _count: write_length(encoding, width, len(data))
    if said == "chars" and entry["data_enc"] != "b":
        name = entry["data_enc"]
        return lambda data, _count: write_length(encoding, width, len(data.decode(name)))
    if said in ("digits", "chars") and entry.get("len_count") != "nibbles":
        return lambda data, _count: write_length(encoding, width, 2 * len(data))
    known: dict[int, bytes] = {}

    def lead(_data: bytes, count: int) -> bytes:
        made = known.get(count)
        if made is None:
            made = known[count] = write_length(encoding, width, count)
        return made

    return lead


def _encoder(pack: Callable[[str], tuple[bytes, int]], lead: Callable[[bytes, int], bytes]) -> Callable[[str], bytes]:
    def encode(value: str) -> bytes:
        data, count = pack(value)
        return lead(data, count) + data

    return encode


def _characters(data: bytes, begin: int, count: int) -> int | None:
    """The bytes of `count` characters of UTF-8; None when they are not there whole."""
    end, most = begin, len(data)
    for _ in range(count):
        if end >= most:
            return None
        first = data[end]
        end += 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    return end - begin if end <= most else None
