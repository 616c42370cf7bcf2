"""DUKPT with triple DES against the tables of ANSI X9.24-1:2009 annex A.4, other public answers and pydukpt."""

from collections.abc import Callable
from typing import Any

import pydukpt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import dukpt_tdes as dukpt
from switch.crypto import mac, tdes

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KSN = bytes.fromhex("FFFF9876543210E00001")

KEYS = st.binary(min_size=16, max_size=16)
DEVICES = st.integers(0, (1 << 59) - 1)
COUNTERS = st.sets(st.integers(0, 20), min_size=1, max_size=10).map(lambda bits: sum(1 << bit for bit in bits))


def _ksn(device: int, counter: int) -> bytes:
    return (device << 21 | counter).to_bytes(10, "big")


def _key(vector: dict[str, Any]) -> bytes:
    ksn = dukpt.ksn_of(vector["inputs"]["ksn"])
    return dukpt.transaction_key(dukpt.initial_key(bytes.fromhex(vector["inputs"]["bdk"]), ksn), ksn)


def test_transactions_are_those_of_the_standard(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_tdes"):
        key, expected = _key(vector), vector["expected"]
        data = vector["inputs"]["data_ascii"].split()[0].encode().ljust(24, b"\0")
        block = bytes.fromhex(vector["inputs"]["clear_pin_block"])
        request, response = dukpt.mac_key(key), dukpt.mac_key(key, response=True)
        assert {
            "txn_key": key.hex().upper(),
            "pin_block": tdes.encrypt(dukpt.pin_key(key), block).hex().upper(),
            "request_mac4": mac.mac_algorithm_3(request, data, 1)[:4].hex().upper(),
            "response_mac4": mac.mac_algorithm_3(response, data, 1)[:4].hex().upper(),
            "request_data_cbc": tdes.encrypt_cbc(dukpt.data_key(key), bytes(8), data).hex().upper(),
        } == expected, vector["id"]


def test_transaction_keys_are_the_published_ones(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_tdes_txn_key"):
        assert _key(vector).hex().upper() == vector["expected"], vector["id"]


def test_data_keys_are_the_published_ones(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_tdes_data_key"):
        assert dukpt.data_key(_key(vector)).hex().upper() == vector["expected"], vector["id"]


def test_initial_keys_are_the_published_ones(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_tdes_ipek"):
        bdk, ksn = bytes.fromhex(vector["inputs"]["bdk"]), dukpt.ksn_of(vector["inputs"]["ksn"])
        assert dukpt.initial_key(bdk, ksn).hex().upper() == vector["expected"], vector["id"]


@given(KEYS, DEVICES, COUNTERS)
def test_keys_are_pydukpts(bdk: bytes, device: int, counter: int) -> None:
    ksn = _ksn(device, counter)
    initial = dukpt.initial_key(bdk, ksn)
    assert initial == pydukpt.derive_ipek(bdk, ksn)
    key = dukpt.transaction_key(initial, ksn)
    assert key == pydukpt.derive_key(initial, ksn)
    assert dukpt.pin_key(key) == pydukpt.pin_key(key)
    assert dukpt.mac_key(key) == pydukpt.mac_request_key(key)
    assert dukpt.mac_key(key, response=True) == pydukpt.mac_response_key(key)
    assert dukpt.data_key(key) == pydukpt.data_request_key(key)
    assert dukpt.data_key(key, response=True) == pydukpt.data_response_key(key)


@given(DEVICES, st.integers(0, (1 << 21) - 1))
def test_the_next_ksn_is_pydukpts_until_none_is_left(device: int, counter: int) -> None:
    ksn = _ksn(device, counter)
    if counter >= pydukpt.MAX_COUNTER:
        with pytest.raises(ValueError, match="no transaction counter"):
            dukpt.next_ksn(ksn)
    else:
        assert dukpt.next_ksn(ksn) == pydukpt.next_ksn(ksn)


def test_one_device_never_has_a_key_twice() -> None:
    initial, ksn = dukpt.initial_key(BDK, KSN), KSN
    found = set()
    for _ in range(600):
        found.add(dukpt.transaction_key(initial, ksn))
        ksn = dukpt.next_ksn(ksn)
    assert len(found) == 600


def test_keys_do_not_depend_on_what_was_asked_for_before() -> None:
    initial = dukpt.initial_key(BDK, KSN)
    ksns = [_ksn(int.from_bytes(KSN, "big") >> 21, counter) for counter in (0x1FF800, 0x155, 1, 0x100, 0x101, 0x300)]
    first = [dukpt.transaction_key(initial, ksn) for ksn in ksns]
    assert [dukpt.transaction_key(initial, ksn) for ksn in reversed(ksns)] == first[::-1]


@pytest.mark.parametrize(
    ("text", "ksn"),
    [
        ("9876543210E00001", "FFFF9876543210E00001"),
        ("ffff9876543210e00001", "FFFF9876543210E00001"),
        ("F9876543210E00001", "FFFF9876543210E00001"),
        ("00009876543210E00001", "00009876543210E00001"),
    ],
)
def test_a_short_ksn_is_filled_with_f_on_the_left(text: str, ksn: str) -> None:
    assert dukpt.ksn_of(text) == bytes.fromhex(ksn)


@pytest.mark.parametrize("text", ["", "9876543210E0001", "F" * 21, "9876543210E0000G", "9876543210E0 0001", "٣" * 16])
def test_another_text_is_no_ksn(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a KSN of 16 to 20 hex digits$"):
        dukpt.ksn_of(text)


@pytest.mark.parametrize("counter", [0, 0x7FF, 0x1FFFFF])
def test_a_counter_that_no_terminal_uses_has_no_key(counter: int) -> None:
    with pytest.raises(ValueError, match="1 to 10 one bits"):
        dukpt.transaction_key(bytes(16), _ksn(1, counter))


@pytest.mark.parametrize("size", [0, 8, 15, 24])
def test_keys_and_ksns_of_another_length_are_refused(size: int) -> None:
    wrong = b"k" * size
    for call in (
        lambda: dukpt.initial_key(wrong, KSN),
        lambda: dukpt.transaction_key(wrong, KSN),
        lambda: dukpt.pin_key(wrong),
        lambda: dukpt.mac_key(wrong),
        lambda: dukpt.data_key(wrong),
        lambda: dukpt.initial_key(BDK, wrong),
        lambda: dukpt.transaction_key(BDK, wrong),
        lambda: dukpt.next_ksn(wrong),
    ):
        with pytest.raises(ValueError, match=rf"^expected a (key|KSN) of 1[06] bytes, got {size}$"):
            call()
