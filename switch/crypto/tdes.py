"""DES and triple DES on whole blocks, with reused contexts: a new cipher object costs ten times an encryption.

Keys have 8, 16 or 24 bytes: DES, two-key and three-key triple DES; another length is a ValueError. Their parity and
strength are not looked at here. Not thread-safe: one owner per process (the HSM), as `cryptography` contexts are not.
Source: ANSI X3.92, X9.52, NIST SP 800-67; CMAC from NIST SP 800-38B."""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.cmac import CMAC

from switch.crypto.contexts import CACHED_KEYS as CACHED_KEYS
from switch.crypto.contexts import ByKey, CbcChain

_ODD = bytes(byte ^ (1 - byte.bit_count() % 2) for byte in range(256))


def _cipher(key: bytes) -> TripleDES:
    if len(key) not in (8, 16, 24):
        raise ValueError(f"expected a key of 8, 16 or 24 bytes, got {len(key)}")
    return TripleDES((key * 3)[:24] if len(key) == 8 else key + key[:8] if len(key) == 16 else key)


# ECB is what the standards ask for.
_ENCRYPT = ByKey(lambda key: Cipher(_cipher(key), modes.ECB()).encryptor().update)  # noqa: S305
_DECRYPT = ByKey(lambda key: Cipher(_cipher(key), modes.ECB()).decryptor().update)  # noqa: S305
_CHAIN = ByKey(lambda key: CbcChain(_cipher(key)))
_CMAC = ByKey(lambda key: CMAC(_cipher(key)))


def encrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB encryption of whole 8-byte blocks under a key of 8, 16 or 24 bytes (ANSI X3.92, X9.52)."""
    if len(blocks) % 8:
        raise ValueError(_WHOLE)
    return _ENCRYPT[key](blocks)


def decrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB decryption of whole 8-byte blocks."""
    if len(blocks) % 8:
        raise ValueError(_WHOLE)
    return _DECRYPT[key](blocks)


def encrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC encryption of whole 8-byte blocks; `iv` is 8 bytes."""
    if len(blocks) % 8 or len(iv) != 8:
        raise ValueError(_WHOLE)
    return _CHAIN[key].encrypt(iv, blocks) if blocks else b""


def decrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC decryption of whole 8-byte blocks; `iv` is 8 bytes."""
    if len(blocks) % 8 or len(iv) != 8:
        raise ValueError(_WHOLE)
    return xor(_DECRYPT[key](blocks), (iv + blocks)[: len(blocks)])


def cmac(key: bytes, data: bytes) -> bytes:
    """Eight bytes: the CMAC of any number of bytes (NIST SP 800-38B, ISO 9797-1 algorithm 5)."""
    context = _CMAC[key].copy()
    context.update(data)
    return context.finalize()


_WHOLE = "expected whole blocks of 8 bytes and an IV of 8 bytes"


def xor(left: bytes, right: bytes) -> bytes:
    """Two byte strings of one length, XORed; ValueError when one is longer."""
    size = len(left)
    if size != len(right):
        raise ValueError(f"expected two strings of one length, one is longer: {size} and {len(right)} bytes")
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(size)


def key_check_value(key: bytes) -> str:
    """The encryption of eight zero bytes, 16 hex digits; its first 6 are the usual KCV (ANSI X9.24-1 annex A)."""
    return encrypt(key, bytes(8)).hex().upper()


def cmac_check_value(key: bytes) -> str:
    """The CMAC of eight zero bytes, 16 hex digits; its first 10 are the CMAC KCV (ANSI X9.24-1:2017 annex A)."""
    return cmac(key, bytes(8)).hex().upper()


def odd_parity(key: bytes) -> bytes:
    """`key` with the low bit of each byte set so that the byte has an odd number of ones."""
    return key.translate(_ODD)


def has_odd_parity(key: bytes) -> bool:
    """Whether every byte of `key` has an odd number of ones."""
    return key.translate(_ODD) == key
