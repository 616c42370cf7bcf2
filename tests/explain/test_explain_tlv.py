"""BER-TLV is read as far as it goes, with places, nesting and repeats."""

from hypothesis import given
from hypothesis import strategies as st

from switch.explain.tlv import walk


def test_tags_have_places_and_values():
    found, fault = walk(bytes.fromhex("9F2701809505000000800000DFEE2603112233"))
    assert fault is None
    assert [(tag.name, tag.offset, tag.length, tag.value.hex()) for tag in found] == [
        ("9F27", 0, 4, "80"),
        ("95", 4, 7, "0000008000"),
        ("DFEE26", 12, 7, "112233"),
    ]


def test_constructed_tags_are_opened_with_places_in_the_whole():
    found, _ = walk(bytes.fromhex("8202198071099F180401020304860100"))
    (script,) = [tag for tag in found if tag.name == "71"]
    assert [(tag.name, tag.offset, tag.value.hex()) for tag in script.parts] == []
    found, _ = walk(bytes.fromhex("8202198071079F180401020304"))
    assert [(tag.name, tag.offset, tag.value.hex()) for tag in found[1].parts] == [("9F18", 6, "01020304")]


def test_a_repeat_is_numbered():
    found, _ = walk(bytes.fromhex("860101860102860103"))
    assert [tag.name for tag in found] == ["86", "86#2", "86#3"]


def test_lengths_of_more_bytes_are_read():
    found, fault = walk(bytes.fromhex("8E8104AABBCCDD5082000141"))
    assert fault is None
    assert [tag.value.hex() for tag in found] == ["aabbccdd", "41"]


def test_a_fault_says_tag_place_needed_and_available():
    found, fault = walk(bytes.fromhex("9F2701809F260812345678"))
    assert [tag.name for tag in found] == ["9F27"]
    assert fault is not None
    assert (fault.path, fault.offset, fault.needed, fault.available) == ("9F26", 7, 8, 4)
    for cut in ("9F", "9F26", "5F2A85", "9F2680", "1F81828384"):
        assert walk(bytes.fromhex(cut))[1] is not None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_an_end(data):
    found, fault = walk(data)
    assert sum(tag.length for tag in found) <= len(data)
    assert fault is None or 0 <= fault.offset <= len(data)
