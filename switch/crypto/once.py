"""Triple DES under keys that come once: a card's and a transaction's. Their contexts are not kept.

`tdes` keeps contexts of the keys it meets; card and session keys there would stay in memory and push out the few keys
of every day. A new cipher object costs what it costs."""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

_ECB, _CBC = modes.ECB(), modes.CBC(bytes(8))  # noqa: S305 - the standards ask for it


def encrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB encryption of whole 8-byte blocks under a key of 16 bytes."""
    return Cipher(TripleDES(key + key[:8]), _ECB).encryptor().update(blocks)


def decrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB decryption of whole 8-byte blocks under a key of 16 bytes."""
    return Cipher(TripleDES(key + key[:8]), _ECB).decryptor().update(blocks)


def encrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC encryption of whole 8-byte blocks under a key of 16 bytes; `iv` has 8."""
    return Cipher(TripleDES(key + key[:8]), modes.CBC(iv)).encryptor().update(blocks)


def decrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC decryption of whole 8-byte blocks under a key of 16 bytes; `iv` has 8."""
    return Cipher(TripleDES(key + key[:8]), modes.CBC(iv)).decryptor().update(blocks)


def chain(key: bytes, blocks: bytes) -> bytes:
    """The last block of a single-DES CBC encryption of whole 8-byte blocks, key of 8 bytes; zeros for no blocks."""
    if not blocks:
        return bytes(8)
    return Cipher(TripleDES(key + key + key), _CBC).encryptor().update(blocks)[-8:]
