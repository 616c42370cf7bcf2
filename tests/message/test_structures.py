"""All that a spec can say about the inside of a field: read by path, placed, changed without touching the rest."""

from typing import Any

import pytest

from switch.message import Codec, Limits, MessageError, Range, compile_spec

HEADS: dict[str, Any] = {
    "h": {"data_enc": "b", "len_type": 0, "max_len": 0},
    "t": {"data_enc": "ascii"},
    "p": {"data_enc": "b"},
    "1": {"data_enc": "b"},
}
HEAD = 12
TEXT = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 3, "max_len": 999}
BYTES = {"data_enc": "b", "len_enc": "b", "len_type": 2, "max_len": 999}
PACKED = {"data_enc": "b", "len_count": "nibbles", "len_enc": "b", "len_type": 1, "max_len": 99, "left_pad": "0"}


def _codec(entry: dict[str, Any], **limits: int) -> Codec:
    return compile_spec({**HEADS, "48": entry}, Limits(**limits))


def _raw(entry: dict[str, Any], value: str) -> bytes:
    return _codec(entry).encode({"t": "0100", "48": value})


ICC = {"kind": "bitmap", "width": 64, "enc": "b", "parts": {"2": {"max_len": 12, "class": "n12"}, "3": {"max_len": 2}}}
POSTILION = {
    "data_enc": "latin-1",
    "len_enc": "ascii",
    "len_type": 6,
    "max_len": 999_999,
    "sub": {
        "kind": "bitmap",
        "width": 64,
        "enc": "b",
        "parts": {
            "2": {"len_type": 2, "max_len": 32, "desc": "Switch key"},
            "3": {"max_len": 4},
            "25": {"len_type": 4, "max_len": 9999, "sub": ICC},
        },
    },
}


def test_a_bitmap_inside_a_bitmap_inside_a_field() -> None:
    codec = _codec(POSTILION)
    value = codec.build_sub("48", {"2": "KEY", "25.2": "000000001234", "25.3": "AB"})
    raw = codec.encode({"t": "0100", "48": value})
    assert (
        raw[HEAD:]
        == (b"000039" + bytes.fromhex("4000008000000000") + b"03KEY" + b"0022" + bytes.fromhex("6000000000000000"))
        + b"000000001234AB"
    )
    view = codec.view(raw)
    assert (view["48.25.2"], view.names("48"), view.names("48.25")) == ("000000001234", ("2", "25"), ("2", "3"))
    assert view.range("48.25.2") == Range(43, 43, 55)
    assert view.range("48.2") == Range(26, 28, 31)
    assert view.part("48.2").desc == "Switch key"  # type: ignore[union-attr]


def test_a_change_deep_inside_keeps_every_other_byte_and_corrects_all_lengths() -> None:
    codec = _codec(POSTILION)
    raw = codec.encode({"t": "0100", "48": codec.build_sub("48", {"2": "KEY", "25.2": "000000001234", "25.3": "AB"})})
    assert codec.view(raw).splice({"48.25.2": "000000009999"}) == raw.replace(b"1234AB", b"9999AB")
    added = codec.view(codec.view(raw).splice({"48.3": "WXYZ", "48.25.3": None}))
    assert (added.sub("48")["3"], added.names("48.25")) == ("WXYZ", ("2",))
    assert added["48.2"] == "KEY"
    assert codec.view(added.splice({"48.3": None, "48.25.3": "AB"})).data == raw


def test_a_change_of_a_field_that_is_absent_makes_it() -> None:
    codec = _codec(POSTILION)
    bare = codec.view(codec.encode({"t": "0100"}))
    assert codec.view(bare.splice({"48.25.2": "000000001234"}))["48.25.2"] == "000000001234"
    assert bare.splice({"48.25.2": None}) == bare.data


def test_a_field_given_whole_and_in_parts_is_refused() -> None:
    codec = _codec(POSTILION)
    view = codec.view(codec.encode({"t": "0100"}))
    with pytest.raises(MessageError, match="field 48: structure: given whole and in parts"):
        view.splice({"48": "x", "48.2": "y"})
    with pytest.raises(MessageError, match=r"field 48\.25: structure: given whole and in parts"):
        view.splice({"48.25": "x", "48.25.2": "000000001234"})


PARTS = {"mti": 4, "stan": 6, "when": 10, "acquirer": {"max_len": 11, "class": "n11"}, "other": 11}
ORIGINAL = {**PACKED, "len_type": 0, "max_len": 42, "sub": {"kind": "positional", "parts": PARTS, "fill": "0"}}


def test_parts_of_a_packed_field_are_digits_also_when_they_begin_in_mid_byte() -> None:
    codec = _codec(ORIGINAL)
    value = codec.build_sub("48", {"mti": "0100", "stan": "123456", "when": "0611191024", "acquirer": "00000123456"})
    assert value == "0100" + "123456" + "0611191024" + "00000123456" + "0" * 11
    view = codec.view(codec.encode({"t": "0400", "48": value}))
    assert (view["48.stan"], view["48.acquirer"]) == ("123456", "00000123456")
    # Digits 20 to 30 are bytes 10 to 15, the last of which they share.
    assert view.range("48.acquirer") == Range(HEAD + 10, HEAD + 10, HEAD + 16)
    assert view.splice({"48.stan": "654321"})[HEAD + 2 : HEAD + 5] == bytes.fromhex("654321")


def test_a_left_pad_moves_the_parts_by_half_a_byte() -> None:
    codec = _codec({**PACKED, "len_type": 0, "max_len": 3, "sub": {"kind": "positional", "parts": {"a": 1, "b": 2}}})
    view = codec.view(b"0100" + bytes.fromhex("0000000000010000") + bytes.fromhex("0123"))
    assert (view["48.a"], view["48.b"]) == ("1", "23")
    assert (view.range("48.a"), view.range("48.b")) == (Range(12, 12, 13), Range(13, 13, 14))


AMOUNT = {"account": 2, "sign": 1, "amount": {"max_len": 4, "class": "n4"}}
AMOUNTS = {"kind": "positional", "repeat": 6, "parts": AMOUNT}


def test_parts_that_come_again_are_numbered_from_one() -> None:
    codec = _codec({**TEXT, "sub": AMOUNTS})
    view = codec.view(_raw(TEXT, "10C000120D0345"))
    assert (view["48.1.account"], view["48.2.sign"], view["48.2.amount"]) == ("10", "D", "0345")
    assert codec.build_sub("48", {"2": {"account": "20", "sign": "D", "amount": "0345"}, "1": "10C0001"}) == (
        "10C000120D0345"
    )
    assert view.splice({"48.2.amount": "0000"})[-4:] == b"0000"
    assert view.splice({"48.2": None})[HEAD:] == b"00710C0001"
    assert codec.view(_raw(TEXT, "10C0001" * 7)).sub("48") == {}


PLACE = {"name": {"until": "\\", "max_len": 22}, "city": {"until": "\\"}, "country": 3}
LOCATION = {"kind": "positional", "parts": PLACE}


def test_parts_may_end_at_a_text() -> None:
    codec = _codec({**TEXT, "sub": LOCATION})
    view = codec.view(_raw(TEXT, "A SHOP\\BERLIN\\DEU"))
    assert view.sub("48") == {"name": "A SHOP", "city": "BERLIN", "country": "DEU"}
    assert view.splice({"48.city": "BONN"})[HEAD:] == b"015A SHOP\\BONN\\DEU"
    assert codec.build_sub("48", {"country": "DEU"}) == "\\\\DEU"


def test_what_is_absent_at_the_end_stays_absent_and_what_needs_no_delimiter_gets_none() -> None:
    codec = _codec({**TEXT, "sub": LOCATION})
    view = codec.view(_raw(TEXT, "A SHOP\\BERLIN"))
    assert view.splice({"48.name": "SHOP"})[HEAD:] == b"011SHOP\\BERLIN"
    assert view.splice({"48.city": "BONN"})[HEAD:] == b"011A SHOP\\BONN"
    assert view.splice({"48.country": "DEU"})[HEAD:] == b"017A SHOP\\BERLIN\\DEU"
    assert view.splice({"48.city": "BONN", "48.country": "DEU"})[HEAD:] == b"015A SHOP\\BONN\\DEU"
    amounts = _codec({**TEXT, "sub": AMOUNTS}).view(_raw(TEXT, "10C000120"))
    assert amounts.splice({"48.2.account": "30"})[HEAD:] == b"00910C000130"


def test_the_last_part_may_take_what_is_left_and_be_taken_apart_itself() -> None:
    rest = {"rest": True, "sub": {"kind": "tlv", "tag": 2, "len": 2}}
    codec = _codec({**TEXT, "sub": {"kind": "positional", "parts": {"code": 3, "more": rest}}})
    view = codec.view(_raw(TEXT, "1230702AB4201C"))
    assert view["48.more.42"] == "C"
    assert view.splice({"48.more.7": "XYZ"})[HEAD:] == b"0151230703XYZ4201C"


@pytest.mark.parametrize(
    ("sub", "hexadecimal", "path", "value", "spliced"),
    [
        ({"kind": "tlv", "tag": 1, "tag_enc": "bcd", "len": 1, "len_enc": "b"}, "0702AABB", "7", "CC", "0701CC"),
        ({"kind": "tlv", "tag": 1, "len": 1, "len_covers": "all"}, "0704AABB", "07", "CC", "0703CC"),
        ({"kind": "dataset"}, "010002AABB", "01", "CC", "010001CC"),
        ({"kind": "dataset", "id": 2, "len": 1}, "010202AABB", "0102", "CC", "010201CC"),
    ],
)
def test_tags_and_lengths_in_binary(sub: dict[str, Any], hexadecimal: str, path: str, value: str, spliced: str) -> None:
    entry = {**BYTES, "sub": sub}
    view = _codec(entry).view(_raw(BYTES, hexadecimal))
    assert view[f"48.{path}"] == "AABB"
    assert view.splice({f"48.{path}": value})[HEAD + 2 :].hex().upper() == spliced


def test_the_tables_of_a_hypercom_field_63_have_the_length_first() -> None:
    sub = {"kind": "tlv", "order": "ltv", "len": 2, "len_enc": "bcd", "tag": 2, "len_covers": "tag+value"}
    codec = _codec({**BYTES, "sub": sub})
    view = codec.view(_raw(BYTES, "0004" + "3331" + "4142" + "0003" + "3632" + "43"))
    assert view.sub("48") == {"3331": "4142", "3632": "43"}
    assert view.splice({"48.3331": "41"})[HEAD + 2 :].hex() == "0003333141" + "0003363243"


@pytest.mark.parametrize(
    ("sub", "text", "elements"),
    [
        ({"kind": "tlv", "tag": 2, "tag_enc": "hex", "len": 1, "len_enc": "hex"}, "9F5ABCDE", {"9F": "ABCDE"}),
        ({"kind": "tlv", "tag": 3, "tag_enc": "text", "len": 2}, "PV.0", None),
        ({"kind": "tlv", "tag": 2, "tag_enc": "text", "len": 2}, "PV02ABxy01C", {"PV": "AB", "xy": "C"}),
    ],
)
def test_tags_and_lengths_in_text(sub: dict[str, Any], text: str, elements: dict[str, str] | None) -> None:
    codec = _codec({**TEXT, "sub": sub})
    if elements is None:
        with pytest.raises(MessageError, match="expected a tag and a length"):
            codec.parse_sub("48", text)
        return
    assert codec.parse_sub("48", text) == elements
    assert codec.build_sub("48", elements) == text


BER = {"kind": "bertlv", "parts": {"9F02": {"class": "n12"}, "5F20": {"data_enc": "latin-1"}, "9A": {"class": "n6"}}}


def test_constructed_tags_are_opened_and_odd_lengths_survive() -> None:
    codec = _codec({**BYTES, "sub": BER})
    # 9F02 with a length in long form, a tag of three bytes, a template, and zeros between and behind.
    value = "9F02810600000000123400" + "DF812901AA" + "00" + "71079F1804000000AA" + "5F20024142" + "0000"
    view = codec.view(_raw(BYTES, value))
    assert view.names("48") == ("9F02", "DF8129", "71", "5F20")
    assert (view["48.9F02"], view["48.71.9F18"], view["48.5F20"]) == ("000000001234", "000000AA", "AB")
    spliced = codec.view(view.splice({"48.71.9F18": "000000AB"}))
    assert spliced["48"] == value.replace("000000AA", "000000AB")
    assert codec.view(view.splice({"48.DF8129": None}))["48"] == value.replace("DF812901AA", "")


def test_a_constructed_tag_whose_value_is_no_tlv_is_left_whole() -> None:
    view = _codec({**BYTES, "sub": BER}).view(_raw(BYTES, "7106112233445566"))
    assert (view["48.71"], view.names("48.71"), view.get("48.71.11")) == ("112233445566", (), None)
    fault = view.fault("48.71")
    assert fault is not None
    assert (fault.path, fault.offset, fault.needed, fault.available) == ("48.71.11", HEAD + 6, 0x22, 4)


def test_constructed_tags_stay_closed_where_the_spec_says_so() -> None:
    codec = _codec({**BYTES, "sub": {"kind": "bertlv", "nested": False}})
    view = codec.view(_raw(BYTES, "71079F1804000000AA"))
    assert (view.names("48.71"), view["48.71"]) == ((), "9F1804000000AA")


def test_a_tag_that_comes_again_keeps_its_place_and_its_bytes() -> None:
    codec = _codec({**BYTES, "sub": BER})
    view = codec.view(_raw(BYTES, "9F060111" + "8201AA" + "9F060222229F060133"))
    assert view.sub("48") == {"9F06": "11", "82": "AA", "9F06#2": "2222", "9F06#3": "33"}
    assert codec.build_sub("48", view.sub("48")) == view["48"]
    assert codec.view(view.splice({"48.9F06#2": "44"}))["48"] == "9F0601118201AA9F0601449F060133"
    assert codec.view(view.splice({"48.9F06": None}))["48"] == "8201AA9F060222229F060133"


def test_a_value_that_is_none_of_its_class_is_not_given_out_but_can_be_looked_at() -> None:
    view = _codec({**BYTES, "sub": BER}).view(_raw(BYTES, "9A03AABBCC8201AA"))
    assert (view.get("48.9A"), view.text("48.9A"), view["48.82"]) == (None, "AABBCC", "AA")
    with pytest.raises(MessageError) as caught:
        view.check(["48.9A"])
    assert (caught.value.path, caught.value.offset, caught.value.expected) == ("48.9A", HEAD + 4, "n6")
    with pytest.raises(MessageError, match=r"field 48\.9A: structure: expected digits"):
        view.splice({"48.9A": "ABCDEF"})


def test_text_may_spell_the_bytes_of_a_structure() -> None:
    codec = _codec({**TEXT, "sub": {**BER, "hex": True}})
    view = codec.view(_raw(TEXT, "9F0206000000001234" + "8202abcd"))
    assert (view["48.9F02"], view["48.82"], view.range("48.82")) == ("000000001234", "ABCD", Range(33, 37, 41))
    assert view.splice({"48.82": "EF"})[HEAD:] == b"0249F02060000000012348201EF"
    assert codec.view(_raw(TEXT, "9F02 0600000000123")).fault("48") is not None


def test_a_field_may_hold_the_bytes_or_their_spelling() -> None:
    entry = {**TEXT, "data_enc": "latin-1", "sub": {**BER, "hex": "auto"}}
    codec = _codec(entry)
    for value in ("8202ABCD", "\x82\x02\xab\xcd"):
        view = codec.view(_raw(entry, value))
        assert view["48.82"] == "ABCD"
        assert codec.view(view.splice({"48.82": "ABCD"})).data == view.data


DBM_PARTS = {"1": 1, "14": 1, "17": 1, "30": 1}
DBM = {"kind": "bitmap", "width": 16, "first": 0, "chain": True, "tail": True, "parts": DBM_PARTS}


def test_chained_bitmaps_and_a_tail() -> None:
    codec = _codec({**BYTES, "sub": DBM})
    built = codec.build_sub("48", {"1": "11", "17": "22", "9F02": "0102", "30": "44"})
    assert built == "C000" + "4003" + "11" + "22" + "44" + "9F02020102"
    assert codec.parse_sub("48", built) == {"1": "11", "17": "22", "30": "44", "9F02": "0102"}
    assert codec.parse_sub("48", "4001" + "11" + "9F02020102") == {"1": "11", "9F02": "0102"}
    with pytest.raises(MessageError, match="more than 8 bitmaps"):
        codec.parse_sub("48", "8000" * 9)


@pytest.mark.parametrize(
    ("value", "path", "offset", "needed", "available"),
    [
        ("9F0206000000", "48.9F02", HEAD + 5, 6, 3),
        ("8201AA9F0203", "48.9F02", HEAD + 8, 3, 0),
        ("82", "48.82", HEAD + 3, 1, 0),
        ("1F81818101AA", "48", HEAD + 2, None, None),
        ("8283000001AA", "48.82", HEAD + 3, None, None),
    ],
)
def test_a_lying_length_is_told_with_path_offset_and_sizes_and_no_value(
    value: str, path: str, offset: int, needed: int | None, available: int | None
) -> None:
    view = _codec({**BYTES, "sub": BER}).view(_raw(BYTES, value))
    fault = view.fault("48")
    assert fault is not None
    assert (fault.path, fault.offset, fault.needed, fault.available) == (path, offset, needed, available)
    assert (view.sub("48"), view["48"]) == ({}, value)
    with pytest.raises(MessageError, match="structure"):
        view.splice({"48.95": "00"})


def test_how_deep_and_how_many_is_bounded() -> None:
    value = ""
    for _ in range(12):
        value = f"70{len(value) // 2:02X}{value}"
    view = _codec({**BYTES, "sub": BER}, depth=3).view(_raw(BYTES, value))
    assert (view.names("48.70.70"), view.names("48.70.70.70.70")) == (("70",), ())
    fault = view.fault("48.70.70.70.70")
    assert fault is not None and fault.reason == "structure: structures nested too deep"
    many = _codec({**BYTES, "sub": BER}, elements=5).view(_raw(BYTES, "8201AA" * 6))
    assert many.names("48") == ()
    fault = many.fault("48")
    assert fault is not None and fault.reason == "structure: more than 5 elements"


def test_a_message_larger_than_the_limit_is_refused() -> None:
    codec = _codec(BYTES, size=100)
    with pytest.raises(MessageError, match="message is too long"):
        codec.view(_raw(BYTES, "AA" * 100))


def test_offsets_of_everything_come_with_the_decoded_fields() -> None:
    codec = _codec({**BYTES, "sub": BER})
    fields, places = codec.decode(_raw(BYTES, "9F02060000000012348201AA"), offsets=True)
    assert fields == {"t": "0100", "p": "0000000000010000", "48": "9F02060000000012348201AA"}
    assert places == {
        "t": Range(0, 0, 4),
        "p": Range(4, 4, 12),
        "48": Range(12, 14, 26),
        "48.9F02": Range(14, 17, 23),
        "48.82": Range(23, 25, 26),
    }
