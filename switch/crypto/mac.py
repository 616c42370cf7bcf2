"""ISO 9797-1 MACs over DES: algorithm 1 (CBC) and algorithm 3 (retail), padding methods 1, 2 and 3; HMAC.

MACs are returned whole; a caller cuts them on the right. Algorithm 5 (CMAC) is `tdes.cmac` and `aes.cmac`.
A message in parts goes through `chain_algorithm_1` or `chain_algorithm_3`, part by part, each giving the IV of the
next, and the last part through the MAC function with that IV. Source: ISO/IEC 9797-1:2011; RFC 2104, FIPS 198-1."""

from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from switch.crypto.contexts import CACHED_KEYS
from switch.crypto.tdes import encrypt, encrypt_cbc

_ZERO = bytes(8)
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


def pad(data: bytes, method: int) -> bytes:
    """`data` filled to whole blocks: 1 zeros, 2 a one bit then zeros, 3 its bit length in front, then zeros."""
    if method == 2:
        data += b"\x80"
    elif method not in (1, 3):
        raise ValueError("expected padding method 1, 2 or 3")
    size = len(data)
    filled = data if size and not size % 8 else data.ljust(-(-size // 8) * 8 or 8, b"\0")
    return (8 * len(data)).to_bytes(8, "big") + filled if method == 3 else filled


def mac_algorithm_1(key: bytes, data: bytes, padding: int, iv: bytes = _ZERO) -> bytes:
    """Eight bytes: the last block of a CBC encryption under the whole key of 8, 16 or 24 bytes.

    `data` is the message, or its last part with the `iv` of the parts before (ISO 9797-1 algorithm 1).
    """
    return encrypt_cbc(key, iv, _padded(data, padding, iv))[-8:]


def mac_algorithm_3(key: bytes, data: bytes, padding: int, iv: bytes = _ZERO) -> bytes:
    """Eight bytes: single-DES CBC under the left key half, the last block decrypted and encrypted again.

    `key` is 16 bytes. `data` is the message, or its last part with the `iv` of the parts before (ISO 9797-1
    algorithm 3, ANSI X9.19).
    """
    left = _left(key)
    blocks = _padded(data, padding, iv)
    chained = encrypt_cbc(left, iv, blocks[:-8])[-8:] if len(blocks) > 8 else iv
    # The last encryption, decryption and encryption together are one triple DES block.
    return encrypt(key, (int.from_bytes(chained) ^ int.from_bytes(blocks[-8:])).to_bytes(8))


def chain_algorithm_1(key: bytes, part: bytes, iv: bytes = _ZERO) -> bytes:
    """The IV for what follows a first or middle part of whole 8-byte blocks, at least one."""
    return encrypt_cbc(key, iv, _whole(part))[-8:]


def chain_algorithm_3(key: bytes, part: bytes, iv: bytes = _ZERO) -> bytes:
    """The IV for what follows a first or middle part of whole 8-byte blocks, at least one; `key` is 16 bytes."""
    return encrypt_cbc(_left(key), iv, _whole(part))[-8:]


def hmac_digest(key: bytes, data: bytes, algorithm: str) -> bytes:
    """The HMAC of `data`: 20, 28, 32, 48 or 64 bytes for sha1, sha224, sha256, sha384 or sha512."""
    context = _hmac(key, algorithm).copy()
    context.update(data)
    return context.finalize()


@lru_cache(maxsize=CACHED_KEYS)
def _hmac(key: bytes, algorithm: str) -> HMAC:
    if algorithm not in _HASHES:
        raise ValueError(f"expected one of {', '.join(_HASHES)}")
    return HMAC(key, _HASHES[algorithm]())


def _padded(data: bytes, padding: int, iv: bytes) -> bytes:
    if padding == 3 and iv != _ZERO:
        raise ValueError("padding method 3 puts the length of the whole message first: it cannot follow other parts")
    return pad(data, padding)


def _left(key: bytes) -> bytes:
    if len(key) != 16:
        raise ValueError(f"expected a key of 16 bytes, got {len(key)}")
    return key[:8]


def _whole(part: bytes) -> bytes:
    if not part or len(part) % 8:
        raise ValueError("expected whole blocks of 8 bytes, at least one")
    return part
