"""EMV keys of a card and of a transaction: ICC master keys from an issuer's, session keys from those.

Sources: EMV 4.3 Book 2, annexes A1.3 and A1.4. All keys are 16-byte triple DES keys; what is derived has odd parity.
`pan` is 8 to 19 digits, `psn` the two digits of the PAN sequence number (tag 5F34), "00" for a card without one.
A wrong length is a ValueError that names the length and never the value."""

import hashlib

from switch.crypto import once
from switch.crypto.card import decimalise
from switch.crypto.tdes import encrypt, odd_parity, xor

KEY_BYTES = 16
_ONES = b"\xff" * 8
_COMPLEMENT = bytes(255 - byte for byte in range(256))
# What follows the ATC in the two blocks of the common session key of application cryptograms.
_LEFT, _RIGHT = b"\xf0" + bytes(5), b"\x0f" + bytes(5)


def icc_master_key_a(imk: bytes, pan: str, psn: str = "00") -> bytes:
    """Option A (A1.4.1): from the 16 rightmost digits of PAN and sequence number, zeros on the left."""
    check_card(pan, psn)
    return icc_master_key(imk, bytes.fromhex((pan + psn)[-16:].rjust(16, "0")))


def icc_master_key(imk: bytes, card: bytes) -> bytes:
    """What both options end with: from the 8 bytes that stand for the card, 16 digits packed."""
    exactly(imk, KEY_BYTES, "issuer master key")
    exactly(card, 8, "card")
    return odd_parity(encrypt(imk, card + card.translate(_COMPLEMENT)))


def icc_master_key_b(imk: bytes, pan: str, psn: str = "00") -> bytes:
    """Option B (A1.4.2): as option A up to 16 PAN digits; beyond, from the SHA-1 of all digits, decimalised."""
    if len(pan) <= 16:
        return icc_master_key_a(imk, pan, psn)
    check_card(pan, psn)
    digits = pan + psn if len(pan) % 2 == 0 else "0" + pan + psn
    digest = hashlib.sha1(bytes.fromhex(digits), usedforsecurity=False).hexdigest()
    return icc_master_key(imk, bytes.fromhex(decimalise(digest, 16)))


def common_session_key(icc_mk: bytes, diversification: bytes) -> bytes:
    """Common session key (A1.3.1) from 8 bytes; the third is replaced by F0 for the left half and 0F for the right.

    For application cryptograms they are the ATC and zeros (`ac_session_key`), for scripts the ARQC (tag 9F26) of the
    first GENERATE AC, plus one for each command after the first.
    """
    exactly(icc_mk, KEY_BYTES, "ICC master key")
    exactly(diversification, 8, "diversification value")
    head, tail = diversification[:2], diversification[3:]
    return odd_parity(once.encrypt(icc_mk, head + b"\xf0" + tail + head + b"\x0f" + tail))


def ac_session_key(icc_mk: bytes, atc: bytes) -> bytes:
    """The common session key of application cryptograms (A1.3.1). `atc` is 2 bytes, tag 9F36."""
    exactly(icc_mk, KEY_BYTES, "ICC master key")
    exactly(atc, 2, "ATC")
    return odd_parity(once.encrypt(icc_mk, atc + _LEFT + atc + _RIGHT))


def mchip_session_key(icc_mk: bytes, atc: bytes, unpredictable_number: bytes) -> bytes:
    """Mastercard's proprietary SKD of M/Chip: the common way over ATC (9F36), two zeros and 4 bytes of 9F37."""
    exactly(atc, 2, "ATC")
    exactly(unpredictable_number, 4, "unpredictable number")
    return common_session_key(icc_mk, atc + bytes(2) + unpredictable_number)


def visa_session_key(icc_mk: bytes, atc: bytes) -> bytes:
    """Visa's session key for scripts: ATC XORed into the end of the left half, its complement into the right one."""
    exactly(icc_mk, KEY_BYTES, "ICC master key")
    exactly(atc, 2, "ATC")
    return odd_parity(xor(icc_mk, bytes(6) + atc + bytes(6) + xor(atc, _ONES[:2])))


def exactly(value: bytes, size: int, what: str) -> None:
    """ValueError with both lengths when `value` is not of `size` bytes."""
    if len(value) != size:
        raise ValueError(f"expected {size} bytes of {what}, got {len(value)}")


def check_card(pan: str, psn: str) -> None:
    """ValueError unless `pan` and `psn` are digits, 8 to 19 and 2."""
    if not (pan.isascii() and pan.isdigit() and 8 <= len(pan) <= 19):
        raise ValueError("expected a PAN of 8 to 19 digits")
    if not (psn.isascii() and psn.isdigit() and len(psn) == 2):
        raise ValueError("expected a PAN sequence number of 2 digits")
