"""Triple DES with reused contexts, key check values, parity and ISO 9797-1 MACs, against public answers and psec."""

from collections.abc import Callable
from typing import Any

import psec.des
import psec.mac
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import mac, tdes

# psec imports the cipher from its old place and gives it short keys.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

SIZES = st.sampled_from([8, 16, 24])
KEYS = SIZES.flatmap(lambda size: st.binary(min_size=size, max_size=size))
DOUBLE = st.binary(min_size=16, max_size=16)
BLOCKS = st.integers(1, 6).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))
IV = st.binary(min_size=8, max_size=8)


def test_check_values_are_the_published_ones(vectors: Callable[[str], list[Any]]) -> None:
    for vector in vectors("kcv_tdes"):
        assert tdes.key_check_value(bytes.fromhex(vector["inputs"]["key"]))[:6] == vector["expected"], vector["id"]


@pytest.mark.parametrize(
    ("operation", "function"),
    [("mac_iso9797_1_alg3", mac.mac_algorithm_3), ("mac_tdes_cbc_alg1", mac.mac_algorithm_1)],
)
def test_macs_are_the_published_ones(
    operation: str, function: Callable[[bytes, bytes, int], bytes], vectors: Callable[[str], list[Any]]
) -> None:
    for vector in vectors(operation):
        given_ = vector["inputs"]
        found = function(bytes.fromhex(given_["key"]), bytes.fromhex(given_["data"]), given_["padding"])
        assert found.hex().upper() == vector["expected"], vector["id"]


@given(KEYS, BLOCKS, IV)
def test_modes_are_psecs_and_decryption_undoes_them(key: bytes, blocks: bytes, iv: bytes) -> None:
    assert tdes.encrypt(key, blocks) == psec.des.encrypt_tdes_ecb(key, blocks)
    assert tdes.decrypt(key, tdes.encrypt(key, blocks)) == blocks
    assert tdes.encrypt_cbc(key, iv, blocks) == psec.des.encrypt_tdes_cbc(key, iv, blocks)
    assert tdes.decrypt_cbc(key, iv, tdes.encrypt_cbc(key, iv, blocks)) == blocks


@given(st.lists(st.tuples(DOUBLE, BLOCKS, st.booleans()), min_size=2, max_size=8))
def test_reused_contexts_carry_nothing_from_one_call_to_the_next(calls: list[tuple[bytes, bytes, bool]]) -> None:
    def run(key: bytes, blocks: bytes, encrypting: bool) -> bytes:
        return (tdes.encrypt if encrypting else tdes.decrypt)(key, blocks)

    first = [run(*call) for call in calls]
    again = [run(*call) for call in reversed(calls)]
    assert first == again[::-1]


def test_more_keys_than_the_cache_holds_still_encrypt_right() -> None:
    keys = [number.to_bytes(16, "big") for number in range(tdes.CACHED_KEYS + 50)]
    first = [tdes.encrypt(key, bytes(8)) for key in keys]
    assert tdes.encrypt(keys[0], bytes(8)) == first[0] == psec.des.encrypt_tdes_ecb(keys[0], bytes(8))


@given(KEYS)
def test_parity_is_psecs_and_every_byte_then_has_odd_ones(key: bytes) -> None:
    fixed = tdes.odd_parity(key)
    assert fixed == psec.des.adjust_key_parity(key)
    assert tdes.has_odd_parity(fixed)
    assert all(byte.bit_count() % 2 == 1 for byte in fixed)
    assert tdes.has_odd_parity(key) == (fixed == key)


@given(DOUBLE, st.binary(max_size=40), st.sampled_from([1, 2, 3]))
def test_macs_are_psecs(key: bytes, data: bytes, padding: int) -> None:
    assert mac.mac_algorithm_1(key, data, padding) == psec.mac.generate_cbc_mac(key, data, padding, 8)
    assert mac.mac_algorithm_3(key, data, padding) == psec.mac.generate_retail_mac(key[:8], key[8:], data, padding, 8)


@pytest.mark.parametrize("size", [0, 8, 15])
def test_a_retail_mac_wants_both_key_halves(size: int) -> None:
    with pytest.raises(ValueError, match=f"16 bytes, got {size}"):
        mac.mac_algorithm_3(bytes(size), b"data", 1)


@given(DOUBLE, IV, BLOCKS)
def test_a_retail_mac_starts_from_its_initial_value(key: bytes, iv: bytes, blocks: bytes) -> None:
    started = tdes.xor(blocks[:8], iv) + blocks[8:]
    assert mac.mac_algorithm_3(key, blocks, 1, iv) == mac.mac_algorithm_3(key, started, 1)


@given(st.binary(max_size=40))
def test_paddings_fill_whole_blocks_as_iso_9797_1_says(data: bytes) -> None:
    assert mac.pad(data, 1) == psec.mac.pad_iso_1(data)
    assert mac.pad(data, 2) == psec.mac.pad_iso_2(data)
    assert mac.pad(data, 3) == psec.mac.pad_iso_3(data)


@pytest.mark.parametrize("size", [0, 7, 9, 15, 32])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"8, 16 or 24 bytes, got {size}"):
        tdes.encrypt(bytes(size), bytes(8))


@pytest.mark.parametrize("operation", [tdes.encrypt, tdes.decrypt])
def test_part_of_a_block_is_refused_and_leaves_nothing_in_the_context(
    operation: Callable[[bytes, bytes], bytes],
) -> None:
    key = bytes(range(16))
    before = operation(key, bytes(8))
    with pytest.raises(ValueError, match="whole blocks"):
        operation(key, bytes(7))
    assert operation(key, bytes(8)) == before


def test_unequal_strings_are_not_xored() -> None:
    assert tdes.xor(b"\x0f\xf0", b"\xff\xff") == b"\xf0\x0f"
    with pytest.raises(ValueError, match="longer"):
        tdes.xor(b"a", b"ab")
