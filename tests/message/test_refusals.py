"""What may not go out, wear down or be loaded: bytes as values, parts that never fit, names twice."""

import tracemalloc
from typing import Any

import pytest

from switch.message import Codec, MessageError, Mti, SpecError, compile_spec, load_spec

HEADS: dict[str, Any] = {
    "h": {"data_enc": "b", "len_type": 0, "max_len": 0},
    "t": {"data_enc": "ascii"},
    "p": {"data_enc": "b"},
}
TEXT = {"data_enc": "ascii", "len_type": 0}


def _positional(width: int, parts: dict[str, Any], **entry: Any) -> dict[str, Any]:
    return {**HEADS, "48": {**TEXT, "max_len": width, "sub": {"kind": "positional", "parts": parts}, **entry}}


def test_a_splice_of_bytes_is_refused_as_encoding_them_is(codecs: dict[str, Codec]) -> None:
    view = codecs["pos-1987-ascii"].view(codecs["pos-1987-ascii"].encode({"t": "0800", "11": "000001", "70": "301"}))
    for _ in range(2):
        with pytest.raises(MessageError, match="field 41: expected text"):
            view.splice({"41": b"xx"})  # type: ignore[dict-item]


def test_a_part_alone_is_filled_with_what_its_class_allows(codecs: dict[str, Codec]) -> None:
    codec = codecs["pos-1987-ascii"]
    view = codec.view(codec.encode({"t": "0100", "11": "000001"}))
    assert codec.view(view.splice({"3.1": "01"}))["3"] == "010000"
    assert codec.view(view.splice({"43.city": "BERLIN       "}))["43"] == " " * 25 + "BERLIN       " + "  "


@pytest.mark.parametrize("value", ["x", "1002978C00000000050", "1002978C0000000005000"])
def test_a_group_of_parts_of_another_width_is_refused(codecs: dict[str, Codec], value: str) -> None:
    codec = codecs["pos-1987-ascii"]
    with pytest.raises(MessageError, match=r"field 54.*whole sub-fields"):
        codec.view(codec.encode({"t": "0100", "11": "000001"})).splice({"54.1": value})


def test_an_element_of_another_class_hides_no_others(codecs: dict[str, Codec]) -> None:
    codec = codecs["pos-1987-ascii"]
    view = codec.view(codec.encode({"t": "0100", "55": "9F020500000012349F2608AABBCCDDEEFF00119F1A020978"}))
    assert set(view.sub("55")) == {"9F26", "9F1A"}
    assert view.names("55") == ("9F02", "9F26", "9F1A")


def test_utf_8_is_counted_in_characters_where_the_length_counts_them() -> None:
    entry = {"data_enc": "utf-8", "len_enc": "ascii", "len_type": 3, "max_len": 999, "len_unit": "chars"}
    codec = compile_spec({**HEADS, "48": entry})
    raw = codec.encode({"t": "0100", "48": "é" * 999})
    assert codec.decode(raw)["48"] == "é" * 999
    with pytest.raises(MessageError, match="at most 999 characters, got 1000"):
        codec.encode({"t": "0100", "48": "é" * 1000})


@pytest.mark.parametrize("mti", [b"0100", 100, None, ["0", "1", "0", "0"]])
def test_a_message_type_that_is_no_text_is_refused(codecs: dict[str, Codec], mti: Any) -> None:
    with pytest.raises(MessageError):
        codecs["pos-1987-ascii"].encode({"t": mti})
    with pytest.raises(MessageError):
        Mti(mti)


def test_checking_a_large_binary_field_takes_some_copies_of_it() -> None:
    entry = {"data_enc": "b", "len_enc": "b", "len_type": 2, "max_len": 65_000, "class": "b"}
    codec = compile_spec({**HEADS, "127": entry, "1": {"data_enc": "b"}})
    view = codec.view(codec.encode({"t": "0100", "127": "00" * 65_000}))
    view.check()
    tracemalloc.start()
    try:
        view.check()
        assert tracemalloc.get_traced_memory()[1] < 10 * 65_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (_positional(6, {"a": 2, "b": 2, "c": 7}), "field 48: sub.parts: expected widths of 6 together, not 11"),
        (_positional(6, {"a": 2}), "field 48: sub.parts: expected widths of 6 together, not 2"),
        (
            _positional(6, {"a": 2, "b": 9}, len_type=2, len_enc="ascii"),
            "field 48: sub.parts: expected widths of at most 6 together, not 11",
        ),
        ({**HEADS, "3": {**TEXT, "max_len": 6, "class": "n4"}}, "field 3: class: expected a length of max_len, 6"),
        (
            {**HEADS, "3": {**TEXT, "max_len": 6, "name": "x"}, "4": {**TEXT, "max_len": 6, "name": "x"}},
            "field 4: name: expected a name of its own, field 3 has this",
        ),
        ({key: HEADS[key] for key in ("h", "p")}, "field t: expected an object"),
        ({**HEADS, "extends": "/tmp/x"}, "extends: expected the name of a spec"),
    ],
)
def test_a_spec_that_no_message_fits_is_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(spec)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["no\0name", "/tmp", "no/such/spec", "a\0.json"])
def test_a_name_that_no_spec_has_is_a_spec_error(name: str) -> None:
    with pytest.raises(SpecError):
        load_spec(name)


def test_every_shipped_field_has_a_name_for_programs(codecs: dict[str, Codec]) -> None:
    for codec in codecs.values():
        assert all("name" in op.entry for op in codec.ops.values()), codec.name
