"""PINs made from card data, and the offset between such a natural PIN and the customer's own (IBM 3624).

Every function takes the PVK (8, 16 or 24 bytes), a decimalisation table (16 digits: what the hex digits 0 to F become)
and the validation data (16 hex digits, from `validation_data` or `payshield_validation_data`). PINs and offsets have 4
to 12 digits; their first digit goes with the first of the natural PIN. Bad input is a ValueError that repeats nothing.
Source: the IBM CCA documentation of the 3624 PIN calculation method; checked against psec and public vectors."""

from switch.crypto.pinblock import MAX_PIN, MIN_PIN
from switch.crypto.tdes import encrypt

VALIDATION_DIGITS = 16
_MIN_DISTINCT, _MAX_REPEATS = 8, 4
_HEX = frozenset("0123456789ABCDEFabcdef")


def check_table(table: str) -> None:
    """Raises ValueError unless a decimalisation table is fit for use: 16 digits, 8 distinct, none more than 4 times.

    A table with few values would let an attacker with verification commands find a PIN digit by digit. The other
    functions do not ask for it, since public known answers use weaker tables: the HSM does.
    """
    _decimal(table, 16, 16, "a decimalisation table of 16 digits")
    if len(set(table)) < _MIN_DISTINCT or max(map(table.count, table)) > _MAX_REPEATS:
        raise ValueError(f"expected {_MIN_DISTINCT} distinct digits in a table, none more than {_MAX_REPEATS} times")


def validation_data(pan: str, start: int, length: int, filler: str) -> str:
    """`length` digits of `pan` from index `start`, filled on the right to 16 with the hex digit `filler`."""
    part = pan[start : start + length]
    if start < 0 or not 1 <= length <= VALIDATION_DIGITS or len(part) != length or len(filler) != 1:
        raise ValueError("expected 1 to 16 digits inside the PAN and one filler")
    return _hexadecimal(part.ljust(VALIDATION_DIGITS, filler))


def payshield_validation_data(template: str, account: str) -> str:
    """12 characters, hex digits and one N, with the last 5 digits of the 12-digit `account` in the place of the N."""
    if len(template) != 12 or template.count("N") != 1:
        raise ValueError("expected 12 characters of validation data with one N")
    _decimal(account, 12, 12, "an account of 12 digits")
    return _hexadecimal(template.replace("N", account[-5:]))


def natural_pin(pvk: bytes, table: str, validation: str, length: int) -> str:
    """The first `length` digits of the validation data, encrypted and decimalised."""
    if not MIN_PIN <= length <= MAX_PIN:
        raise ValueError(f"expected a PIN length of {MIN_PIN} to {MAX_PIN}")
    _decimal(table, 16, 16, "a decimalisation table of 16 digits")
    block = encrypt(pvk, bytes.fromhex(_hexadecimal(validation))).hex()
    return block[:length].translate(str.maketrans("0123456789abcdef", table))


def pin_from_offset(pvk: bytes, table: str, validation: str, offset: str) -> str:
    """The customer's PIN: natural PIN plus `offset`, digit by digit without carry; as long as the offset."""
    return _combined(pvk, table, validation, _pin(offset), 1)


def offset_from_pin(pvk: bytes, table: str, validation: str, pin: str) -> str:
    """The offset: `pin` minus natural PIN, digit by digit without borrow; as long as the PIN."""
    return _combined(pvk, table, validation, _pin(pin), -1)


def _combined(pvk: bytes, table: str, validation: str, other: str, sign: int) -> str:
    natural = natural_pin(pvk, table, validation, len(other))
    return "".join([str((int(a) + sign * int(b)) % 10) for a, b in zip(other, natural, strict=True)])


def _pin(digits: str) -> str:
    return _decimal(digits, MIN_PIN, MAX_PIN, f"{MIN_PIN} to {MAX_PIN} digits")


def _decimal(text: str, least: int, most: int, what: str) -> str:
    if not (least <= len(text) <= most and text.isascii() and text.isdigit()):
        raise ValueError(f"expected {what}")
    return text


def _hexadecimal(text: str) -> str:
    if len(text) != VALIDATION_DIGITS or not _HEX.issuperset(text):
        raise ValueError("expected validation data of 16 hex digits")
    return text
