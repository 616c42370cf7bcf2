"""The TPDU of NAC-style terminals: read, written, turned round, refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import MessageError, Tpdu, parse_tpdu


def test_destination_stands_before_source() -> None:
    tpdu = parse_tpdu(bytes.fromhex("60 0030 8001") + b"message")
    assert (tpdu.destination, tpdu.source) == ("0030", "8001")
    assert bytes(tpdu) == bytes.fromhex("60 0030 8001")


def test_the_answer_has_them_swapped() -> None:
    assert bytes(parse_tpdu(bytes.fromhex("6000308001")).reply()) == bytes.fromhex("60 8001 0030")


@given(st.binary(min_size=4, max_size=4))
def test_any_addresses_read_back_and_two_turns_are_none(addresses: bytes) -> None:
    tpdu = parse_tpdu(b"\x60" + addresses)
    assert bytes(tpdu) == b"\x60" + addresses
    assert tpdu.reply().reply() == tpdu


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "TPDU is short (needed 5, available 0)"),
        (bytes.fromhex("60003080"), "TPDU is short (needed 5, available 4)"),
        (bytes.fromhex("6800308001"), "TPDU does not begin with 60"),
        (b"0100723", "TPDU does not begin with 60"),
    ],
)
def test_a_malformed_tpdu_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_tpdu(data)
    assert str(caught.value) == f"tpdu: field h at byte 0: {reason}"


@pytest.mark.parametrize("address", ["", "001", "00300", "003G", "00ab", "0 30", "٠٠٣٠"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    for addresses in ((address, "8001"), ("8001", address)):
        with pytest.raises(MessageError, match="expected 4 hexadecimal digits"):
            Tpdu(*addresses)
