"""Card and PIN verification values: CVV, CVC, iCVV, CVV2 and PVV, all from triple DES and decimalisation.

Source: Visa's public description as in the EMVCo-independent literature; checked against psec and public vectors."""

from switch.crypto.tdes import encrypt, xor

_LETTERS_LESS_TEN = bytes.maketrans(b"ABCDEFabcdef", b"012345012345")


def decimalise(hexadecimal: str, count: int) -> str:
    """The first `count` of: the digits of `hexadecimal` in order, then its letters A to F as 0 to 5."""
    raw = hexadecimal.encode("ascii")
    digits = raw.translate(None, b"ABCDEFabcdef")
    if len(digits) < count:
        digits += raw.translate(_LETTERS_LESS_TEN, b"0123456789")
    return digits[:count].decode("ascii")


def cvv(cvk: bytes, pan: str, expiry: str, service_code: str) -> str:
    """Three digits over PAN, expiry (as the issuer orders it, YYMM on tracks) and service code.

    The service code is the track's own for CVV1, 000 for CVV2 and 999 for iCVV. `cvk` is 16 bytes.
    """
    text = (pan + expiry + service_code).ljust(32, "0")
    if len(text) != 32 or not (text.isascii() and text.isdigit()):
        raise ValueError("expected digits: PAN up to 19, expiry 4, service code 3")
    if len(cvk) != 16:
        raise ValueError(f"expected a key of 16 bytes, got {len(cvk)}")
    data = bytes.fromhex(text)
    block = xor(encrypt(cvk[:8], data[:8]), data[8:])
    return decimalise(encrypt(cvk, block).hex(), 3)


def pvv(pvk: bytes, account: str, key_index: str, pin: str) -> str:
    """Four digits over 11 account digits, the PVK index and the first 4 PIN digits.

    `account` is the 12 rightmost PAN digits without the check digit; its last 11 are used. A PIN longer than 4 digits
    counts with its first 4 only. `pvk` is 16 bytes.
    """
    text = account[-11:] + key_index + pin[:4]
    if len(text) != 16 or not (text.isascii() and text.isdigit()):
        raise ValueError("expected digits: account 12, index 1, PIN 4 or more")
    return decimalise(encrypt(pvk, bytes.fromhex(text)).hex(), 4)
