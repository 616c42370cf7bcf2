"""IBM 3624 in host commands: the fields behind the PIN block, and what is done with them.

A decimalisation table is 16 digits, or enciphered under the LMK as a real HSM keeps it: triple DES in ECB mode under
the 3DES key-block LMK with every byte XORed with X'54', which captures of such tables show. Under other LMKs only clear
tables are taken."""

import hmac
from dataclasses import dataclass

from switch.crypto import ibm3624, tdes
from switch.crypto.pinblock import MAX_PIN, MIN_PIN
from switch.hsm.blocklmk import BlockLmk
from switch.hsm.faults import CommandFault
from switch.hsm.layout import HEX, Digits, Hex, Values
from switch.hsm.pinformat import account_digits
from switch.hsm.table import Answer
from switch.hsm.vault import Vault

_FIELD = 12
_TABLE_VARIANT = 0x54


@dataclass(frozen=True, eq=False)
class ValidationData:
    """12 characters: hex digits and one N, where the last 5 digits of the account go."""

    name: str
    code: str = "15"
    width: str = "12A: hexadecimal digits and one N"
    pattern: str = "(?=[0-9A-F]*N[0-9A-F]*(?:[^0-9A-FN]|$))([0-9A-FN]{12})"

    def read(self, text: str, at: int, values: Values) -> int:
        found = text[at : at + _FIELD]
        if len(found) != _FIELD:
            raise CommandFault("15", f"{self.name} is short")
        if found.count("N") != 1 or found.strip(HEX + "N"):
            raise CommandFault(self.code, f"{self.name}: expected hexadecimal digits and one N")
        values[self.name] = found
        return at + _FIELD


@dataclass(frozen=True, eq=False)
class Offset:
    """12 characters: 4 to 12 digits with F behind; kept without the F."""

    name: str
    code: str = "15"
    width: str = "12H: 4 to 12 digits and F"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        found = text[at : at + _FIELD]
        if len(found) != _FIELD:
            raise CommandFault("15", f"{self.name} is short")
        digits = found.rstrip("F")
        if not (digits.isdecimal() and len(digits) >= MIN_PIN):
            raise CommandFault(self.code, f"{self.name}: expected 4 to 12 digits and F")
        values[self.name] = digits
        return at + _FIELD


CHECK_LENGTH = Digits("check_length", 2)
TABLE = Hex("table", 16, "25")
VALIDATION = ValidationData("validation")
OFFSET = Offset("offset")
# What commands with these fields can answer besides.
IBM_ERRORS = ("02", "24", "25")


@dataclass(frozen=True, slots=True)
class Method:
    """The calculation for one card: PVK, table and validation data checked. `warned` is error 02 to be given."""

    pvk: bytes
    table: str
    validation: str
    digits: int
    warned: bool

    def is_pin(self, pin: str, offset: str) -> bool:
        """Whether the first digits of `pin` are the natural PIN plus the offset; 24 unless both have enough digits."""
        self._check(pin)
        if len(offset) != self.digits:
            raise CommandFault("24", "length of the offset")
        return hmac.compare_digest(self.pin(offset), pin[: self.digits])

    def offset(self, pin: str) -> str:
        """The offset field of the first digits of `pin`, F behind it up to 12 characters."""
        self._check(pin)
        offset = ibm3624.offset_from_pin(self.pvk, self.table, self.validation, pin[: self.digits])
        return offset.ljust(_FIELD, "F")

    def pin(self, offset: str) -> str:
        """The PIN of an offset, as long as the check length; 24 when the offset is not."""
        if len(offset) != self.digits:
            raise CommandFault("24", "length of the offset")
        return ibm3624.pin_from_offset(self.pvk, self.table, self.validation, offset)

    def answer(self, body: str = "") -> str | Answer:
        """A reply of success: 00, or the warning 02 where the policy gives it."""
        return Answer("02", body) if self.warned else body

    def _check(self, pin: str) -> None:
        if len(pin) < self.digits:
            raise CommandFault("24", "PIN shorter than the check length")


def method(vault: Vault, pvk: bytes, check_length: str, account: str, table: str, validation: str) -> Method:
    """The calculation; raises CommandFault 24 for the check length, 25 for the table."""
    digits = int(check_length)
    if not MIN_PIN <= digits <= MAX_PIN:
        raise CommandFault("24", "check length")
    clear = _clear_table(vault, table)
    try:
        ibm3624.check_table(clear)
    except ValueError as error:
        raise CommandFault("25", str(error)) from None
    data = ibm3624.payshield_validation_data(validation, account_digits(account))
    return Method(pvk, clear, data, digits, vault.policy.warn_long_pvk and len(pvk) > 8)


def _clear_table(vault: Vault, table: str) -> str:
    enciphered = vault.policy.enciphered_tables or not table.isdecimal()
    if not enciphered:
        return table
    if not isinstance(vault.lmk, BlockLmk) or vault.lmk.version != "0":
        raise CommandFault("25", "decimalisation table")
    key = bytes(byte ^ _TABLE_VARIANT for byte in vault.lmk.secret)
    return tdes.decrypt(key, bytes.fromhex(table)).hex()
