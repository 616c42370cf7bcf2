"""MACs of messages in parts, and HMAC against published answers and the standard library."""

import hmac as standard
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import mac

KEY = bytes(range(16))
DOUBLE = st.binary(min_size=16, max_size=16)
PARTS = st.lists(st.integers(1, 4).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count)), max_size=4)
FUNCTIONS = [(mac.mac_algorithm_1, mac.chain_algorithm_1), (mac.mac_algorithm_3, mac.chain_algorithm_3)]


@given(st.sampled_from(FUNCTIONS), DOUBLE, PARTS, st.binary(min_size=1, max_size=20), st.sampled_from([1, 2]))
def test_a_message_in_parts_has_the_mac_of_the_whole(
    functions: tuple[Callable[..., bytes], Callable[..., bytes]],
    key: bytes,
    parts: list[bytes],
    last: bytes,
    padding: int,
) -> None:
    whole, chain = functions
    iv = bytes(8)
    for part in parts:
        iv = chain(key, part, iv)
    assert whole(key, last, padding, iv) == whole(key, b"".join(parts) + last, padding)


@pytest.mark.parametrize("function", [mac.mac_algorithm_1, mac.mac_algorithm_3])
def test_the_length_of_padding_3_cannot_follow_other_parts(function: Callable[..., bytes]) -> None:
    with pytest.raises(ValueError, match="length of the whole message"):
        function(KEY, b"last", 3, b"\1" * 8)


@pytest.mark.parametrize("part", [b"", b"1234567", b"123456789"])
@pytest.mark.parametrize("chain", [mac.chain_algorithm_1, mac.chain_algorithm_3])
def test_a_first_or_middle_part_is_whole_blocks(chain: Callable[..., bytes], part: bytes) -> None:
    with pytest.raises(ValueError, match="whole blocks"):
        chain(KEY, part)


@pytest.mark.parametrize("size", [8, 15, 17, 24])
def test_the_retail_mac_wants_a_double_length_key(size: int) -> None:
    with pytest.raises(ValueError, match=f"16 bytes, got {size}"):
        mac.chain_algorithm_3(bytes(size), bytes(8))
    with pytest.raises(ValueError, match=f"16 bytes, got {size}"):
        mac.mac_algorithm_3(bytes(size), b"", 1)


@pytest.mark.parametrize("method", [-1, 0, 4])
def test_a_padding_method_that_does_not_exist_is_refused(method: int) -> None:
    with pytest.raises(ValueError, match="method 1, 2 or 3"):
        mac.pad(b"data", method)


def test_hmacs_are_the_published_ones(vectors: Callable[[str], list[Any]]) -> None:
    for vector in vectors("hmac"):
        given_ = vector["inputs"]
        key, data = bytes.fromhex(given_["key"]), bytes.fromhex(given_["data"])
        for _ in range(2):
            assert mac.hmac_digest(key, data, given_["algorithm"]).hex().upper() == vector["expected"], vector["id"]


@given(st.binary(max_size=140), st.binary(), st.sampled_from(["sha1", "sha224", "sha256", "sha384", "sha512"]))
def test_hmacs_are_the_standard_librarys(key: bytes, data: bytes, algorithm: str) -> None:
    assert mac.hmac_digest(key, data, algorithm) == standard.digest(key, data, algorithm)


@pytest.mark.parametrize("algorithm", ["md5", "SHA256", ""])
def test_another_hash_is_refused(algorithm: str) -> None:
    with pytest.raises(ValueError, match="sha256"):
        mac.hmac_digest(KEY, b"", algorithm)
