"""A spec is checked when it is loaded, and the refusal names file, field, key and what was expected."""

import json
from pathlib import Path
from typing import Any

import pytest
from iso8583 import specs as pyiso8583_specs

from switch.message import MessageError, Spec, SpecError, compile_spec, load_spec, shipped_specs


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
    spec = _load(tmp_path, {**_document(_3={"class": "n"}), "about": {"title": "House"}})
    assert (spec.name, spec.source, spec.about) == ("house", str(tmp_path / "house.json"), {"title": "House"})
    assert compile_spec(spec).decode(b"01002000000000000000123")["3"] == "123"


@pytest.mark.parametrize("name", ["default", "default_ascii"])
def test_the_specs_that_pyiso8583_ships_work_unchanged(name: str) -> None:
    spec = load_spec(getattr(pyiso8583_specs, name))
    assert {key: dict(entry) for key, entry in spec.fields.items()} == getattr(pyiso8583_specs, name)


def test_the_shipped_specs_are_listed_by_name() -> None:
    assert {"visa", "mastercard", "pos-1987-ascii"} <= set(shipped_specs())
    assert "schema" not in shipped_specs()


def _packed(**more: Any) -> dict[str, Any]:
    return {"data_enc": "b", "len_count": "nibbles", **more}


@pytest.mark.parametrize(
    ("field", "key", "expected"),
    [
        ({"data_enc": "utf-16"}, "data_enc", "b, utf-8 or the name of a single-byte encoding"),
        ({"data_enc": "shift_jis"}, "data_enc", "b, utf-8 or the name of a single-byte encoding"),
        ({"data_enc": "idna"}, "data_enc", "b, utf-8 or the name of a single-byte encoding"),
        ({"data_enc": "klingon"}, "data_enc", "b, utf-8 or the name of a single-byte encoding"),
        ({"len_enc": "utf-8", "len_type": 2}, "len_enc", "b, bcd or the name"),
        ({"max_len": "3"}, "max_len", "a whole number from 0"),
        ({"len_type": True}, "len_type", "a whole number from 0 to 9"),
        ({"len_type": 10}, "len_type", "a whole number from 0 to 9"),
        ({"desc": None}, "desc", "what the field is called"),
        ({"len_type": 1, "max_len": 10}, "len_type", "room for a length of 10, 1 bytes say 9 at most"),
        ({"len_type": 1, "max_len": 256, "len_enc": "b"}, "len_type", "room for a length of 256"),
        ({"len_type": 1, "max_len": 100, "len_enc": "bcd"}, "len_type", "room for a length of 100"),
        ({"len_count": "bits"}, "len_count", "one of bytes, nibbles"),
        ({"len_unit": "digits"}, "len_unit", "bytes or chars, for data_enc is not b"),
        (_packed(), "left_pad", "left_pad or right_pad, for an odd number of nibbles"),
        (_packed(left_pad="x"), "left_pad", "hexadecimal digit"),
        ({"class": "s"}, "class", "kind of characters, perhaps"),
        ({"class": "n6"}, "class", "a length of at most max_len, 3"),
        ({"mask": "hidden"}, "mask", "one of pan, track, remove, show"),
        ({"maks": "pan"}, "maks", "mask"),
        ({"bitmap": "fixed"}, "bitmap", ""),
        ({"values": {"00": 1}}, "values", "the meanings of values"),
        ({"values": "nowhere"}, "values", "the name of a table"),
    ],
)
def test_a_field_that_cannot_be_used_is_refused(tmp_path: Path, field: dict[str, Any], key: str, expected: str) -> None:
    if key == "bitmap":
        assert "3" in _load(tmp_path, _document(_3=field)).fields
        return
    with pytest.raises(SpecError) as caught:
        _load(tmp_path, _document(_3=field))
    error = caught.value
    assert (error.source, error.field, error.key) == (str(tmp_path / "house.json"), "3", key)
    assert error.expected.startswith(f"expected {expected}")
    assert str(error) == f"{error.source}: field 3: {key}: {error.expected}"


def _tlv(**more: Any) -> dict[str, Any]:
    return {"kind": "tlv", "tag": 2, "len": 2, **more}


def _map(**more: Any) -> dict[str, Any]:
    return {"kind": "bitmap", "width": 16, "parts": {"2": 3}, **more}


@pytest.mark.parametrize(
    ("sub", "field", "key", "expected"),
    [
        ({"kind": "xml"}, "3", "sub.kind", "one of positional, tlv, bertlv, bitmap, dataset"),
        ("tlv", "3", "sub.kind", "one of"),
        ({"kind": "tlv", "tag": 2}, "3", "sub.len", "a whole number from 1 to 6"),
        (_tlv(length=2), "3", "sub.length", "one of kind, hex"),
        (_tlv(mask={"92": "hidden"}), "3", "sub.mask", "masks by element"),
        (_tlv(mask={"100": "remove"}), "3.100", "", "a tag of 2 digits, without leading zeros"),
        (_tlv(parts={"01": {}}), "3.01", "", "a tag of 2 digits, without leading zeros"),
        (_tlv(parts={"1": {"len_type": 2}}), "3.1", "len_type", "none, for the tag is followed by the length"),
        (_tlv(tag_enc="b", parts={"9f": {}}), "3.9f", "", "a tag of 4 upper-case hexadecimal digits"),
        (_tlv(tag_enc="klingon"), "3", "sub.tag_enc", "b, bcd, hex, text or the name of a single-byte encoding"),
        (_tlv(table="nowhere"), "3", "sub.table", "the name of a table, and there is no nowhere.table.json"),
        ({"kind": "positional"}, "3", "sub.parts", "the elements by their names"),
        ({"kind": "positional", "parts": [["1", 1]]}, "3", "sub.parts", "an object of elements by name"),
        ({"kind": "positional", "parts": {"1": 0}}, "3.1", "", "a width from 1"),
        ({"kind": "positional", "parts": {"1": {}}}, "3.1", "max_len", "a width"),
        ({"kind": "positional", "parts": {"a.b": 1}}, "3.a.b", "", "a name of letters, digits, - and _"),
        ({"kind": "positional", "parts": {"1": {"rest": True}, "2": 1}}, "3", "sub.parts", "rest only in the last"),
        ({"kind": "positional", "parts": {"1": 1}, "mask": {"2": "remove"}}, "3", "sub.mask", "elements that"),
        ({"kind": "positional", "parts": {"1": {"max_len": 2, "class": "n3"}}}, "3.1", "class", "a length of at most"),
        ({"kind": "positional", "unit": "digits", "parts": {"1": 1}}, "3", "sub.unit", "a packed field"),
        (_map(width=12), "3", "sub.width", "a whole number from 8 to 256"),
        (_map(parts={"17": 3}), "3.17", "", "a number from 1 to 16"),
        (_map(parts={"1": 3}, chain=True), "3.1", "", "a number from 1 to 128 whose bit announces nothing else"),
        (_map(parts={"16": 3}, tail=True), "3.16", "", "a number from 1 to 16 whose bit announces nothing else"),
        (_map(mask={"3": "remove"}), "3", "sub.mask", "elements that sub.parts names, not 3"),
        ({"kind": "bertlv", "parts": {"9F": {}}}, "3.9F", "", "a BER tag in upper-case hexadecimal digits"),
        ({"kind": "bertlv", "parts": {"8202": {}}}, "3.8202", "", "a BER tag in upper-case hexadecimal digits"),
        ({"kind": "dataset", "parts": {"1": {}}}, "3.1", "", "a tag of 2 upper-case hexadecimal digits"),
        (_tlv(parts={"9": {"sub": _tlv(parts={"8": {"maks": "pan"}})}}), "3.9.8", "maks", "mask"),
    ],
)
def test_a_structure_that_cannot_be_used_is_refused_with_the_path_of_the_element(
    tmp_path: Path, sub: Any, field: str, key: str, expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        _load(tmp_path, _document(_3={"sub": sub, "len_type": 3, "max_len": 99}))
    assert (caught.value.field, caught.value.key) == (field, key)
    assert caught.value.expected.startswith(f"expected {expected}")


def test_structures_inside_structures_have_an_end(tmp_path: Path) -> None:
    sub: dict[str, Any] = {"kind": "tlv", "tag": 1, "len": 1}
    for _ in range(8):
        sub = {"kind": "tlv", "tag": 1, "len": 1, "parts": {"1": {"sub": sub}}}
    with pytest.raises(SpecError, match=r"field 3\.1\.1\.1\.1\.1\.1\.1\.1: sub: expected at most 8"):
        _load(tmp_path, _document(_3={"sub": sub}))


@pytest.mark.parametrize("key", ["0", "193", "x", "-1", "02", "²"])
def test_a_field_number_that_does_not_exist_is_refused(tmp_path: Path, key: str) -> None:
    document = _document()
    document[key] = document["2"]
    with pytest.raises(SpecError, match=f"field {key}: expected h, t, p or a number from 1 to 192"):
        _load(tmp_path, document)


@pytest.mark.parametrize(
    ("bitmap", "key", "expected"),
    [
        ({"bitmap": "fixed"}, "width", "one of 64, 128, 192, for bitmap is fixed"),
        ({"bitmap": "fixed", "width": 100}, "width", "one of 64, 128, 192"),
        ({"width": 128}, "width", "bitmap fixed beside it"),
        ({"bit1": True}, "bit1", "bitmap fixed beside it"),
        ({"third": "somewhere"}, "third", "one of head, field, none"),
        ({"data_enc": "utf-8"}, "data_enc", "b or the name of a single-byte encoding"),
    ],
)
def test_a_bitmap_of_a_width_that_does_not_exist_is_refused(
    tmp_path: Path, bitmap: dict[str, Any], key: str, expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        _load(tmp_path, _document(p=bitmap))
    assert (caught.value.field, caught.value.key, caught.value.expected) == ("p", key, f"expected {expected}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "expected JSON"),
        ("[]", "expected an object with the fields h, t and p"),
        ('{"2": {}}', "expected an object with the fields h, t and p"),
        ('{"2": {}, "2": {}}', "2: expected each key once"),
        ("[" * 100_000, "expected JSON"),
    ],
)
def test_a_file_that_is_no_spec_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        _load(tmp_path, text)


def test_a_sub_element_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    text = json.dumps(_document(_3={"sub": {"kind": "positional", "parts": {"1": 1, "2": 2}}}))
    with pytest.raises(SpecError, match="1: expected each key once"):
        _load(tmp_path, text.replace('"2": 2', '"1": 2'))


def test_a_spec_that_does_not_exist_is_refused_with_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"specs/nowhere\.json: no such spec"):
        load_spec("nowhere")
    with pytest.raises(SpecError, match=r"nowhere\.json: no such file"):
        load_spec(tmp_path / "nowhere.json")
    with pytest.raises(SpecError, match="Is a directory"):
        load_spec(tmp_path)


def test_a_spec_may_extend_another_field_by_field(tmp_path: Path) -> None:
    _load(tmp_path, _document(_3={"class": "n"}, _4={"max_len": 12}))
    path = tmp_path / "branch.json"
    path.write_text(json.dumps({"extends": "house", "3": _document()["2"], "4": None}))
    fields = load_spec(path).fields
    assert (fields["3"]["len_type"], "4" in fields, "2" in fields) == (2, False, True)
    path.write_text(json.dumps({"extends": "branch"}))
    with pytest.raises(SpecError, match="extends: expected at most 4"):
        load_spec(path)
    path.write_text(json.dumps({"extends": "visa", "p": {"data_enc": "ascii"}}))
    assert load_spec(path).fields["62"] == load_spec("visa").fields["62"]


def test_parts_and_meanings_may_come_from_a_table_beside_the_spec(tmp_path: Path) -> None:
    (tmp_path / "emv.table.json").write_text('{"9F02": {"class": "n12"}, "57": {"mask": "remove"}}')
    (tmp_path / "codes.table.json").write_text('{"00": "approved"}')
    sub = {"kind": "bertlv", "table": "emv", "parts": {"57": {"mask": "track"}}}
    spec = _load(tmp_path, _document(_3={"sub": sub, "values": "codes"}))
    found = spec.fields["3"]
    assert found["values"] == {"00": "approved"}
    assert {name: part.get("mask") for name, part in found["sub"]["parts"].items()} == {"9F02": None, "57": "track"}


def test_what_is_hidden_anywhere_inside_a_field_can_be_seen_at_the_field(tmp_path: Path) -> None:
    inner = {"kind": "tlv", "tag": 2, "len": 2, "parts": {"7": {"mask": "pan"}}, "mask": {"8": "remove"}}
    outer = {"kind": "positional", "parts": {"a": 2, "b": {"rest": True, "sub": inner}}, "mask": {"a": "show"}}
    spec = _load(tmp_path, _document(_3={"sub": outer}))
    assert spec.fields["3"]["sub"]["mask"] == {"a": "show", "b.7": "pan", "b.8": "remove"}


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
