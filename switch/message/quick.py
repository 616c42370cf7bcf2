"""Encoders of fixed fields in one call. Whatever is unusual or wrong they leave to the full encoder and its words."""

from binascii import unhexlify
from collections.abc import Callable, Mapping
from typing import Any

from switch.message.encodings import is_single_byte
from switch.message.values import text_codec

Encode = Callable[[str], bytes]


def quick_encoder(entry: Mapping[str, Any], full: Encode) -> Encode:
    """An encoder that does what `full` does; `full` itself where there is no quicker way."""
    if entry.get("len_type") or not entry.get("max_len") or {"until", "rest", "tagged"} & entry.keys():
        return full
    size, nibbles = entry["max_len"], entry.get("len_count") == "nibbles"
    if entry["data_enc"] == "b":
        digits = size if nibbles else 2 * size
        return _hexadecimal(digits, full) if digits % 2 == 0 else full
    return _text(entry["data_enc"], size, full) if is_single_byte(entry["data_enc"]) and not nibbles else full


def _hexadecimal(digits: int, full: Encode) -> Encode:
    def encode(value: str) -> bytes:
        try:
            if len(value) == digits:
                return unhexlify(value)
        except (ValueError, TypeError):
            pass
        return full(value)

    return encode


def _text(encoding: str, size: int, full: Encode) -> Encode:
    write = text_codec(encoding)[1]

    def encode(value: str) -> bytes:
        try:
            if len(value) == size:
                return write(value)
        except (UnicodeError, TypeError, AttributeError):
            pass
        return full(value)

    return encode
