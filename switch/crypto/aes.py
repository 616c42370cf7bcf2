"""AES on whole blocks of 16 bytes, with reused contexts, in the way of `tdes`.

Keys have 16, 24 or 32 bytes; another length is a ValueError. Not thread-safe: one owner per process (the HSM).
Source: FIPS 197, NIST SP 800-38A; CMAC from NIST SP 800-38B."""

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from switch.crypto.contexts import ByKey, CbcChain
from switch.crypto.tdes import xor

BLOCK = 16
_WHOLE = "expected whole blocks of 16 bytes and an IV of 16 bytes"


def _cipher(key: bytes) -> AES:
    if len(key) not in (16, 24, 32):
        raise ValueError(f"expected a key of 16, 24 or 32 bytes, got {len(key)}")
    return AES(key)


# ECB is what the standards ask for.
_ENCRYPT = ByKey(lambda key: Cipher(_cipher(key), modes.ECB()).encryptor().update)  # noqa: S305
_DECRYPT = ByKey(lambda key: Cipher(_cipher(key), modes.ECB()).decryptor().update)  # noqa: S305
_CHAIN = ByKey(lambda key: CbcChain(_cipher(key)))
_CMAC = ByKey(lambda key: CMAC(_cipher(key)))


def encrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB encryption of whole 16-byte blocks."""
    if len(blocks) % BLOCK:
        raise ValueError(_WHOLE)
    return _ENCRYPT[key](blocks)


def decrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB decryption of whole 16-byte blocks."""
    if len(blocks) % BLOCK:
        raise ValueError(_WHOLE)
    return _DECRYPT[key](blocks)


def encrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC encryption of whole 16-byte blocks; `iv` is 16 bytes."""
    if len(blocks) % BLOCK or len(iv) != BLOCK:
        raise ValueError(_WHOLE)
    return _CHAIN[key].encrypt(iv, blocks) if blocks else b""


def decrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC decryption of whole 16-byte blocks; `iv` is 16 bytes."""
    if len(blocks) % BLOCK or len(iv) != BLOCK:
        raise ValueError(_WHOLE)
    return xor(_DECRYPT[key](blocks), (iv + blocks)[: len(blocks)])


def cmac(key: bytes, data: bytes) -> bytes:
    """Sixteen bytes: the CMAC of any number of bytes (NIST SP 800-38B, RFC 4493)."""
    context = _CMAC[key].copy()
    context.update(data)
    return context.finalize()


def key_check_value(key: bytes) -> str:
    """The encryption of sixteen zero bytes, 32 hex digits; its first 6 are the older KCV of an AES key."""
    return encrypt(key, bytes(BLOCK)).hex().upper()


def cmac_check_value(key: bytes) -> str:
    """The CMAC of sixteen zero bytes, 32 hex digits; its first 6 or 10 are the KCV (ANSI X9.24-1:2017 annex A)."""
    return cmac(key, bytes(BLOCK)).hex().upper()
