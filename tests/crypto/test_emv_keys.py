"""ICC master keys and session keys against public known answers and pyemv."""

import hashlib
from collections.abc import Callable
from typing import Any

import pyemv.kd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switch.crypto import emv2000, emv_keys, tdes

# pyemv imports the cipher from its old place and gives it short keys.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

KEYS = st.binary(min_size=16, max_size=16)
ATC = st.binary(min_size=2, max_size=2)
UN = st.binary(min_size=4, max_size=4)
EIGHT = st.binary(min_size=8, max_size=8)
PSNS = st.text("0123456789", min_size=2, max_size=2)
PANS = st.integers(8, 19).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))
# Its digest has 15 decimal digits, so that one letter is taken too.
FEW_DIGITS = "4000000000000000612"


def test_the_tree_key_is_the_published_one(emv_vectors: Callable[[str], list[Any]]) -> None:
    for vector in emv_vectors("emv2000_tree_sk"):
        given_ = vector["inputs"]
        key, atc, iv = (bytes.fromhex(given_[name]) for name in ("icc_mk", "atc", "iv"))
        found = emv2000.emv2000_session_key(key, atc, given_["height"], given_["branch"], iv)
        assert found.hex().upper() == vector["expected"], vector["id"]


@given(KEYS, PANS, PSNS)
@example(bytes(range(16)), "4" * 16, "01")
@example(bytes(range(16)), "4" * 17, "01")
@example(bytes(range(16)), "4" * 18, "01")
@example(bytes(range(16)), FEW_DIGITS, "00")
def test_master_keys_are_pyemvs(imk: bytes, pan: str, psn: str) -> None:
    assert emv_keys.icc_master_key_a(imk, pan, psn) == pyemv.kd.derive_icc_mk_a(imk, pan, psn)
    assert emv_keys.icc_master_key_b(imk, pan, psn) == pyemv.kd.derive_icc_mk_b(imk, pan, psn)


def test_the_example_with_few_digits_has_few() -> None:
    digest = hashlib.sha1(bytes.fromhex("0" + FEW_DIGITS + "00")).hexdigest()
    assert sum(character.isdigit() for character in digest) < 16


@given(KEYS, PANS)
def test_a_card_without_a_sequence_number_has_00(imk: bytes, pan: str) -> None:
    assert emv_keys.icc_master_key_a(imk, pan) == emv_keys.icc_master_key_a(imk, pan, "00")
    assert emv_keys.icc_master_key_b(imk, pan) == pyemv.kd.derive_icc_mk_b(imk, pan)


@given(KEYS, ATC, UN, EIGHT)
def test_session_keys_are_pyemvs_and_have_odd_parity(icc_mk: bytes, atc: bytes, un: bytes, value: bytes) -> None:
    common = emv_keys.common_session_key(icc_mk, value)
    assert common == pyemv.kd.derive_common_sk(icc_mk, value)
    assert emv_keys.ac_session_key(icc_mk, atc) == pyemv.kd.derive_common_sk(icc_mk, atc + bytes(6))
    assert emv_keys.mchip_session_key(icc_mk, atc, un) == pyemv.kd.derive_common_sk(icc_mk, atc + bytes(2) + un)
    visa = emv_keys.visa_session_key(icc_mk, atc)
    assert visa == pyemv.kd.derive_visa_sm_sk(icc_mk, atc)
    assert tdes.has_odd_parity(common)
    assert tdes.has_odd_parity(visa)


@given(KEYS, ATC, st.sampled_from([(8, 4), (16, 2), (4, 16), (2, 255 + 1)]), KEYS)
def test_tree_keys_are_pyemvs(icc_mk: bytes, atc: bytes, shape: tuple[int, int], iv: bytes) -> None:
    height, branch = shape
    if branch > 255:
        with pytest.raises(ValueError, match="branch factor of 2 to 255"):
            emv2000.emv2000_session_key(icc_mk, atc, height, branch, iv)
        return
    expected = pyemv.kd.derive_emv2000_tree_sk(icc_mk, atc, height, branch, iv)
    assert emv2000.emv2000_session_key(icc_mk, atc, height, branch, iv) == expected


@pytest.mark.parametrize(("height", "branch"), [(7, 4), (15, 2), (8, 1), (0, 255), (17, 2), (2, 255)])
def test_a_tree_that_has_no_key_for_some_atc_is_refused(height: int, branch: int) -> None:
    with pytest.raises(ValueError, match="65,536"):
        emv2000.emv2000_session_key(bytes(range(16)), b"\0\1", height, branch)


KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
LENGTHS: list[tuple[str, Callable[[bytes], bytes], int]] = [
    ("issuer master key", lambda value: emv_keys.icc_master_key_a(value, "4" * 16), 16),
    ("issuer master key", lambda value: emv_keys.icc_master_key_b(value, "4" * 19), 16),
    ("ICC master key", lambda value: emv_keys.common_session_key(value, bytes(8)), 16),
    ("ICC master key", lambda value: emv_keys.visa_session_key(value, bytes(2)), 16),
    ("ICC master key", lambda value: emv2000.emv2000_session_key(value, bytes(2)), 16),
    ("diversification value", lambda value: emv_keys.common_session_key(KEY, value), 8),
    ("ATC", lambda value: emv_keys.ac_session_key(KEY, value), 2),
    ("ATC", lambda value: emv_keys.mchip_session_key(KEY, value, bytes(4)), 2),
    ("ATC", lambda value: emv_keys.visa_session_key(KEY, value), 2),
    ("ATC", lambda value: emv2000.emv2000_session_key(KEY, value), 2),
    ("unpredictable number", lambda value: emv_keys.mchip_session_key(KEY, bytes(2), value), 4),
    ("initial value", lambda value: emv2000.emv2000_session_key(KEY, bytes(2), iv=value), 16),
]


@pytest.mark.parametrize(("what", "call", "size"), LENGTHS)
def test_another_length_is_refused_without_the_value(what: str, call: Callable[[bytes], bytes], size: int) -> None:
    call(b"\xa5" * size)
    for wrong in {0, size - 1, size + 1, 24, 8} - {size}:
        with pytest.raises(ValueError, match=f"expected {size} bytes of {what}, got {wrong}") as caught:
            call(b"\xa5" * wrong)
        assert "a5" not in str(caught.value)


@pytest.mark.parametrize("pan", ["", "4" * 7, "4" * 20, "411111111111111x", "４" * 16])
@pytest.mark.parametrize("derive", [emv_keys.icc_master_key_a, emv_keys.icc_master_key_b])
def test_a_pan_that_is_none_is_refused_and_not_repeated(derive: Callable[[bytes, str, str], bytes], pan: str) -> None:
    with pytest.raises(ValueError, match="a PAN of 8 to 19 digits") as caught:
        derive(KEY, pan, "00")
    assert not pan or pan not in str(caught.value)


@pytest.mark.parametrize("psn", ["", "1", "001", "1x"])
@pytest.mark.parametrize("pan", ["4" * 16, "4" * 19])
def test_a_sequence_number_is_two_digits(pan: str, psn: str) -> None:
    with pytest.raises(ValueError, match="sequence number of 2 digits"):
        emv_keys.icc_master_key_b(KEY, pan, psn)
