"""ISO 9797-1 MACs over DES: algorithm 1 (CBC) and algorithm 3 (retail), padding methods 1, 2 and 3."""

from switch.crypto.tdes import encrypt, encrypt_cbc, xor


def pad(data: bytes, method: int) -> bytes:
    """`data` filled to whole blocks: 1 zeros, 2 a one bit then zeros, 3 its bit length in front, then zeros."""
    if method == 2:
        data += b"\x80"
    filled = data.ljust(max(8, -(-len(data) // 8) * 8), b"\0")
    return (8 * len(data)).to_bytes(8, "big") + filled if method == 3 else filled


def mac_algorithm_1(key: bytes, data: bytes, padding: int, iv: bytes = bytes(8)) -> bytes:
    """Eight bytes: the last block of a CBC encryption under the whole key."""
    return encrypt_cbc(key, iv, pad(data, padding))[-8:]


def mac_algorithm_3(key: bytes, data: bytes, padding: int, iv: bytes = bytes(8)) -> bytes:
    """Eight bytes: single-DES CBC under the left key half, the last block decrypted and encrypted again."""
    if len(key) < 16:
        raise ValueError(f"expected a key of 16 bytes or more, got {len(key)}")
    blocks = pad(data, padding)
    chained = encrypt_cbc(key[:8], iv, blocks[:-8])[-8:] if len(blocks) > 8 else iv
    # The last encryption, decryption and encryption together are one triple DES block.
    return encrypt(key[:16], xor(chained, blocks[-8:]))
