"""What is shown of a message: names and values for people, never more of a card than PCI DSS allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.cardnumbers import luhn_valid
from switch.message import Codec, Line, describe, luhn_check_digit, mask_pan
from switch.message.mask import mask_track

PAN = "4111111111111111"


@pytest.mark.parametrize(
    ("pan", "masked"),
    [
        ("4111111111111111", "411111******1111"),
        ("4222222222222", "422222***2222"),
        ("6304000000000000000", "630400*********0000"),
        ("41111111111", "***********"),
        ("", ""),
    ],
)
def test_a_card_number_shows_its_first_six_and_last_four(pan: str, masked: str) -> None:
    assert mask_pan(pan) == masked


@pytest.mark.parametrize(
    ("track", "masked"),
    [
        (f"{PAN}=30121011234500001", "411111******1111=[removed]"),
        (f"{PAN}D30121011234500001", "411111******1111D[removed]"),
        (f"B{PAN}^DOE/JOHN DANIEL^30121011234500001", "411111******1111^[removed]"),
        (f"{PAN}30121011234500001=", "[removed]"),
        (f"{PAN}30121011234500001", "[removed]"),
        (f" {PAN}=3012", "[removed]"),
        ("", "[removed]"),
    ],
)
def test_a_track_shows_no_more_than_its_masked_card_number(track: str, masked: str) -> None:
    assert mask_track(track) == masked


@given(digits=st.text("0123456789", min_size=1, max_size=18))
def test_the_check_digit_makes_a_valid_number_and_any_other_does_not(digits: str) -> None:
    check = luhn_check_digit(digits)
    assert luhn_valid(digits + check)
    assert not luhn_valid(digits + str((int(check) + 1) % 10))


def test_the_check_digit_of_a_published_number() -> None:
    # ISO/IEC 7812-1 annex B's example number, as reproduced in public.
    assert luhn_check_digit("7992739871") == "3"


def test_every_field_is_described_in_order_with_its_name(codecs: dict[str, Codec], purchase: dict[str, str]) -> None:
    codec = codecs["pos-1987-ascii"]
    lines = describe(codec.view(codec.encode(purchase)))
    assert lines[0] == Line("t", "Message type indicator", "0100")
    paths = [line.path for line in lines]
    assert [path for path in paths if "." not in path] == list(purchase)
    assert [path for path in paths if path.startswith(("3.", "48."))] == ["3.1", "3.2", "3.3", "48.92"]
    assert paths.index("3.1") == paths.index("3") + 1
    assert Line("4", "Amount, transaction", "000000001234") in lines


def test_nothing_of_a_card_is_described_in_clear(codecs: dict[str, Codec], purchase: dict[str, str]) -> None:
    codec = codecs["pos-1987-ascii"]
    shown = {line.path: line.value for line in describe(codec.view(codec.encode(purchase)))}
    assert shown["2"] == "411111******1111"
    assert shown["35"] == "411111******1111=[removed]"
    assert (shown["52"], shown["48"], shown["48.92"]) == ("[removed]", "", "[removed]")
    assert PAN not in str(shown)


@pytest.mark.parametrize("value", ["CVV2=123", "9203123 ", "923123"])
def test_a_field_that_may_hold_a_cvv2_is_hidden_when_it_cannot_be_parsed(codecs: dict[str, Codec], value: str) -> None:
    codec = codecs["pos-1987-ascii"]
    lines = describe(codec.view(codec.encode({"t": "0100", "48": value})))
    assert [line.value for line in lines if line.path == "48"] == ["[removed]"]


def test_visa_s_cvv2_and_pin_block_are_hidden(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    fields = {"t": "0100", "52": "0123456789ABCDEF", "62": codec.build_sub("62", {"2": "123456789012345"})}
    fields["126"] = codec.build_sub("126", {"10": "11 987", "9": "AB" * 20})
    shown = {line.path: line.value for line in describe(codec.view(codec.encode(fields)))}
    inside = [value for path, value in shown.items() if path.startswith("126")]
    assert "[removed]" in inside and not any("987" in value or "AB" in value for value in inside)
    assert (shown["126"], shown["52"]) == ("", "[removed]")
    assert shown["62.2"] == "123456789012345"


def test_mastercard_s_cvc2_is_hidden_and_its_result_shown(codecs: dict[str, Codec]) -> None:
    codec = codecs["mastercard"]
    value = codec.build_sub("48", {"0": "R", "92": "987", "87": "M"})
    shown = {line.path: line.value for line in describe(codec.view(codec.encode({"t": "0100", "48": value})))}
    assert (shown["48.0"], shown["48.92"], shown["48.87"]) == ("R", "[removed]", "M")


def test_a_card_number_in_a_free_text_field_is_masked(codecs: dict[str, Codec]) -> None:
    codec = codecs["pos-1987-ascii"]
    lines = describe(codec.view(codec.encode({"t": "0100", "63": f"CARD {PAN} SEEN"})))
    assert lines[-1].value == "CARD 411111******1111 SEEN"


def test_a_field_that_cannot_be_read_does_not_hide_the_others(codecs: dict[str, Codec]) -> None:
    codec = codecs["pos-1987-ascii"]
    raw = codec.encode({"t": "0100", "41": "TERM0001", "49": "978"}).replace(b"TERM", b"\xff\xff\xff\xff")
    assert [(line.path, line.value) for line in describe(codec.view(raw))] == [
        ("t", "0100"),
        ("41", "[unreadable]"),
        ("49", "978"),
    ]


def test_all_that_must_be_hidden_has_a_mask_in_every_spec(codec: Codec) -> None:
    masks = {key: codec.spec.fields[key].get("mask") for key in codec.ops}
    assert masks["2"] == "pan"
    assert masks["35"] == masks["45"] == "track"
    assert {masks[key] for key in ("36", "52", "55", "64", "128", "125") if key in masks} == {"remove"}
