"""A spec is checked when it is loaded, and the refusal names file, field and reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from switch.message import MessageError, Spec, compile_spec, load_spec
from switch.message.errors import SpecError


def _document(**changes: Any) -> dict[str, Any]:
    text = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "desc": "some field"}
    document: dict[str, Any] = {
        "h": {**text, "max_len": 0},
        "t": {**text, "max_len": 4},
        "p": {**text, "max_len": 16},
        "1": {**text, "max_len": 16},
        "2": {**text, "len_type": 2, "max_len": 19},
    }
    for key, field in changes.items():
        document[key.lstrip("_")] = {**text, "max_len": 3, **field}
    return document


def _load(tmp_path: Path, document: Any) -> Spec:
    path = tmp_path / "house.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return load_spec(path)


def test_a_spec_of_the_house_is_loaded_from_its_file(tmp_path: Path) -> None:
    spec = _load(tmp_path, _document(_3={"class": "n"}))
    assert (spec.name, spec.source) == ("house", str(tmp_path / "house.json"))
    assert compile_spec(spec).decode(b"01002000000000000000123")["3"] == "123"


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ({"data_enc": "utf-8"}, "expected data_enc as one of b, ascii, cp500, latin-1"),
        ({"len_enc": "utf-8"}, "expected len_enc as one of"),
        ({"max_len": "3"}, "expected max_len as int"),
        ({"len_type": True}, "expected len_type as int"),
        ({"desc": None}, "expected desc as str"),
        ({"len_type": 5}, "expected len_type 0 to 4"),
        ({"len_type": 1, "max_len": 10}, "expected max_len below 10"),
        ({"len_type": 1, "max_len": 256, "len_enc": "b"}, "expected max_len below 256"),
        ({"len_type": 1, "max_len": 100, "len_enc": "bcd"}, "expected max_len below 100"),
        ({"len_count": "bits"}, "expected len_count as bytes or nibbles"),
        ({"len_count": "nibbles", "max_len": 4}, "expected data_enc b"),
        ({"len_count": "nibbles", "data_enc": "b"}, "expected left_pad or right_pad"),
        ({"len_count": "nibbles", "data_enc": "b", "left_pad": "01"}, "expected a pad of one"),
        ({"class": "s"}, "expected class as one of n, a, an, ans, z, b, x[+]n"),
        ({"mask": "hidden"}, "expected mask as one of pan, track, remove"),
        ({"sub": {"kind": "xml"}}, "expected sub.kind as one of"),
        ({"sub": {"kind": "tlv", "tag": 2}}, "expected sub.len as int"),
        ({"sub": {"kind": "tlv", "tag": 2, "len": 2, "mask": {"92": "hidden"}}}, "expected each sub.mask as one of"),
    ],
)
def test_a_field_that_cannot_be_used_is_refused(tmp_path: Path, field: dict[str, Any], reason: str) -> None:
    with pytest.raises(SpecError, match=rf"house\.json: field 3: {reason}"):
        _load(tmp_path, _document(_3=field))


@pytest.mark.parametrize("key", ["0", "193", "x", "-1"])
def test_a_field_number_that_does_not_exist_is_refused(tmp_path: Path, key: str) -> None:
    document = _document()
    document[key] = document["2"]
    with pytest.raises(SpecError, match=f"field {key}: expected h, t, p or a number from 1 to 192"):
        _load(tmp_path, document)


def test_a_header_or_two_kinds_of_bitmap_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="field h: expected max_len 0"):
        _load(tmp_path, _document(h={"max_len": 5}))
    with pytest.raises(SpecError, match="field 1: expected the data_enc of p"):
        _load(tmp_path, _document(_1={"data_enc": "b", "max_len": 8}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "expected JSON"), ("[]", "expected an object with the fields h, t, p and 1"), ('{"2": {}}', "the fields h")],
)
def test_a_file_that_is_no_spec_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        _load(tmp_path, text)


def test_a_spec_that_does_not_exist_is_refused_with_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"specs/nowhere\.json: no such spec"):
        load_spec("nowhere")
    with pytest.raises(SpecError, match=r"nowhere\.json: No such file"):
        load_spec(tmp_path / "nowhere.json")


def test_a_length_of_four_digits_is_read_as_strictly_as_the_others(tmp_path: Path) -> None:
    codec = compile_spec(_load(tmp_path, _document(_3={"len_type": 4, "max_len": 5000})))
    value = "x" * 4321
    assert codec.decode(codec.encode({"t": "0100", "3": value}))["3"] == value
    for length in (b" 001", b"+001", b"\xff\xff\xff\xff"):
        with pytest.raises(MessageError, match="length is no number"):
            codec.view(b"01002000000000000000" + length + b"x")


@pytest.mark.parametrize("name", ["pos-1987-ascii", "pos-1987-ascii-binary", "mastercard", "iso-1993-ascii"])
def test_the_ascii_and_ebcdic_specs_know_every_field_up_to_128(name: str) -> None:
    # Field 65 is the bit of a third bitmap.
    assert [number for number in range(2, 129) if str(number) not in load_spec(name).fields] == [65]


def test_the_two_terminal_specs_differ_in_nothing_but_the_bitmap() -> None:
    hexadecimal, binary = load_spec("pos-1987-ascii").fields, load_spec("pos-1987-ascii-binary").fields
    assert {key for key in hexadecimal if hexadecimal[key] != binary.get(key)} == {"p", "1"}
    assert hexadecimal.keys() == binary.keys()
