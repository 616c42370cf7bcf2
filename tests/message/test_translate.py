"""From one interface to another: what is written alike is copied, the rest written anew, and nothing unfit crosses."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import Codec, MessageError, compile_spec, translate

HEADS: dict[str, Any] = {
    "h": {"data_enc": "b", "len_type": 0, "max_len": 0},
    "t": {"data_enc": "ascii"},
    "p": {"data_enc": "b"},
    "1": {"data_enc": "b"},
}
ASCII = {"data_enc": "ascii", "len_enc": "ascii"}
PACKED = {"data_enc": "b", "len_enc": "b", "len_count": "nibbles", "left_pad": "0"}


def _codec(**fields: dict[str, Any]) -> Codec:
    return compile_spec({**HEADS, **{key.lstrip("_"): entry for key, entry in fields.items()}})


SOURCE = _codec(
    _2={**ASCII, "len_type": 2, "max_len": 19, "class": "n"},
    _4={**ASCII, "len_type": 0, "max_len": 12, "class": "n"},
    _35={**ASCII, "len_type": 2, "max_len": 37, "class": "z"},
    _41={**ASCII, "len_type": 0, "max_len": 8},
    _48={**ASCII, "len_type": 3, "max_len": 999, "sub": {"kind": "tlv", "tag": 2, "len": 2}},
    _52={**ASCII, "len_type": 0, "max_len": 16, "class": "b"},
    _60={**ASCII, "len_type": 3, "max_len": 99},
)
PARTS = {"42": {"class": "n"}, "92": {}}
TARGET = _codec(
    _2={**PACKED, "len_type": 1, "max_len": 19, "class": "n"},
    _4={**PACKED, "len_type": 0, "max_len": 12, "class": "n"},
    _35={**PACKED, "len_type": 1, "max_len": 37, "class": "z"},
    _41={**ASCII, "len_type": 0, "max_len": 8, "class": "an"},
    _48={
        "data_enc": "cp500",
        "len_enc": "b",
        "len_type": 1,
        "max_len": 255,
        "sub": {"kind": "tlv", "tag": 2, "len": 2, "head": 1, "parts": PARTS},
    },
    _52={"data_enc": "b", "len_type": 0, "max_len": 8, "class": "b"},
    _70={**PACKED, "len_type": 0, "max_len": 3, "class": "n"},
)
MESSAGE = {
    "t": "0100",
    "2": "4111111111111111",
    "4": "000000001234",
    "35": "4111111111111111=3012101123",
    "41": "TERM0001",
    "48": "420201" + "4303XYZ" + "9203123",
    "52": "0123456789ABCDEF",
}


def test_fields_in_common_are_written_as_the_other_interface_writes_them() -> None:
    made = translate(SOURCE, TARGET)(SOURCE.view(SOURCE.encode(MESSAGE)))
    assert TARGET.decode(made) == {
        "t": "0100",
        "p": "5000000020811000",
        "2": "4111111111111111",
        "4": "000000001234",
        "35": "4111111111111111D3012101123",
        "41": "TERM0001",
        "48": " 4202019203123",
        "52": "0123456789ABCDEF",
    }


def test_and_back_again() -> None:
    there, back = translate(SOURCE, TARGET), translate(TARGET, SOURCE)
    again = back(TARGET.view(there(SOURCE.view(SOURCE.encode(MESSAGE)))), {"48": MESSAGE["48"]})
    assert again == SOURCE.encode(MESSAGE)


def test_what_is_lacked_is_dropped_or_refused() -> None:
    view = SOURCE.view(SOURCE.encode({"t": "0100", "4": "000000001234", "60": "PRIVATE"}))
    assert TARGET.view(translate(SOURCE, TARGET)(view)).fields == ("4",)
    with pytest.raises(MessageError) as caught:
        translate(SOURCE, TARGET, lacking="refuse")(view)
    assert (caught.value.interface, caught.value.path) == (TARGET.name, "60")


def test_an_element_that_is_lacked_is_dropped_or_refused() -> None:
    view = SOURCE.view(SOURCE.encode(MESSAGE))
    with pytest.raises(MessageError, match=r"field 48\.43: element is not part of the interface"):
        translate(SOURCE, TARGET, lacking="refuse")(view)


def test_changes_replace_add_and_leave_out() -> None:
    view = SOURCE.view(SOURCE.encode(MESSAGE))
    made = TARGET.decode(translate(SOURCE, TARGET)(view, {"t": "0200", "4": "000000000001", "48": None, "70": "301"}))
    assert (made["t"], made["4"], made["70"], "48" in made) == ("0200", "000000000001", "301", False)
    with pytest.raises(MessageError, match="field 60: field is not part of the interface"):
        translate(SOURCE, TARGET)(view, {"60": "X"})


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("4", "00000000123X", "n"), ("41", "TERM-001", "an"), ("35", "4" * 16, "z"), ("52", "0" * 15 + "G", "b")],
)
def test_a_value_that_is_not_of_the_other_side_s_class_does_not_cross_and_is_not_told(
    field: str, value: str, expected: str
) -> None:
    view = SOURCE.view(SOURCE.encode({**MESSAGE, field: value}))
    with pytest.raises(MessageError) as caught:
        translate(SOURCE, TARGET)(view)
    assert (caught.value.path, caught.value.expected) == (field, expected)
    assert value not in str(caught.value)


def test_an_element_of_another_class_does_not_cross() -> None:
    view = SOURCE.view(SOURCE.encode({**MESSAGE, "48": "4202AB"}))
    with pytest.raises(MessageError, match=r"field 48\.42: structure: expected digits"):
        translate(SOURCE, TARGET)(view)


def test_what_is_written_alike_is_copied_byte_for_byte() -> None:
    ber = {"data_enc": "b", "len_enc": "b", "len_type": 2, "max_len": 99, "sub": {"kind": "bertlv"}}
    one = _codec(_4={**PACKED, "len_type": 0, "max_len": 12}, _55=ber, _70={**PACKED, "len_type": 0, "max_len": 3})
    other = _codec(_55={**ber, "desc": "Chip", "class": "b"}, _70={**PACKED, "len_type": 0, "max_len": 3})
    # A length in long form and a zero between tags, which writing anew would not give.
    raw = one.encode({"t": "0100", "4": "000000001234", "55": "82810200AA009A03260611", "70": "301"})
    made = translate(one, other)(one.view(raw))
    assert made == b"0100" + bytes.fromhex("8000000000000200" + "0400000000000000") + raw[raw.index(b"\x00\x0b\x82") :]


@pytest.mark.parametrize("pair", [("pos-1987-ascii", "iso-1993-ascii"), ("pos-1987-ascii", "mastercard")])
@given(data=st.data())
def test_translated_fields_have_the_values_they_had_or_are_refused(
    pair: tuple[str, str],
    codecs: dict[str, Codec],
    messages: Callable[[Codec], st.SearchStrategy[dict[str, str]]],
    data: st.DataObject,
) -> None:
    source, target = codecs[pair[0]], codecs[pair[1]]
    message = data.draw(messages(source))
    try:
        made = target.view(translate(source, target)(source.view(source.encode(message))))
    except MessageError as error:
        assert error.interface == target.name
        return
    made.check()
    for field in made.fields:
        if field not in target.subs:
            assert made[field] == message[field] or target.ops[field].kind.startswith("z")


def test_a_partial_view_translates_too() -> None:
    raw = SOURCE.encode(MESSAGE)
    with pytest.raises(MessageError) as caught:
        SOURCE.view(raw[:-1])
    assert caught.value.partial is not None
    made = TARGET.decode(translate(SOURCE, TARGET)(caught.value.partial, {"70": "301"}))
    assert (made["4"], made["70"], "52" in made) == ("000000001234", "301", False)


def test_headers_come_from_the_view_or_the_changes() -> None:
    headed = compile_spec({**HEADS, "h": {"data_enc": "b", "len_type": 0, "max_len": 5}, "4": TARGET.spec.fields["4"]})
    view = SOURCE.view(SOURCE.encode({"t": "0800", "4": "000000000000"}))
    with pytest.raises(MessageError, match="field h: expected a header"):
        translate(SOURCE, headed)(view)
    made = translate(SOURCE, headed)(view, {"h": "6000010002"})
    assert headed.decode(made)["h"] == "6000010002"
    assert translate(headed, headed)(headed.view(made)) == made


# -- what means the same, and what only has the same number


def _view(codecs: dict[str, Codec], name: str, **fields: str) -> Any:
    codec = codecs[name]
    return codec.view(codec.encode({"t": "0100", **{key.lstrip("_"): value for key, value in fields.items()}}))


CHIP = "9F0206000000001234DF8101020102"


@pytest.mark.parametrize("name", ["visa", "mastercard", "iso-1993-ascii"])
def test_chip_data_crosses_with_its_bytes_into_a_dataset_and_out_of_it(codecs: dict[str, Codec], name: str) -> None:
    source, target = codecs["pos-1987-ascii"], codecs[name]
    there = target.view(translate(source, target)(_view(codecs, "pos-1987-ascii", _55=CHIP)))
    tag = "55.01.DF8101" if name == "visa" else "55.DF8101"
    assert there.get(tag) == "0102"
    assert source.view(translate(target, source)(there))["55"] == CHIP


def test_chip_data_that_is_none_does_not_cross(codecs: dict[str, Codec]) -> None:
    source, target = codecs["pos-1987-ascii"], codecs["visa"]
    with pytest.raises(MessageError) as caught:
        translate(source, target)(_view(codecs, "pos-1987-ascii", _55="9F02060000"))
    assert caught.value.path == "55"


@pytest.mark.parametrize(
    ("names", "field", "value"),
    [
        (("mastercard", "visa"), "61", "0000010002100978"),
        (("pos-1987-ascii", "iso-1993-ascii"), "90", "0" * 42),
        (("pos-1987-ascii", "iso-1993-ascii"), "39", "00"),
        (("pos-1987-ascii", "mastercard"), "53", "2001010100000000"),
    ],
)
def test_what_means_something_else_there_is_dropped_or_refused(
    codecs: dict[str, Codec], names: tuple[str, str], field: str, value: str
) -> None:
    source, target = codecs[names[0]], codecs[names[1]]
    view = source.view(source.encode({"t": "0100", "11": "000001", field: value}))
    assert target.view(translate(source, target)(view)).fields == ("11",)
    with pytest.raises(MessageError, match="field means something else on the interface"):
        translate(source, target, lacking="refuse")(view)


def test_an_address_gets_the_widths_of_the_other_side(codecs: dict[str, Codec]) -> None:
    source, target = codecs["pos-1987-ascii"], codecs["mastercard"]
    view = _view(codecs, "pos-1987-ascii", _43=f"{'A SHOP':<25}{'BERLIN':<13}DE")
    with pytest.raises(MessageError) as caught:
        translate(source, target)(view)
    assert caught.value.path == "43.country"
    made = target.view(translate(source, target)(view, {"43.country": "DEU"}))
    assert made["43"] == f"{'A SHOP':<22} {'BERLIN':<13} DEU"


def test_a_text_too_long_for_its_place_is_cut_or_refused(codecs: dict[str, Codec]) -> None:
    source, target = codecs["pos-1987-ascii"], codecs["mastercard"]
    view = _view(codecs, "pos-1987-ascii", _43=f"{'A' * 25}{'BERLIN':<13}DE")
    changes = {"43.country": "DEU"}
    assert target.view(translate(source, target)(view, changes)).get("43.name") == "A" * 22
    with pytest.raises(MessageError) as caught:
        translate(source, target, lacking="refuse")(view, changes)
    assert caught.value.path == "43.name"


def test_an_element_may_be_changed_where_the_field_is_not_there_or_is_left_out(codecs: dict[str, Codec]) -> None:
    source, target = codecs["pos-1987-ascii"], codecs["mastercard"]
    make = translate(source, target)
    bare = _view(codecs, "pos-1987-ascii", _11="000001")
    assert target.view(make(bare, {"48.0": "R", "48.92": "123"})).sub("48") == {"0": "R", "92": "123"}
    with pytest.raises(MessageError, match="given whole and in parts"):
        make(bare, {"48": "R", "48.92": "123"})


def test_a_translation_takes_only_views_of_its_source(codecs: dict[str, Codec]) -> None:
    with pytest.raises(ValueError, match="expected a view of pos-1987-ascii, got one of visa"):
        translate(codecs["pos-1987-ascii"], codecs["mastercard"])(_view(codecs, "visa", _11="000001"))
    with pytest.raises(ValueError, match="lacking: expected drop or refuse"):
        translate(SOURCE, TARGET, lacking="zz")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [5, b"5", None, ["5"]])
def test_a_change_that_is_no_text_is_refused(value: Any) -> None:
    view = SOURCE.view(SOURCE.encode(MESSAGE))
    changes = {"4": value}
    if value is None:
        assert "4" not in TARGET.view(translate(SOURCE, TARGET)(view, changes))
        return
    with pytest.raises(MessageError):
        translate(SOURCE, TARGET)(view, changes)
    with pytest.raises(MessageError):
        view.splice(changes)
