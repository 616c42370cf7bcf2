"""PIN blocks of format 4: published answers, psec in both directions, and every nibble of the PIN field."""

import re
from collections.abc import Callable
from typing import Any

import psec.pinblock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import pinblock4
from switch.crypto.pinblock import PinBlockError

KEYS = st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=1, max_size=19)
FILL = st.text("0123456789ABCDEF", min_size=16, max_size=18)
KEY, PAN = bytes(range(16)), "4111111111111111"


def pin_of(field: str) -> str | None:
    """The PIN of a clear PIN field as the standard has it."""
    for size in range(4, 13):
        found = re.fullmatch(f"4{size:X}([0-9]{{{size}}})A{{{14 - size}}}[0-9A-F]{{16}}", field)
        if found:
            return found[1]
    return None


def test_blocks_are_the_published_ones(vectors: Callable[[str], list[Any]]) -> None:
    for vector in vectors("pinblock4"):
        given_ = vector["inputs"]
        key, pin, pan, fill = bytes.fromhex(given_["key"]), given_["pin"], given_["pan"], given_["fill"]
        assert pinblock4.encode_pin_field(pin, fill).hex().upper() == given_["pin_field"], vector["id"]
        assert pinblock4.encode_pan_field(pan).hex().upper() == given_["pan_field"], vector["id"]
        assert pinblock4.encipher(key, pin, pan, fill).hex().upper() == vector["expected"], vector["id"]
        assert pinblock4.decipher(key, bytes.fromhex(vector["expected"]), pan) == pin, vector["id"]


def test_pan_fields_are_the_published_ones(vectors: Callable[[str], list[Any]]) -> None:
    for vector in vectors("pan_field4"):
        assert pinblock4.encode_pan_field(vector["inputs"]["pan"]).hex().upper() == vector["expected"], vector["id"]


@given(PANS)
def test_pan_fields_are_psecs(pan: str) -> None:
    assert pinblock4.encode_pan_field(pan) == psec.pinblock.encode_pan_field_iso_4(pan)


@given(KEYS, PINS, PANS, FILL)
def test_blocks_are_psecs_in_both_directions(key: bytes, pin: str, pan: str, fill: str) -> None:
    ours = pinblock4.encipher(key, pin, pan, fill)
    assert len(ours) == 16
    assert psec.pinblock.decipher_pinblock_iso_4(key, ours, pan) == pin
    assert pinblock4.decipher(key, ours, pan) == pin
    assert pinblock4.decipher(key, psec.pinblock.encipher_pinblock_iso_4(key, pin, pan), pan) == pin


@given(PINS, FILL, st.integers(0, 31))
def test_no_nibble_of_the_pin_field_may_be_other_than_allowed(pin: str, fill: str, place: int) -> None:
    field = pinblock4.encode_pin_field(pin, fill).hex().upper()
    assert pin_of(field) == pin
    for nibble in "0123456789ABCDEF":
        damaged = field[:place] + nibble + field[place + 1 :]
        try:
            found = pinblock4.decode_pin_field(bytes.fromhex(damaged))
        except PinBlockError:
            found = None
        assert found == pin_of(damaged), place


@pytest.mark.parametrize("size", ["0", "3", "D", "E"])
def test_a_sound_field_with_a_forbidden_length_says_so(size: str) -> None:
    count = int(size, 16)
    field = f"4{size}".ljust(2 + count, "5").ljust(16, "A") + "0" * 16
    with pytest.raises(PinBlockError) as caught:
        pinblock4.decode_pin_field(bytes.fromhex(field))
    assert caught.value.length


@given(st.integers(0, 127))
def test_a_block_with_one_bit_changed_does_not_give_its_pin(bit: int) -> None:
    block = int.from_bytes(pinblock4.encipher(KEY, "1234567890", PAN, "0123456789ABCDEF")) ^ 1 << bit
    with pytest.raises(PinBlockError):
        pinblock4.decipher(KEY, block.to_bytes(16), PAN)


@pytest.mark.parametrize("pan", ["4111111111111112", "411111111111111", "41111111111111110", "4"])
def test_a_block_does_not_open_for_another_pan(pan: str) -> None:
    block = pinblock4.encipher(KEY, "123456789012", PAN, "0123456789ABCDEF")
    with pytest.raises(PinBlockError):
        pinblock4.decipher(KEY, block, pan)


@pytest.mark.parametrize("pan", ["", "4" * 20, "41111111x", "411111111٣"])
def test_what_is_no_pan_is_refused_and_not_repeated(pan: str) -> None:
    with pytest.raises(ValueError, match="1 to 19 digits") as caught:
        pinblock4.encode_pan_field(pan)
    assert str(caught.value) == "expected a PAN of 1 to 19 digits"


@pytest.mark.parametrize("size", [0, 8, 15, 17])
def test_blocks_and_fields_of_another_size_are_refused(size: int) -> None:
    with pytest.raises(PinBlockError, match="16 bytes"):
        pinblock4.decode_pin_field(bytes(size))
    with pytest.raises(PinBlockError, match="16 bytes"):
        pinblock4.decipher(KEY, bytes(size), PAN)


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4"])
def test_what_is_no_pin_is_not_enciphered(pin: str) -> None:
    with pytest.raises(PinBlockError, match="4 to 12 digits") as caught:
        pinblock4.encipher(KEY, pin, PAN, "0" * 16)
    assert caught.value.length


def test_too_little_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="16 hex digits of fill"):
        pinblock4.encode_pin_field("1234", "0" * 15)
