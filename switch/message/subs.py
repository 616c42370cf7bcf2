"""A field's structure compiled from its spec entry, with all that is inside it.

Source: docs/specs.rst."""

from binascii import Error as HexError
from binascii import unhexlify
from collections.abc import Callable, Mapping
from typing import Any

from switch.message.limits import DEFAULT_LIMITS
from switch.message.ops import compile_op
from switch.message.structure import Part, Sub, SubError, numbered
from switch.message.sub_ber import compile_ber, read_ber, write_ber
from switch.message.sub_bitmap import compile_bitmap
from switch.message.sub_positional import compile_positional
from switch.message.sub_tlv import compile_dataset, compile_tlv

_Compile = Callable[[Mapping[str, Any], Mapping[str, Any], dict[str, Part]], Sub]
_TAGGED = ("tlv", "bertlv", "dataset")
_KINDS: dict[str, _Compile] = {
    "positional": compile_positional,
    "tlv": compile_tlv,
    "bertlv": compile_ber,
    "bitmap": compile_bitmap,
    "dataset": compile_dataset,
}


def compile_part(name: str, entry: Mapping[str, Any]) -> Part:
    """The operations of a checked entry and of all inside it."""
    sub = compile_sub(entry["sub"], entry) if "sub" in entry else None
    return Part(compile_op(name, entry), sub, entry.get("desc", ""))


def compile_sub(sub: Mapping[str, Any], parent: Mapping[str, Any]) -> Sub:
    """The structure that a checked `sub` entry of the field `parent` describes."""
    # What a tag's length counts is no part of its entry, so max_len there is a limit.
    own = {"tagged": True} if sub["kind"] in _TAGGED else {}
    entries = {name: entry if name == "0" else {**entry, **own} for name, entry in sub.get("parts", {}).items()}
    parts = {name: compile_part(name, entry) for name, entry in entries.items()}
    return _KINDS[sub["kind"]](sub, parent, parts)


def parse_ber_tlv(value: str) -> dict[str, str]:
    """Top-level tags of a BER-TLV string in hex: {"9F26": "..."}; a tag that comes again is "9F26#2".

    Raises SubError when it is none.
    """
    try:
        data = bytes.fromhex(value)
    except ValueError:
        raise SubError("expected hexadecimal digits") from None
    seen: dict[str, int] = {}
    found = read_ber(data, 0, len(data), DEFAULT_LIMITS.elements)
    return {numbered(tag, seen): data[begin:end].hex().upper() for tag, _, begin, end in found if tag}


def build_ber_tlv(tags: Mapping[str, str]) -> str:
    """The BER-TLV string in hex of tags and values in hex. Raises SubError."""
    try:
        return b"".join(write_ber(tag, unhexlify(value)) for tag, value in tags.items()).hex().upper()
    except HexError:
        raise SubError("expected whole hexadecimal bytes") from None
