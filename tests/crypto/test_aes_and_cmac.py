"""AES with reused contexts, CMAC over AES and triple DES and both check values, against published answers and psec."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import psec.aes
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import aes, contexts, tdes

Vectors = Callable[[str], list[Any]]
KEYS = st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
BLOCKS = st.integers(1, 5).flatmap(lambda count: st.binary(min_size=16 * count, max_size=16 * count))
IV = st.binary(min_size=16, max_size=16)


def test_blocks_encrypt_as_published(vectors: Vectors) -> None:
    for vector in vectors("aes_ecb"):
        key, data = bytes.fromhex(vector["inputs"]["key"]), bytes.fromhex(vector["inputs"]["data"])
        assert aes.encrypt(key, data).hex().upper() == vector["expected"], vector["id"]
        assert aes.decrypt(key, bytes.fromhex(vector["expected"])) == data, vector["id"]


def test_chains_encrypt_as_published(vectors: Vectors) -> None:
    for vector in vectors("aes_cbc"):
        key, iv, data = (bytes.fromhex(vector["inputs"][name]) for name in ("key", "iv", "data"))
        assert aes.encrypt_cbc(key, iv, data).hex().upper() == vector["expected"], vector["id"]


@given(KEYS, BLOCKS, IV)
def test_modes_are_psecs_and_decryption_undoes_them(key: bytes, blocks: bytes, iv: bytes) -> None:
    assert aes.encrypt(key, blocks) == psec.aes.encrypt_aes_ecb(key, blocks)
    assert aes.decrypt(key, aes.encrypt(key, blocks)) == blocks
    assert aes.encrypt_cbc(key, iv, blocks) == psec.aes.encrypt_aes_cbc(key, iv, blocks)
    assert aes.decrypt_cbc(key, iv, aes.encrypt_cbc(key, iv, blocks)) == blocks


@given(st.lists(st.tuples(st.sampled_from([bytes(16), b"k" * 16]), IV, BLOCKS), min_size=2, max_size=8))
def test_one_cbc_context_for_many_messages_carries_nothing_over(calls: list[tuple[bytes, bytes, bytes]]) -> None:
    for key, iv, blocks in calls:
        assert aes.encrypt_cbc(key, iv, blocks) == psec.aes.encrypt_aes_cbc(key, iv, blocks)


def test_a_cbc_context_whose_call_was_interrupted_starts_anew() -> None:
    chain = contexts.CbcChain(AES(bytes(16)))
    expected = chain.encrypt(bytes(16), b"a" * 32)

    def interrupted(data: bytes) -> bytes:
        update(data)
        raise InterruptedError

    update, chain._update = chain._update, interrupted
    with pytest.raises(InterruptedError):
        chain.encrypt(bytes(16), b"b" * 16)
    assert chain.encrypt(bytes(16), b"a" * 32) == expected


@pytest.mark.parametrize(("iv", "blocks"), [(15, 16), (17, 16), (16, 15), (16, 0)])
def test_a_cbc_context_refuses_parts_of_blocks(iv: int, blocks: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        contexts.CbcChain(AES(bytes(16))).encrypt(bytes(iv), bytes(blocks))


def test_the_cache_of_contexts_is_bounded_and_forgets_the_oldest() -> None:
    made = []
    cache = contexts.ByKey[bytes](lambda key: made.append(key) or key)
    keys = [number.to_bytes(4) for number in range(contexts.CACHED_KEYS + 1)]
    assert [cache[key] for key in keys] == keys
    assert len(cache) == contexts.CACHED_KEYS
    assert cache[keys[-1]] == keys[-1] and len(made) == len(keys)
    assert cache[keys[0]] == keys[0] and len(made) == len(keys) + 1


def test_a_key_that_is_refused_stays_out_of_the_cache() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="16, 24 or 32 bytes, got 8"):
            aes.encrypt(bytes(8), bytes(16))


@pytest.mark.parametrize(("module", "operation"), [(aes, "cmac_aes"), (tdes, "cmac_tdes")])
def test_cmacs_are_the_published_ones(module: ModuleType, operation: str, vectors: Vectors) -> None:
    for vector in vectors(operation):
        key, data = bytes.fromhex(vector["inputs"]["key"]), bytes.fromhex(vector["inputs"]["data"])
        for _ in range(2):
            assert module.cmac(key, data).hex().upper() == vector["expected"], vector["id"]


@given(st.sampled_from([8, 16, 24]).flatmap(lambda size: st.binary(min_size=size, max_size=size)), st.binary())
def test_the_cmac_of_shorter_des_keys_is_that_of_the_key_repeated(key: bytes, data: bytes) -> None:
    plain = CMAC(TripleDES((key * 3)[:24]))
    plain.update(data)
    assert tdes.cmac(key, data) == plain.finalize()


def test_both_check_values_of_an_aes_key(vectors: Vectors) -> None:
    for vector in vectors("kcv_aes"):
        assert aes.key_check_value(bytes.fromhex(vector["inputs"]["key"]))[:6] == vector["expected"], vector["id"]


@given(KEYS)
def test_check_values_are_an_encryption_and_a_cmac_of_a_zero_block(key: bytes) -> None:
    double = key[:16]
    assert aes.key_check_value(key) == psec.aes.encrypt_aes_ecb(key, bytes(16)).hex().upper()
    for found, cipher, size in (
        (aes.cmac_check_value(key), AES(key), 16),
        (tdes.cmac_check_value(double), TripleDES(double + double[:8]), 8),
    ):
        plain = CMAC(cipher)
        plain.update(bytes(size))
        assert found == plain.finalize().hex().upper()


@pytest.mark.parametrize("size", [0, 15, 17, 33])
@pytest.mark.parametrize("function", [aes.cmac, aes.encrypt, aes.decrypt])
def test_an_aes_key_of_another_size_is_refused(function: Callable[[bytes, bytes], bytes], size: int) -> None:
    with pytest.raises(ValueError, match=f"16, 24 or 32 bytes, got {size}"):
        function(bytes(size), bytes(16))


@pytest.mark.parametrize(("module", "size"), [(aes, 16), (tdes, 8)])
def test_parts_of_blocks_and_other_ivs_are_refused(module: ModuleType, size: int) -> None:
    key, part = bytes(range(16)), bytes(size - 1)
    for call in (
        lambda: module.encrypt(key, part),
        lambda: module.decrypt(key, part),
        lambda: module.encrypt_cbc(key, bytes(size), part),
        lambda: module.decrypt_cbc(key, bytes(size), part),
        lambda: module.encrypt_cbc(key, part, bytes(size)),
        lambda: module.decrypt_cbc(key, part, bytes(size)),
    ):
        with pytest.raises(ValueError, match=f"{size} bytes"):
            call()
    assert module.encrypt_cbc(key, bytes(size), b"") == module.decrypt_cbc(key, bytes(size), b"") == b""
