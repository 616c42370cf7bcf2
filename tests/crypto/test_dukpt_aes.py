"""DUKPT with AES against the published vectors of ANSI X9.24-3:2017 and other public answers.

No independent implementation on PyPI is maintained: HMAC keys and AES-192, for which nothing is published, are held by
the derivation data they are made of."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import dukpt_aes as dukpt
from switch.crypto.dukpt_aes import KeyType, KeyUsage

BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
KEY_ID = bytes.fromhex("1234567890123456")
KSN = KEY_ID + bytes.fromhex("00000001")
AES = {16: KeyType.AES128, 24: KeyType.AES192, 32: KeyType.AES256}
HMAC = [KeyType.HMAC128, KeyType.HMAC192, KeyType.HMAC256]


def _initial(vector: dict[str, Any]) -> bytes:
    given_ = vector["inputs"]
    return dukpt.initial_key(
        bytes.fromhex(given_["bdk"]), bytes.fromhex(given_.get("initial_key_id", given_.get("ksn")))[:8]
    )


def _ksn(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["inputs"]["ksn"])


def test_initial_keys_are_the_published_ones(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_aes_ik"):
        assert _initial(vector).hex().upper() == vector["expected"], vector["id"]


def test_transactions_are_those_of_the_standard(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_aes"):
        initial, ksn = _initial(vector), _ksn(vector)
        assert {
            "txn_key": dukpt.transaction_key(initial, ksn).hex().upper(),
            "pin_key_aes128": dukpt.working_key(initial, ksn, KeyUsage.PIN_ENCRYPTION, KeyType.AES128).hex().upper(),
            "mac_gen_key_aes128": dukpt.working_key(initial, ksn, KeyUsage.MAC_GENERATION, KeyType.AES128)
            .hex()
            .upper(),
        } == vector["expected"], vector["id"]


def test_transaction_keys_of_many_bits_are_those_of_the_standard(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_aes_txn_key"):
        assert dukpt.transaction_key(_initial(vector), _ksn(vector)).hex().upper() == vector["expected"], vector["id"]


def test_pin_keys_are_the_published_ones(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_aes_pin_key"):
        key_type = KeyType[vector["inputs"]["key_type"]]
        found = dukpt.working_key(_initial(vector), _ksn(vector), KeyUsage.PIN_ENCRYPTION, key_type)
        assert found.hex().upper() == vector["expected"], vector["id"]


def test_working_keys_of_every_usage_are_those_of_the_standard(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    seen = {KeyUsage.PIN_ENCRYPTION, KeyUsage.MAC_GENERATION}
    for vector in dukpt_vectors("dukpt_aes_working_key"):
        usage, key_type = KeyUsage[vector["inputs"]["usage"]], KeyType[vector["inputs"]["key_type"]]
        found = dukpt.working_key(_initial(vector), _ksn(vector), usage, key_type)
        assert found.hex().upper() == vector["expected"], vector["id"]
        seen.add(usage)
    assert seen == set(KeyUsage)


def test_update_keys_are_those_of_the_standard(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("dukpt_aes_update_key"):
        found = dukpt.update_key(_initial(vector), KEY_ID, KeyType[vector["inputs"]["key_type"]])
        assert found.hex().upper() == vector["expected"], vector["id"]


@pytest.mark.parametrize(
    ("key_type", "data"),
    [
        (KeyType.HMAC128, ["0101200000050080"]),
        (KeyType.HMAC192, ["01012000000500C0", "01022000000500C0"]),
        (KeyType.HMAC256, ["0101200000050100", "0102200000050100"]),
        (KeyType.AES192, ["01012000000300C0", "01022000000300C0"]),
    ],
)
def test_a_working_key_is_its_derivation_data_encrypted(key_type: KeyType, data: list[str]) -> None:
    initial = dukpt.initial_key(BDK * 2, KEY_ID)
    blocks = b"".join(bytes.fromhex(text) + KSN[4:] for text in data)
    expected = Cipher(algorithms.AES(dukpt.transaction_key(initial, KSN)), modes.ECB()).encryptor().update(blocks)
    assert dukpt.working_key(initial, KSN, KeyUsage.MAC_GENERATION, key_type) == expected[: key_type.bits // 8]


@given(st.sampled_from(sorted(AES)).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_initial_and_transaction_keys_are_as_long_as_the_base_key(bdk: bytes) -> None:
    initial = dukpt.initial_key(bdk, KEY_ID)
    assert len(initial) == len(dukpt.transaction_key(initial, KSN)) == len(bdk)


@pytest.mark.parametrize("size", sorted(AES))
@pytest.mark.parametrize("key_type", KeyType)
def test_no_working_key_is_stronger_than_the_initial_key(size: int, key_type: KeyType) -> None:
    def derive() -> bytes:
        return dukpt.working_key(b"k" * size, KSN, KeyUsage.MAC_BOTH, key_type)

    def update() -> bytes:
        return dukpt.update_key(b"k" * size, KEY_ID, key_type)

    if key_type not in (KeyType.TDEA2, KeyType.TDEA3) and key_type.bits > 8 * size:
        for call in (derive, update):
            with pytest.raises(ValueError, match=f"a {key_type.name} key would be stronger .* of {size} bytes"):
                call()
    else:
        assert 8 * len(derive()) == key_type.bits


@pytest.mark.parametrize("usage", [usage for usage in KeyUsage if not usage.name.startswith("MAC")])
@pytest.mark.parametrize("key_type", HMAC)
def test_hmac_keys_are_for_macs_only(usage: KeyUsage, key_type: KeyType) -> None:
    with pytest.raises(ValueError, match="only makes and checks MACs"):
        dukpt.working_key(bytes(32), KSN, usage, key_type)


def test_one_transaction_has_another_key_for_every_usage_and_type() -> None:
    keys = {
        dukpt.working_key(bytes(32), KSN, usage, key_type)[:16]
        for usage in KeyUsage
        for key_type in KeyType
        if key_type not in HMAC
    }
    assert len(keys) == len(KeyUsage) * (len(KeyType) - len(HMAC))


@pytest.mark.parametrize(
    ("counter", "following"),
    [
        (0, 1),
        (1, 2),
        (0xFFFF, 0x10000),
        (0x1FFFE, 0x20000),
        (0x1FFFF, 0x20000),
        (0xFFFEFFFF, 0xFFFF0000),
        (0x0001FFFD, 0x0001FFFE),
    ],
)
def test_the_next_counter_has_at_most_sixteen_one_bits(counter: int, following: int) -> None:
    assert dukpt.next_ksn(KEY_ID + counter.to_bytes(4, "big")) == KEY_ID + following.to_bytes(4, "big")


@given(st.integers(0, 0xFFFEFFFF))
def test_no_counter_is_left_out_but_those_of_too_many_bits(counter: int) -> None:
    following = int.from_bytes(dukpt.next_ksn(KEY_ID + counter.to_bytes(4, "big"))[8:], "big")
    assert following > counter
    assert following.bit_count() <= 16
    skipped = [*range(counter + 1, min(following, counter + 500)), *range(max(counter + 1, following - 500), following)]
    assert all(number.bit_count() > 16 for number in skipped)


@pytest.mark.parametrize("counter", [0xFFFF0000, 0xFFFF0001, 0xFFFFFFFF])
def test_after_the_last_counter_no_ksn_is_left(counter: int) -> None:
    with pytest.raises(ValueError, match="no transaction counter is left"):
        dukpt.next_ksn(KEY_ID + counter.to_bytes(4, "big"))


@pytest.mark.parametrize("counter", [0, 0x1FFFF, 0xFFFFFFFF])
def test_a_counter_that_no_terminal_uses_has_no_key(counter: int) -> None:
    with pytest.raises(ValueError, match="1 to 16 one bits"):
        dukpt.transaction_key(BDK, KEY_ID + counter.to_bytes(4, "big"))


@pytest.mark.parametrize("size", [0, 7, 15, 17, 33])
def test_keys_ids_and_ksns_of_another_length_are_refused(size: int) -> None:
    wrong = b"k" * size
    for call, what in (
        (lambda: dukpt.initial_key(wrong, KEY_ID), "a key of 16, 24 or 32 bytes"),
        (lambda: dukpt.transaction_key(wrong, KSN), "a key of 16, 24 or 32 bytes"),
        (lambda: dukpt.working_key(wrong, KSN, KeyUsage.PIN_ENCRYPTION, KeyType.TDEA2), "a key of 16, 24 or 32 bytes"),
        (lambda: dukpt.update_key(wrong, KEY_ID, KeyType.AES128), "a key of 16, 24 or 32 bytes"),
        (lambda: dukpt.initial_key(BDK, wrong), "an initial key id of 8 bytes"),
        (lambda: dukpt.update_key(BDK, wrong, KeyType.AES128), "an initial key id of 8 bytes"),
        (lambda: dukpt.transaction_key(BDK, wrong), "a KSN of 12 bytes"),
        (lambda: dukpt.next_ksn(wrong), "a KSN of 12 bytes"),
    ):
        with pytest.raises(ValueError, match=f"^expected {what}, got {size}$"):
            call()
