"""Clear PIN blocks: public known answers, psec, and what a decoder must not let through."""

from collections.abc import Callable
from typing import Any

import psec.pinblock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import pinblock
from switch.crypto.pinblock import DIEBOLD, ISO_0, ISO_1, ISO_2, ISO_3, PLUS, PinBlockError, account_of

CODES = {0: ISO_0, 2: ISO_2, 3: ISO_3}
PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=13, max_size=19)
FILL = st.text("0123456789ABCDEF", min_size=12, max_size=16)
FORMATS = st.sampled_from([ISO_0, ISO_1, ISO_2, ISO_3, DIEBOLD, PLUS])


def test_blocks_encode_as_published(vectors: Callable[[str], list[Any]]) -> None:
    formats = []
    for vector in vectors("pinblock_encode"):
        given_ = vector["inputs"]
        block = pinblock.encode(CODES[given_["format"]], given_["pin"], account_of(given_["pan"]), "0" * 12)
        assert block.hex().upper() == vector["expected"], vector["id"]
        formats.append(given_["format"])
    assert set(formats) == {0, 2}


def test_blocks_decode_as_published(vectors: Callable[[str], list[Any]]) -> None:
    for vector in vectors("pinblock_decode"):
        given_ = vector["inputs"]
        block, account = bytes.fromhex(given_["block"]), account_of(given_["pan"])
        assert pinblock.decode(CODES[given_["format"]], block, account) == vector["expected"], vector["id"]


def test_damaged_blocks_are_refused_as_published(vectors: Callable[[str], list[Any]]) -> None:
    for vector in vectors("pinblock_decode_reject"):
        given_ = vector["inputs"]
        with pytest.raises(PinBlockError) as caught:
            pinblock.decode(CODES[given_["format"]], bytes.fromhex(given_["block"]), account_of(given_["pan"]))
        assert not caught.value.length, vector["id"]


@given(PINS, PANS)
def test_iso_0_is_psecs(pin: str, pan: str) -> None:
    block = psec.pinblock.encode_pinblock_iso_0(pin, pan)
    assert pinblock.encode(ISO_0, pin, account_of(pan), "") == block
    assert pinblock.decode(ISO_0, block, account_of(pan)) == pin


@given(PINS)
def test_iso_2_is_psecs(pin: str) -> None:
    block = psec.pinblock.encode_pinblock_iso_2(pin)
    assert pinblock.encode(ISO_2, pin, "", "") == block
    assert pinblock.decode(ISO_2, block, "") == pin


@given(PINS, PANS, FILL)
def test_iso_3_is_psecs_in_both_directions(pin: str, pan: str, fill: str) -> None:
    ours = pinblock.encode(ISO_3, pin, account_of(pan), fill)
    assert psec.pinblock.decode_pinblock_iso_3(ours, pan) == pin
    theirs = psec.pinblock.encode_pinblock_iso_3(pin, pan)
    assert pinblock.decode(ISO_3, theirs, account_of(pan)) == pin


@given(FORMATS, PINS, PANS, FILL)
def test_every_format_gives_its_pin_back(code: str, pin: str, pan: str, fill: str) -> None:
    block = pinblock.encode(code, pin, account_of(pan), fill)
    assert len(block) == 8
    assert pinblock.decode(code, block, account_of(pan)) == pin


@given(st.sampled_from([ISO_0, ISO_3]), PINS, FILL, st.data())
def test_a_nibble_of_control_or_filler_out_of_range_is_refused(code: str, pin: str, fill: str, data: Any) -> None:
    account = "123456789012"
    block = pinblock.encode(code, pin, account, fill).hex()
    places = [0, *range(2 + len(pin), 16)]
    place = data.draw(st.sampled_from(places))
    clear = f"{int(block, 16) ^ int(account, 16):016x}"
    allowed = clear[0] if place == 0 else ("f" if code == ISO_0 else "abcdef")
    wrong = data.draw(st.sampled_from([c for c in "0123456789abcdef" if c not in allowed]))
    damaged = int(clear[:place] + wrong + clear[place + 1 :], 16) ^ int(account, 16)
    with pytest.raises(PinBlockError):
        pinblock.decode(code, damaged.to_bytes(8, "big"), account)


@given(st.sampled_from([ISO_0, ISO_3]), PINS, FILL, st.integers(0, 11), st.integers(1, 9))
def test_a_bound_block_does_not_open_for_an_account_that_differs_in_one_digit(
    code: str, pin: str, fill: str, place: int, by: int
) -> None:
    """A digit under the filler damages the filler, one under the PIN changes the PIN; format 3 may hide the first."""
    account = "123456789012"
    wrong = account[:place] + str((int(account[place]) + by) % 10) + account[place + 1 :]
    block = pinblock.encode(code, pin, account, fill)
    under_filler = place >= len(pin) - 2
    try:
        found = pinblock.decode(code, block, wrong)
    except PinBlockError:
        return
    assert code == ISO_3 if under_filler else found != pin


@given(st.binary(min_size=8, max_size=8), FORMATS)
def test_decoding_anything_gives_4_to_12_digits_or_a_pin_block_error(block: bytes, code: str) -> None:
    try:
        pin = pinblock.decode(code, block, "123456789012")
    except PinBlockError:
        return
    assert pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 12


@pytest.mark.parametrize(
    ("code", "clear"), [(ISO_0, "03123FFFFFFFFFFF"), (ISO_1, "1D12345678901234"), (ISO_3, "33123ABCDEFABCDE")]
)
def test_a_sound_block_with_a_forbidden_length_says_so(code: str, clear: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        pinblock.decode(code, bytes.fromhex(clear), "0" * 12)
    assert caught.value.length


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "12٣4", "12 4"])
def test_what_is_no_pin_is_not_encoded_and_not_repeated(pin: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        pinblock.encode(ISO_0, pin, "0" * 12, "0" * 12)
    assert str(caught.value) == "expected a PIN of 4 to 12 digits"


@pytest.mark.parametrize(
    ("pan", "account"),
    [
        ("4111111111111111", "111111111111"),
        ("0012345678901234", "234567890123"),
        ("4999988887777", "499998888777"),
        ("12345678", "000001234567"),
        ("4123456789012345678", "678901234567"),
    ],
)
def test_the_account_is_the_12_digits_before_the_check_digit(pan: str, account: str) -> None:
    assert account_of(pan) == account
