"""Issuer scripts: MACs, encrypted data and PIN blocks against pyemv."""

from collections.abc import Callable

import pyemv.sm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import emv_scripts as scripts
from switch.crypto.pinblock import PinBlockError

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KEYS = st.binary(min_size=16, max_size=16)
HEADERS = st.binary(min_size=5, max_size=5)
ATC = st.binary(min_size=2, max_size=2)
ARQC = st.binary(min_size=8, max_size=8)
PINS = st.text("0123456789", min_size=4, max_size=12)
WAYS = {
    scripts.VISA: pyemv.sm.EncryptionType.VISA,
    scripts.MASTERCARD: pyemv.sm.EncryptionType.MASTERCARD,
    scripts.EMV: pyemv.sm.EncryptionType.EMV,
}


@given(KEYS, HEADERS, ATC, ARQC, st.binary(max_size=40), st.integers(4, 8))
def test_macs_are_pyemvs(key: bytes, header: bytes, atc: bytes, arqc: bytes, data: bytes, length: int) -> None:
    expected = pyemv.sm.generate_command_mac(key, header + atc + arqc + data, length)
    assert scripts.script_mac(key, header, atc, arqc, data, length) == expected
    assert scripts.script_mac(key, header, b"", b"", data) == pyemv.sm.generate_command_mac(key, header + data)


@given(KEYS, ATC, ARQC, st.binary(max_size=40))
def test_a_command_counts_its_mac_and_ends_with_it(key: bytes, atc: bytes, arqc: bytes, data: bytes) -> None:
    command = scripts.script_command(key, bytes.fromhex("84240002"), atc, arqc, data)
    assert command[:4].hex() == "84240002"
    assert command[4] == len(command) - 5 == len(data) + 8
    assert command[5:-8] == data
    assert command[-8:] == scripts.script_mac(key, command[:5], atc, arqc, data)


@given(KEYS, st.integers(1, 40).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_encryption_is_pyemvs(key: bytes, data: bytes) -> None:
    for way, theirs in WAYS.items():
        assert scripts.encrypt_script_data(key, data, way) == pyemv.sm.encrypt_command_data(key, data, theirs), way


@pytest.mark.parametrize(("way", "size"), [(scripts.VISA, 16), (scripts.MASTERCARD, 8), (scripts.EMV, 16)])
def test_a_pin_block_fills_as_many_blocks_as_the_way_says(way: str, size: int) -> None:
    assert len(scripts.encrypt_script_data(KEY, scripts.iso_2_pin_block("1234"), way)) == size


@given(KEYS, PINS, PINS)
def test_pin_blocks_are_pyemvs(icc_mk: bytes, pin: str, current: str) -> None:
    assert scripts.iso_2_pin_block(pin) == pyemv.sm.format_iso9564_2_pin_block(pin)
    assert scripts.visa_pin_block(icc_mk, pin) == pyemv.sm.format_vis_pin_block(icc_mk, pin)
    assert scripts.visa_pin_block(icc_mk, pin, current) == pyemv.sm.format_vis_pin_block(icc_mk, pin, current)


@pytest.mark.parametrize("pin", ["", "123", "1" * 13, "12x4", "１２３４"])
@pytest.mark.parametrize(
    "make",
    [
        scripts.iso_2_pin_block,
        lambda pin: scripts.visa_pin_block(KEY, pin),
        lambda pin: scripts.visa_pin_block(KEY, "1234", pin or "x"),
    ],
)
def test_a_pin_that_is_none_is_refused_and_not_repeated(make: Callable[[str], bytes], pin: str) -> None:
    with pytest.raises(PinBlockError, match="a PIN of 4 to 12 digits") as caught:
        make(pin)
    assert caught.value.length
    assert not pin or pin not in str(caught.value)


LENGTHS: list[tuple[str, Callable[[bytes], bytes], int]] = [
    ("session key", lambda value: scripts.script_mac(value, bytes(5), bytes(2), bytes(8)), 16),
    ("command header", lambda value: scripts.script_mac(KEY, value, bytes(2), bytes(8)), 5),
    ("ATC", lambda value: scripts.script_mac(KEY, bytes(5), value, bytes(8)), 2),
    ("ARQC", lambda value: scripts.script_mac(KEY, bytes(5), bytes(2), value), 8),
    ("CLA, INS, P1 and P2", lambda value: scripts.script_command(KEY, value, bytes(2), bytes(8)), 4),
    ("session key", lambda value: scripts.encrypt_script_data(value, b"data", scripts.EMV), 16),
    ("ICC master key", lambda value: scripts.visa_pin_block(value, "1234"), 16),
]


@pytest.mark.parametrize(("what", "call", "size"), LENGTHS)
def test_another_length_is_refused_without_the_value(what: str, call: Callable[[bytes], bytes], size: int) -> None:
    call(b"\xa5" * size)
    for wrong in {0, size - 1, size + 1, 24} - {size}:
        with pytest.raises(ValueError, match=f"expected {size} bytes of {what}, got {wrong}") as caught:
            call(b"\xa5" * wrong)
        assert "a5" not in str(caught.value)


@pytest.mark.parametrize("length", [3, 9])
def test_a_mac_has_four_to_eight_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="4 to 8 bytes"):
        scripts.script_mac(KEY, bytes(5), bytes(2), bytes(8), length=length)


@pytest.mark.parametrize(("size", "way"), [(0, scripts.VISA), (256, scripts.MASTERCARD)])
def test_data_that_no_command_carries_is_refused(size: int, way: str) -> None:
    with pytest.raises(ValueError, match=f"1 to 255 bytes of command data, got {size}"):
        scripts.encrypt_script_data(KEY, bytes(size), way)


def test_a_command_longer_than_its_length_byte_is_refused() -> None:
    assert scripts.script_command(KEY, bytes(4), bytes(2), bytes(8), bytes(247))[4] == 255
    with pytest.raises(ValueError, match="0 to 247 bytes of command data, got 248"):
        scripts.script_command(KEY, bytes(4), bytes(2), bytes(8), bytes(248))


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match="one of visa, mastercard, emv"):
        scripts.encrypt_script_data(KEY, b"data", "amex")
