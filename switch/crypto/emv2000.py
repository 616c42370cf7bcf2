"""EMV2000 session keys: a tree of keys above the card's, walked down by the digits of the ATC.

Source: EMV 4.0 and 4.1 Book 2, annex A1.3. Replaced by the common session key in 2005 (specification update 46): for
cards that still have it."""

from switch.crypto import once
from switch.crypto.emv_keys import KEY_BYTES, exactly
from switch.crypto.tdes import odd_parity, xor

_ATCS = 1 << 16


def emv2000_session_key(icc_mk: bytes, atc: bytes, height: int = 8, branch: int = 4, iv: bytes = bytes(16)) -> bytes:
    """The session key of an ATC (2 bytes, tag 9F36), 16 bytes with odd parity.

    `branch` to the power of `height` must reach all 65,536 ATCs: 4 and 8 (the usual), or 2 and 16. `iv` is 16 bytes.
    """
    exactly(icc_mk, KEY_BYTES, "ICC master key")
    exactly(atc, 2, "ATC")
    exactly(iv, 16, "initial value")
    if not (2 <= branch <= 255 and 1 <= height <= 16) or branch**height < _ATCS:
        raise ValueError("expected a branch factor of 2 to 255 and a height of 1 to 16 that reach 65,536 keys")
    number = int.from_bytes(atc, "big")
    grandparent, parent = iv, icc_mk
    for level in range(height - 1, 0, -1):
        grandparent, parent = parent, _child(parent, grandparent, number // branch**level % branch)
    return odd_parity(xor(_child(parent, grandparent, number % branch), grandparent))


def _child(parent: bytes, grandparent: bytes, digit: int) -> bytes:
    return once.encrypt(parent, xor(grandparent, bytes(7) + bytes((digit,)) + bytes(7) + bytes((digit ^ 0xF0,))))
