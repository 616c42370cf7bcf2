"""The field tables against what is publicly known of each interface (docs/messages.rst, "Sources")."""

from typing import Any

import pytest

from switch.message import Codec, load_spec

# Shulyaka/iso8583tools and moov-io/iso8583 describe the fields of a BASE I style link so.
PACKED = "3:6 4:12 5:12 6:12 7:10 9:8 10:8 11:6 12:6 13:4 14:4 15:4 16:4 18:4 19:3 20:3 22:4 23:3 25:2 26:2 49:3 50:3"
PACKED += " 51:3 53:16 66:1 68:3 70:3 73:6 90:42"
EBCDIC = "28:9 37:12 38:6 39:2 41:8 42:15 43:40 91:1 92:2 95:42"
PACKED_VARIABLE = "2:19 32:11 33:11 35:37 100:11"
EBCDIC_VARIABLE = "44 45:76 48:255 54:120 59 101 102 103 121 125 127"


def _split(table: str) -> list[tuple[str, int | None]]:
    return [(key, int(size) if size else None) for key, _, size in (part.partition(":") for part in table.split())]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (PACKED, {"data_enc": "b", "len_type": 0, "len_count": "nibbles"}),
        (EBCDIC, {"data_enc": "cp500", "len_type": 0}),
        (PACKED_VARIABLE, {"data_enc": "b", "len_type": 1, "len_enc": "b", "len_count": "nibbles"}),
        (EBCDIC_VARIABLE, {"data_enc": "cp500", "len_type": 1, "len_enc": "b"}),
    ],
    ids=["packed", "EBCDIC", "packed variable", "EBCDIC variable"],
)
def test_visa_s_fields_have_their_public_encodings_and_lengths(table: str, expected: dict[str, Any]) -> None:
    fields = load_spec("visa").fields
    for key, size in _split(table):
        found = {name: fields[key].get(name) for name in expected}
        assert (key, found, size or fields[key]["max_len"]) == (key, expected, fields[key]["max_len"])


def test_visa_writes_a_purchase_byte_for_byte_as_the_layout_says(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    raw = codec.encode(
        {
            "t": "0100",
            "2": "4222222222222",
            "4": "000000001234",
            "19": "276",
            "35": "4222222222222D3012101",
            "39": "00",
            "44": "    2",
            "49": "978",
        }
    )
    assert raw.hex(" ") == bytes.fromhex(
        "0100 50002000221080000D 04222222222222000000001234027615 04222222222222D3012101F0F005 40404040F20978"
    ).hex(" ")


def test_mastercard_writes_text_lengths_and_digits_in_ebcdic_and_pin_blocks_in_binary(codecs: dict[str, Codec]) -> None:
    codec = codecs["mastercard"]
    raw = codec.encode({"t": "0100", "2": "55555", "48": "R9203123", "52": "0123456789ABCDEF", "55": "820219AB"})
    assert raw.hex(" ") == bytes.fromhex(
        "F0F1F0F0 4000000000011200F0F5 F5F5F5F5F5F0F0F8 D9F9F2F0F3F1F2F30123456789ABCDEFF0F0F4 820219AB"
    ).hex(" ")


@pytest.mark.parametrize(
    ("field", "size"),
    [("12", 12), ("22", 12), ("25", 4), ("26", 4), ("39", 3), ("30", 24), ("56", 35)],
)
def test_the_1993_fields_that_differ_from_1987_have_the_lengths_of_1993(field: str, size: int) -> None:
    new, old = load_spec("iso-1993-ascii").fields[field], load_spec("pos-1987-ascii").fields[field]
    assert new["max_len"] == size
    assert (new["max_len"], new["len_type"]) != (old["max_len"], old["len_type"])


@pytest.mark.parametrize(
    ("field", "size"),
    [("3", 6), ("4", 12), ("7", 10), ("11", 6), ("12", 6), ("13", 4), ("14", 4), ("18", 4), ("22", 3), ("25", 2)]
    + [("28", 9), ("37", 12), ("38", 6), ("39", 2), ("41", 8), ("42", 15), ("43", 40), ("49", 3), ("52", 16), ("70", 3)]
    + [("90", 42), ("95", 42), ("128", 16)],
)
def test_the_fixed_fields_of_a_terminal_have_the_lengths_of_iso_8583_1987(field: str, size: int) -> None:
    entry = load_spec("pos-1987-ascii").fields[field]
    assert (entry["len_type"], entry["max_len"]) == (0, size)
