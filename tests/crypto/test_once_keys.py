"""Contexts of keys that come once: each under its own key, whatever came before or between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import once, tdes

KEYS = st.binary(min_size=16, max_size=16)
BLOCKS = st.integers(1, 6).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))


@given(st.lists(st.tuples(KEYS, BLOCKS), min_size=2, max_size=6))
def test_contexts_made_one_after_the_other_keep_their_own_keys(work: list[tuple[bytes, bytes]]) -> None:
    contexts = [once.encryptor(key) for key, _ in work]
    for _ in range(2):
        for context, (key, blocks) in zip(contexts, work, strict=True):
            assert context(blocks) == tdes.encrypt(key, blocks)


@given(KEYS, BLOCKS)
def test_a_chain_is_the_last_block_of_cbc(key: bytes, blocks: bytes) -> None:
    assert once.chain(key[:8], blocks) == tdes.encrypt_cbc(key[:8], bytes(8), blocks)[-8:]


def test_a_key_of_another_length_is_refused() -> None:
    for size in (0, 8, 15, 24):
        with pytest.raises(ValueError):
            once.encrypt(bytes(size), bytes(8))


def test_where_a_cipher_does_not_follow_its_algorithm_all_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frozen(once.Cipher):  # type: ignore[type-arg]
        def __init__(self, algorithm: once.TripleDES, mode: once.modes.Mode) -> None:
            super().__init__(once.TripleDES(algorithm.key), mode)

    monkeypatch.setattr(once, "Cipher", Frozen)
    contexts = once._Rekeyed(once._ECB)
    keys = [bytes(range(first, first + 24)) for first in (3, 7, 11)]
    assert [contexts.encryptor(key)(bytes(8)) for key in keys] == [tdes.encrypt(key, bytes(8)) for key in keys]


def test_no_key_stays_behind_in_what_is_shared() -> None:
    once.encrypt(bytes(range(16)), bytes(8))
    once.chain(bytes(range(8)), bytes(8))
    free = [*once._ECB_CONTEXTS._free, *once._CBC_CONTEXTS._free]
    assert [algorithm.key for algorithm, _ in free] == [bytes(24)] * 2


def test_a_key_that_another_thread_brings_in_the_middle_changes_nothing() -> None:
    contexts = once._Rekeyed(once._ECB)
    ((algorithm, cipher),) = contexts._free
    one, other = (bytes(range(first, first + 24)) for first in (3, 7))
    between = []

    class Slow:
        def encryptor(self) -> object:
            between.append(contexts.encryptor(other))
            return cipher.encryptor()

    contexts._free[:] = [(algorithm, Slow())]  # type: ignore[list-item]
    assert contexts.encryptor(one)(bytes(8)) == tdes.encrypt(one, bytes(8))
    assert between[0](bytes(8)) == tdes.encrypt(other, bytes(8))


def test_a_context_that_could_not_be_made_leaves_no_key_and_spoils_no_other() -> None:
    contexts = once._Rekeyed(once._ECB)
    ((algorithm, cipher),) = contexts._free

    class Failing:
        def encryptor(self) -> object:
            raise MemoryError

    contexts._free[:] = [(algorithm, Failing())]  # type: ignore[list-item]
    with pytest.raises(MemoryError):
        contexts.encryptor(bytes(range(24)))
    assert algorithm.key == bytes(24)
    contexts._free[:] = [(algorithm, cipher)]
    assert contexts.encryptor(bytes(range(24)))(bytes(8)) == tdes.encrypt(bytes(range(24)), bytes(8))
