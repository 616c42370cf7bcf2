"""PIN blocks of ISO 9564-1 format 4: 16 bytes, enciphered with AES and bound to the whole PAN.

Source: ISO 9564-1:2017 clause 9.4.5. Clear PINs stay inside the HSM floor."""

from switch.crypto.aes import decrypt, encrypt
from switch.crypto.pinblock import END_OF_PIN, PinBlockError, check_pin, checked_pin
from switch.crypto.tdes import xor

FILL_DIGITS = 16
_DIGITS = "0123456789ABC"


def encode_pin_field(pin: str, fill: str) -> bytes:
    """The clear PIN field, 16 bytes: 4, the length, the PIN, A up to 8 bytes, then 8 random bytes.

    `pin` is 4 to 12 digits (PinBlockError); `fill` is at least 16 random hex digits (ValueError).
    """
    check_pin(pin)
    if len(fill) < FILL_DIGITS:
        raise ValueError(f"expected at least {FILL_DIGITS} hex digits of fill")
    return bytes.fromhex(f"4{_DIGITS[len(pin)]}{pin}".ljust(16, "A") + fill[:FILL_DIGITS])


def decode_pin_field(field: bytes) -> str:
    """The PIN in a clear PIN field; PinBlockError when any nibble but the random ones is not as it must be."""
    if len(field) != 16:
        raise PinBlockError("expected a PIN field of 16 bytes")
    clear = field[:8].hex()
    if clear[0] != "4":
        raise PinBlockError("control nibble")
    end = END_OF_PIN[clear[1]]
    if clear[end:].strip("a"):
        raise PinBlockError("filler")
    return checked_pin(clear[2:end])


def encode_pan_field(pan: str) -> bytes:
    """The PAN field, 16 bytes: the PAN's length less 12, the PAN, zeros. A short PAN has zeros on its left.

    `pan` is 1 to 19 digits with its check digit; anything else is a ValueError.
    """
    if not (1 <= len(pan) <= 19 and pan.isascii() and pan.isdigit()):
        raise ValueError("expected a PAN of 1 to 19 digits")
    return bytes.fromhex(f"{max(len(pan) - 12, 0)}{pan:0>12}".ljust(32, "0"))


def encipher(key: bytes, pin: str, pan: str, fill: str) -> bytes:
    """The enciphered block, 16 bytes, of `pin` for the card `pan` under an AES key of 16, 24 or 32 bytes."""
    return encrypt(key, xor(encrypt(key, encode_pin_field(pin, fill)), encode_pan_field(pan)))


def decipher(key: bytes, block: bytes, pan: str) -> str:
    """The PIN in an enciphered block; PinBlockError when it was made for another PAN, another key or was changed."""
    if len(block) != 16:
        raise PinBlockError("expected a block of 16 bytes")
    return decode_pin_field(decrypt(key, xor(decrypt(key, block), encode_pan_field(pan))))
