"""Every nibble of a PIN block: an 8-byte block decodes when its clear text has the form of its format, else never."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import pinblock
from switch.crypto.pinblock import DIEBOLD, ISO_0, ISO_1, ISO_2, ISO_3, ISO_4, PLUS, PinBlockError

# The formats as expressions: control nibble and fillers; Diebold has neither control nor length.
FORMS = {ISO_0: ("0", "F"), PLUS: ("0", "F"), ISO_1: ("1", "[0-9A-F]"), ISO_2: ("2", "F"), ISO_3: ("3", "[A-F]")}
BOUND = (ISO_0, PLUS, ISO_3)
ACCOUNT = "123456789012"
PINS = st.text("0123456789", min_size=4, max_size=12)
FILL = st.text("0123456789ABCDEF", min_size=12, max_size=16)
CODES = st.sampled_from([*FORMS, DIEBOLD])
HEX = "0123456789ABCDEF"


def pin_of(code: str, clear: str) -> str | None:
    """The PIN of a clear block as the standard has it, by one expression for each length."""
    if code == DIEBOLD:
        found = re.fullmatch(r"([0-9]{4,12})F+", clear)
        return found and found[1]
    control, filler = FORMS[code]
    for size in range(4, 13):
        found = re.fullmatch(f"{control}{size:X}([0-9]{{{size}}}){filler}{{{14 - size}}}", clear)
        if found:
            return found[1]
    return None


def clear_of(code: str, block: bytes) -> str:
    return f"{int.from_bytes(block) ^ (int(ACCOUNT, 16) if code in BOUND else 0):016X}"


def block_of(code: str, clear: str) -> bytes:
    return (int(clear, 16) ^ (int(ACCOUNT, 16) if code in BOUND else 0)).to_bytes(8)


def decoded(code: str, clear: str) -> str | None:
    try:
        return pinblock.decode(code, block_of(code, clear), ACCOUNT)
    except PinBlockError:
        return None


@given(CODES, PINS, FILL)
def test_a_block_has_the_form_of_its_format(code: str, pin: str, fill: str) -> None:
    assert pin_of(code, clear_of(code, pinblock.encode(code, pin, ACCOUNT, fill))) == pin


@given(CODES, PINS, FILL, st.integers(0, 15))
def test_no_nibble_may_be_other_than_its_format_allows(code: str, pin: str, fill: str, place: int) -> None:
    clear = clear_of(code, pinblock.encode(code, pin, ACCOUNT, fill))
    for nibble in HEX:
        damaged = clear[:place] + nibble + clear[place + 1 :]
        assert decoded(code, damaged) == pin_of(code, damaged), place


@given(CODES, st.data())
def test_any_block_near_the_form_decodes_as_the_form_says(code: str, data: Any) -> None:
    head = data.draw(st.sampled_from(["", *(f"{control}{size:X}" for control in "0123" for size in range(16))]))
    rest = data.draw(st.text(data.draw(st.sampled_from(["F", "0123456789", "0123456789F", HEX])), min_size=16))
    clear = (head + rest)[:16].ljust(16, "F")
    assert decoded(code, clear) == pin_of(code, clear)


def test_plus_is_format_0_over_the_leftmost_account_digits() -> None:
    # 041234FFFFFFFFFF xor 0000411122223333, by hand.
    account = pinblock.plus_account_of("4111222233334444")
    assert account == "411122223333"
    assert pinblock.encode(PLUS, "1234", account, "").hex() == "041275eeddddcccc"
    assert pinblock.decode(PLUS, bytes.fromhex("041275eeddddcccc"), account) == "1234"


@pytest.mark.parametrize(("pan", "account"), [("1234567890123", "123456789012"), ("4" * 18 + "1", "4" * 12)])
def test_the_account_of_plus_has_no_check_digit(pan: str, account: str) -> None:
    assert pinblock.plus_account_of(pan) == account


def test_a_pan_too_short_for_plus_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 13"):
        pinblock.plus_account_of("123456789012")


@pytest.mark.parametrize("size", [0, 7, 9, 16])
@pytest.mark.parametrize("code", [*FORMS, DIEBOLD])
def test_a_block_of_another_size_is_refused(code: str, size: int) -> None:
    with pytest.raises(PinBlockError, match="8 bytes"):
        pinblock.decode(code, bytes(size), ACCOUNT)


@pytest.mark.parametrize("account", ["12345678901", "1234567890123", "12345678901A", "12345678901٣", "12345_678901"])
@pytest.mark.parametrize("code", BOUND)
def test_a_bound_format_wants_twelve_account_digits(code: str, account: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        pinblock.encode(code, "1234", account, "0" * 12)
    with pytest.raises(ValueError, match="12 digits"):
        pinblock.decode(code, bytes(8), account)


@pytest.mark.parametrize("code", [ISO_1, ISO_3])
def test_too_little_fill_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="12 hex digits of fill"):
        pinblock.encode(code, "1234", ACCOUNT, "0" * 11)


@pytest.mark.parametrize("code", [ISO_4, "99", ""])
def test_a_format_that_has_no_8_byte_block_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="8-byte PIN block format"):
        pinblock.encode(code, "1234", ACCOUNT, "0" * 12)
    with pytest.raises(ValueError, match="8-byte PIN block format"):
        pinblock.decode(code, bytes(8), ACCOUNT)
