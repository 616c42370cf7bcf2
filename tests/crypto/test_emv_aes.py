"""EMV with AES against block encryption and CMAC put together by hand; the lengths it refuses."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import emv_aes

KEYS = st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
# NIST SP 800-38B, example of AES-128: key and the CMACs of 0, 16 and 40 bytes.
NIST_KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
NIST_DATA = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411")
NIST_CMACS = {0: "bb1d6929e9593728", 16: "070a16b46b4d4144", 40: "dfa66747de9ae630"}


def block(key: bytes, value: int) -> bytes:
    return Cipher(AES(key), modes.ECB()).encryptor().update(value.to_bytes(16, "big"))


@given(KEYS, st.integers(8, 19).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)), st.integers(0, 99))
def test_option_c_encrypts_the_digits_and_their_complement(imk: bytes, pan: str, number: int) -> None:
    psn = f"{number:02}"
    digits = int(pan + psn, 16)
    expected = block(imk, digits) + block(imk, digits ^ (1 << 128) - 1)
    assert emv_aes.icc_master_key_c(imk, pan, psn) == expected[: len(imk)]


@given(KEYS, st.binary(min_size=16, max_size=16), st.binary(min_size=2, max_size=2))
def test_session_keys_are_one_block_or_the_start_of_two(icc_mk: bytes, value: bytes, atc: bytes) -> None:
    left, right = bytearray(value), bytearray(value)
    if len(icc_mk) > 16:
        left[2], right[2] = 0xF0, 0x0F
    expected = block(icc_mk, int.from_bytes(left, "big")) + block(icc_mk, int.from_bytes(right, "big"))
    assert emv_aes.aes_common_session_key(icc_mk, value) == expected[: len(icc_mk)]
    assert emv_aes.aes_ac_session_key(icc_mk, atc) == emv_aes.aes_common_session_key(icc_mk, atc + bytes(14))


@pytest.mark.parametrize("size", NIST_CMACS)
def test_a_cryptogram_is_the_left_half_of_nists_cmac(size: int) -> None:
    assert emv_aes.aes_application_cryptogram(NIST_KEY, NIST_DATA[:size]).hex() == NIST_CMACS[size]


@given(KEYS, st.binary(min_size=8, max_size=8), st.binary(min_size=4, max_size=4), st.binary(max_size=8))
def test_an_answer_is_four_bytes_over_arqc_csu_and_proprietary(
    key: bytes, arqc: bytes, csu: bytes, proprietary: bytes
) -> None:
    whole = emv_aes.aes_application_cryptogram(key, arqc + csu + proprietary)
    assert emv_aes.aes_arpc_method_2(key, arqc, csu, proprietary) == whole[:4]


REFUSED: list[tuple[str, Callable[[], bytes]]] = [
    ("16, 24 or 32 bytes of issuer master key, got 8", lambda: emv_aes.icc_master_key_c(b"\xa5" * 8, "4" * 16)),
    ("16, 24 or 32 bytes of ICC master key, got 17", lambda: emv_aes.aes_common_session_key(b"\xa5" * 17, bytes(16))),
    ("16 bytes of diversification value, got 8", lambda: emv_aes.aes_common_session_key(NIST_KEY, b"\xa5" * 8)),
    ("2 bytes of ATC, got 3", lambda: emv_aes.aes_ac_session_key(NIST_KEY, b"\xa5" * 3)),
    ("32 bytes of session key, got 0", lambda: emv_aes.aes_application_cryptogram(b"", b"\xa5")),
    ("8 bytes of ARQC, got 7", lambda: emv_aes.aes_arpc_method_2(NIST_KEY, b"\xa5" * 7, bytes(4))),
    ("4 bytes of card status update, got 2", lambda: emv_aes.aes_arpc_method_2(NIST_KEY, bytes(8), b"\xa5" * 2)),
    (
        "proprietary authentication data, got 9",
        lambda: emv_aes.aes_arpc_method_2(NIST_KEY, bytes(8), bytes(4), bytes(9)),
    ),
    ("a PAN of 8 to 19 digits", lambda: emv_aes.icc_master_key_c(NIST_KEY, "4" * 20)),
]


@pytest.mark.parametrize(("what", "call"), REFUSED)
def test_another_length_is_refused_without_the_value(what: str, call: Callable[[], bytes]) -> None:
    with pytest.raises(ValueError, match=what) as caught:
        call()
    assert "a5" not in str(caught.value)
