"""Keys under the LMK: schemes and variants, and which keys are refused whatever asks for them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import tdes
from switch.hsm import keycheck
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import KeyFault
from switch.hsm.lmk import TEST_LMK, decrypt_key, encrypt_key

TYPES = ["000", "001", "002", "003", "402", "70D", "80D", "008", "009", "109", "00A", "00B", "30B"]
SIZES = {"Z": 8, "U": 16, "X": 16, "T": 24, "Y": 24}
WEAK = ["0101010101010101", "FEFEFEFEFEFEFEFE", "E0E0E0E0F1F1F1F1", "1F1F1F1F0E0E0E0E"]
SEMI_WEAK = [
    "011F011F010E010E",
    "1F011F010E010E01",
    "01E001E001F101F1",
    "E001E001F101F101",
    "01FE01FE01FE01FE",
    "FE01FE01FE01FE01",
    "1FE01FE00EF10EF1",
    "E01FE01FF10EF10E",
    "1FFE1FFE0EFE0EFE",
    "FE1FFE1FFE0EFE0E",
    "E0FEE0FEF1FEF1FE",
    "FEE0FEE0FEF1FEF1",
]
SOUND = "0123456789ABCDEF"


@given(st.sampled_from(sorted(SIZES)), st.sampled_from(TYPES), st.data())
def test_a_wrapped_key_opens_to_itself_in_every_scheme_and_type(scheme: str, key_type: str, data: Any) -> None:
    clear = data.draw(st.binary(min_size=SIZES[scheme], max_size=SIZES[scheme]))
    field = encrypt_key(clear, key_type, scheme)
    assert len(field) == 2 * SIZES[scheme] + (scheme != "Z")
    assert decrypt_key(field, key_type) == clear


def test_the_parts_of_a_key_under_u_and_t_depend_on_their_place() -> None:
    part = bytes.fromhex(SOUND)
    for scheme, size in (("U", 2), ("T", 3)):
        digits = encrypt_key(part * size, "001", scheme)[1:]
        parts = {digits[start : start + 16] for start in range(0, len(digits), 16)}
        assert len(parts) == size
    plain = encrypt_key(part * 2, "001", "X")[1:]
    assert plain[:16] == plain[16:]


def test_a_variant_changes_the_first_byte_of_the_pair_as_published() -> None:
    published = [0x00, 0xA6, 0x5A, 0x6A, 0xDE, 0x2B, 0x50, 0x74, 0x9C, 0xFA]
    pair = TEST_LMK.pairs["06-07"]
    for number, variant in enumerate(published):
        assert TEST_LMK.key(f"{number}01") == bytes((pair[0] ^ variant,)) + pair[1:]


def test_triple_length_keys_of_a_published_command_open_to_odd_parity() -> None:
    """One wrong variant in scheme T would leave the parity of eight bytes to chance.

    leachbj/hsm-emulator@34c51bb, VerifyInterchangePinIBMSuite: the ZPK and PVK of an EA command.
    """
    for key_type, field in (
        ("001", "T971803BA969012152827CC97A98D18D50BE6559CDFF6F7E1"),
        ("002", "TAF9958474101D950930D1FC86F99447E10B3BADFAA10458E"),
    ):
        assert tdes.has_odd_parity(decrypt_key(field, key_type))


def test_every_key_type_wraps_a_key_in_its_own_way() -> None:
    clear = bytes(range(16))
    assert len({encrypt_key(clear, key_type) for key_type in TYPES}) == len(TYPES)


@pytest.mark.parametrize("key_type", ["", "0", "00", "0001", "FFF", "0FF", "A00", "²00", " 00", "00F"])
def test_an_unknown_key_type_is_fault_04(key_type: str) -> None:
    with pytest.raises(KeyFault) as caught:
        TEST_LMK.key(key_type)
    assert caught.value.code == "04"


@pytest.mark.parametrize(("size", "scheme"), [(8, "U"), (16, "T"), (24, "U"), (16, "Z"), (24, "X")])
def test_a_key_of_the_wrong_length_for_its_scheme_is_fault_27(size: int, scheme: str) -> None:
    with pytest.raises(KeyFault) as caught:
        encrypt_key(bytes(size), "001", scheme)
    assert caught.value.code == "27"


@pytest.mark.parametrize("field", ["", "U" + "0" * 31, "T" + "0" * 32, "X" + "0" * 48, "0" * 15, "S" + "0" * 32])
def test_a_field_that_is_no_key_is_fault_26(field: str) -> None:
    with pytest.raises(KeyFault) as caught:
        decrypt_key(field, "001")
    assert caught.value.code == "26"


@pytest.mark.parametrize("part", WEAK + SEMI_WEAK)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_weak_or_semi_weak_part_anywhere_is_fault_75(part: str, place: int) -> None:
    parts = [SOUND, "FEDCBA9876543210", "1032547698BADCFE"]
    parts[place] = part
    with pytest.raises(KeyFault) as caught:
        keycheck.check(bytes.fromhex("".join(parts)), "10")
    assert caught.value.code == "75"


def test_a_repeated_part_is_fault_75_and_a_two_key_triple_is_not() -> None:
    first, second = bytes.fromhex(SOUND), bytes.fromhex("FEDCBA9876543210")
    for key in (first + first, first + first + second, first + second + second):
        with pytest.raises(KeyFault) as caught:
            keycheck.check(key, "10")
        assert caught.value.code == "75"
    keycheck.check(first + second + first, "10")


@pytest.mark.parametrize("code", ["10", "11"])
@given(place=st.integers(0, 15), bit=st.integers(0, 7))
def test_one_flipped_bit_is_a_parity_fault_of_the_place_that_asked(code: str, place: int, bit: int) -> None:
    key = bytearray(bytes.fromhex(SOUND + "FEDCBA9876543210"))
    key[place] ^= 1 << bit
    with pytest.raises(KeyFault) as caught:
        keycheck.check(bytes(key), code)
    assert caught.value.code == code


def test_the_check_value_of_the_test_lmk_is_the_published_one_of_another_that_of_its_zone_pair() -> None:
    pair = bytes.fromhex("6161616161616161 7070707070707070")
    assert TEST_LMK.check_value == "2686040000000000"
    assert replace(TEST_LMK, published_check="").check_value == tdes.key_check_value(pair)


@pytest.mark.parametrize("digits", ["0" * 31 + "G", "0" * 30 + "  ", "0" * 31 + "²"])
def test_a_key_of_other_characters_is_fault_15(digits: str) -> None:
    with pytest.raises(KeyFault) as caught:
        decrypt_key(f"U{digits}", "001")
    assert caught.value.code == "15"


def test_an_lmk_does_not_show_itself() -> None:
    assert repr(TEST_LMK) == "Lmk('public test LMK')"


@pytest.mark.parametrize(
    ("pair", "first", "second"),
    [
        ("00", "40", "51"), ("01", "61", "70"), ("08", "16", "19"), ("09", "1A", "1C"),
        ("0A", "23", "25"), ("0B", "26", "29"), ("0D", "2F", "31"),
    ],
)  # fmt: skip
def test_the_pairs_of_repeated_bytes_are_the_public_ones(pair: str, first: str, second: str) -> None:
    """As nickntg/thalessimulatorlibrary, leachbj/hsm-emulator, go_hsm and jPOS give the test LMK."""
    assert TEST_LMK.key(f"0{pair}") == bytes.fromhex(first * 8 + second * 8)


def test_a_clear_key_is_never_text() -> None:
    key = ClearKey(bytes(range(16)))
    assert f"{key}" == str(key) == repr(key) == "ClearKey(16 bytes)"
    assert f"{key:>20}".strip() == "ClearKey(16 bytes)"
