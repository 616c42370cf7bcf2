"""DES and triple DES on whole blocks, with reused contexts: a new cipher object costs ten times an encryption.

Not thread-safe: one owner per process (the HSM), as `cryptography` contexts are not."""

from functools import lru_cache
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

# How many keys keep their contexts ready.
CACHED_KEYS = 4096


class _Context(Protocol):
    def update(self, data: bytes) -> bytes: ...


def _key24(key: bytes) -> bytes:
    if len(key) not in (8, 16, 24):
        raise ValueError(f"expected a key of 8, 16 or 24 bytes, got {len(key)}")
    return (key * 3)[:24] if len(key) == 8 else key + key[:8] if len(key) == 16 else key


@lru_cache(maxsize=CACHED_KEYS)
def _encryptor(key: bytes) -> _Context:
    return Cipher(TripleDES(_key24(key)), modes.ECB()).encryptor()  # noqa: S305 - the standards ask for it


@lru_cache(maxsize=CACHED_KEYS)
def _decryptor(key: bytes) -> _Context:
    return Cipher(TripleDES(_key24(key)), modes.ECB()).decryptor()  # noqa: S305


def encrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB encryption of whole 8-byte blocks under a key of 8, 16 or 24 bytes (ANSI X3.92, X9.52)."""
    _whole(blocks)
    return _encryptor(key).update(blocks)


def decrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB decryption of whole 8-byte blocks."""
    _whole(blocks)
    return _decryptor(key).update(blocks)


def encrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC encryption of whole 8-byte blocks."""
    _whole(blocks)
    context = Cipher(TripleDES(_key24(key)), modes.CBC(iv)).encryptor()
    return context.update(blocks) + context.finalize()


def decrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC decryption of whole 8-byte blocks."""
    _whole(blocks)
    context = Cipher(TripleDES(_key24(key)), modes.CBC(iv)).decryptor()
    return context.update(blocks) + context.finalize()


def _whole(blocks: bytes) -> None:
    if len(blocks) % 8:
        raise ValueError("expected whole blocks of 8 bytes")


def xor(left: bytes, right: bytes) -> bytes:
    """Two byte strings of one length, XORed."""
    if len(left) != len(right):
        raise ValueError(f"expected two strings of one length, one is longer: {len(left)} and {len(right)} bytes")
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def key_check_value(key: bytes) -> str:
    """The encryption of eight zero bytes, 16 hex digits; its first 6 are the usual KCV (ANSI X9.24-1 annex A)."""
    return encrypt(key, bytes(8)).hex().upper()


# Every byte value as it is with an odd number of ones.
_ODD = bytes(value ^ (1 - value.bit_count() % 2) for value in range(256))


def odd_parity(key: bytes) -> bytes:
    """`key` with the low bit of each byte set so that the byte has an odd number of ones."""
    return key.translate(_ODD)


def has_odd_parity(key: bytes) -> bool:
    return odd_parity(key) == key
