"""Structure inside a field: what is built parses back, other structures are refused, nothing is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import Codec, MessageError, build_ber_tlv, parse_ber_tlv

TEXT = st.text("ABC 0189.", max_size=99)
TAGS = st.integers(1, 99).map(str)
HEX = st.binary(max_size=300).map(lambda raw: raw.hex().upper())


@given(subs=st.dictionaries(TAGS, st.text("ABC 0189.", max_size=40), max_size=5))
def test_tag_length_value_round_trips(codecs: dict[str, Codec], subs: dict[str, str]) -> None:
    codec = codecs["pos-1987-ascii"]
    assert codec.parse_sub("48", codec.build_sub("48", subs)) == subs


@given(subs=st.dictionaries(TAGS, TEXT, max_size=5), category=st.sampled_from("RCTX"))
def test_mastercard_s_category_code_precedes_its_subelements(
    codecs: dict[str, Codec], subs: dict[str, str], category: str
) -> None:
    codec = codecs["mastercard"]
    value = codec.build_sub("48", {**subs, "0": category})
    assert value.startswith(category)
    assert codec.parse_sub("48", value) == {**subs, "0": category}


def test_a_tag_is_named_without_its_leading_zero(codecs: dict[str, Codec]) -> None:
    assert codecs["pos-1987-ascii"].parse_sub("48", "0102AB4203XYZ") == {"1": "AB", "42": "XYZ"}


@pytest.mark.parametrize("value", ["6", "92", "9203", "920312", "92 3123", "A203123", "92²123"])
def test_what_is_no_tag_length_value_is_refused_without_showing_it(codecs: dict[str, Codec], value: str) -> None:
    with pytest.raises(MessageError, match=r"field 48(\.92)?: structure: ") as caught:
        codecs["pos-1987-ascii"].parse_sub("48", value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("subs", "reason"),
    [
        ({"92": "1" * 100}, "field 48.92: structure: value is too long for its length"),
        ({"100": "1"}, "field 48.100: structure: expected a tag of 2 digits"),
        ({"0": "RX"}, "field 48.0: structure: expected exactly 1 characters, got 2"),
        ({"PV": "1"}, "field 48.PV: structure: expected a tag of 2 digits"),
    ],
)
def test_elements_that_do_not_fit_are_refused(codecs: dict[str, Codec], subs: dict[str, str], reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        codecs["mastercard"].build_sub("48", subs)


def test_positions_are_filled_and_read_by_name(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    value = codec.build_sub("44", {"5": "2", "10": "M"})
    assert value == "    2     M        "
    assert codec.parse_sub("44", value)["10"] == "M"
    assert codec.build_sub("60", {"1": "4", "8": "07"}) == "400000000700"


def test_a_positional_field_may_end_after_any_whole_sub_field(codecs: dict[str, Codec]) -> None:
    codec = codecs["mastercard"]
    assert codec.parse_sub("63", "MCC123456789") == {"1": "MCC", "2": "123456789"}
    assert codec.parse_sub("63", "MCC") == {"1": "MCC"}
    with pytest.raises(MessageError, match="expected whole sub-fields"):
        codec.parse_sub("63", "MCC12345678")
    with pytest.raises(MessageError, match="expected whole sub-fields"):
        codec.parse_sub("63", "MCC1234567890")


@pytest.mark.parametrize(
    ("subs", "reason"),
    [
        ({"1": "MC"}, "63.1: structure: expected exactly 3 characters, got 2"),
        ({"3": "X"}, "63.3: structure: expected sub-fields of 1, 2"),
    ],
)
def test_positions_that_do_not_exist_or_fit_are_refused(
    codecs: dict[str, Codec], subs: dict[str, str], reason: str
) -> None:
    with pytest.raises(MessageError, match=reason):
        codecs["mastercard"].build_sub("63", subs)


def test_visa_62_is_a_bitmap_then_packed_digits_and_ebcdic(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    subs = {"1": "E", "2": "123456789012345", "3": "AB12"}
    value = codec.build_sub("62", subs)
    assert value == "E000000000000000" + "C5" + "0123456789012345" + "C1C2F1F2"
    assert codec.parse_sub("62", value) == subs


def test_visa_63_and_126_have_bitmaps_of_their_own_size(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    assert codec.build_sub("63", {"3": "2501", "1": "0002"}) == "A00000" + "0002" + "2501"
    assert codec.build_sub("126", {"10": "11 123"}) == "0040000000000000" + "F1F140F1F2F3"


@given(
    subs=st.fixed_dictionaries(
        {},
        optional={
            "1": st.text("AE", min_size=1, max_size=1),
            "2": st.text("0123456789", min_size=15, max_size=15),
            "3": st.text("AB12", min_size=4, max_size=4),
            "5": st.text("0123456789", min_size=2, max_size=2),
            "20": st.text("0123456789", min_size=10, max_size=10),
            "23": st.text("AB ", min_size=2, max_size=2),
        },
    )
)
def test_bitmapped_sub_fields_round_trip(codecs: dict[str, Codec], subs: dict[str, str]) -> None:
    codec = codecs["visa"]
    assert codec.parse_sub("62", codec.build_sub("62", subs)) == subs


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("E0", "expected a bitmap"),
        ("0100000000000000C5", "62.8: structure: sub-field is not known"),
        ("4000000000000000012345678901", "62.2: structure: sub-field is cut off"),
        ("800000000000000000C5", "bytes are left ove"),
        ("40000000000000001123456789012345", "62.2: structure: expected characters of its encoding"),
        ("4000000000000000012345678901234A", "62.2: structure: expected digits"),
    ],
)
def test_a_bitmapped_field_of_another_structure_is_refused(codecs: dict[str, Codec], value: str, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        codecs["visa"].parse_sub("62", value)


@pytest.mark.parametrize(
    ("subs", "reason"),
    [
        ({"2": "12345678901234"}, "expected exactly 15 digits, got 14"),
        ({"2": "12345678901234A"}, "expected digits"),
        ({"2": "1 23 45 67 89 1"}, "expected digits"),
        ({"9": "1"}, "62.9: structure: sub-field is not known"),
        ({"3": "AB1\u20ac"}, "expected characters of its encoding"),
    ],
)
def test_bitmapped_sub_fields_that_do_not_fit_are_refused(
    codecs: dict[str, Codec], subs: dict[str, str], reason: str
) -> None:
    with pytest.raises(MessageError, match=reason):
        codecs["visa"].build_sub("62", subs)


@given(tags=st.dictionaries(st.sampled_from(["82", "95", "9F26", "9F02", "DF8129", "5F2A"]), HEX))
def test_ber_tlv_round_trips_whatever_the_length(tags: dict[str, str]) -> None:
    assert parse_ber_tlv(build_ber_tlv(tags)) == tags


def test_ber_tlv_lengths_take_one_two_or_three_bytes() -> None:
    assert build_ber_tlv({"82": "00" * 127})[2:4] == "7F"
    assert build_ber_tlv({"82": "00" * 128})[2:6] == "8180"
    assert build_ber_tlv({"82": "00" * 256})[2:8] == "820100"


@pytest.mark.parametrize(
    "value", ["9F", "9F26", "9F2602AA", "9F2681", "9F2680AA", "9F2680", "9F2683000001AA", "9F8181818101AA", "ZZ", "820"]
)
def test_what_is_no_ber_tlv_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"expected|longer|cut off"):
        parse_ber_tlv(value)


@given(value=st.binary(max_size=80).map(lambda raw: raw.hex()), kind=st.sampled_from(["60", "62", "63", "126"]))
def test_arbitrary_private_fields_raise_nothing_but_message_error(
    codecs: dict[str, Codec], value: str, kind: str
) -> None:
    try:
        found = codecs["visa"].parse_sub(kind, value)
    except MessageError:
        return
    # Positions that were left out at the end come back filled.
    assert found.items() <= codecs["visa"].parse_sub(kind, codecs["visa"].build_sub(kind, found)).items()
