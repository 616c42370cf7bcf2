"""PIN blocks as host commands name them: which formats are known, which may become which, blocks made and opened.

Sources: ISO 9564-1 clause 8 and PCI PIN requirement 3 for translations; the codes as in docs/hsm.rst."""

import secrets
from dataclasses import dataclass
from functools import lru_cache

from switch.crypto import once, pinblock, pinblock4, tdes
from switch.crypto.pinblock import PinBlockError
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import CommandFault
from switch.hsm.layout import HEX, Digits, Hex, Values
from switch.hsm.policy import Policy
from switch.hsm.vault import Vault

KNOWN = ("01", "02", "03", "04", "05", "34", "35", "41", "42", "46", "47", "48")
# Blocks that bind the PIN to the account, and where each format may be translated to.
_BOUND = (pinblock.ISO_0, pinblock.ISO_3, pinblock.ISO_4)
_TRANSLATIONS: dict[str, tuple[str, ...]] = {
    pinblock.ISO_0: _BOUND,
    pinblock.ISO_3: _BOUND,
    pinblock.ISO_4: _BOUND,
    pinblock.ISO_1: (*_BOUND, pinblock.ISO_1),
    pinblock.ISO_2: (),  # between a terminal and its chip card only
    pinblock.DIEBOLD: (*_BOUND, pinblock.DIEBOLD),
    pinblock.PLUS: (*_BOUND, pinblock.PLUS),
}
# What is no ISO format: a destination only where the policy says so.
_OWN = (pinblock.DIEBOLD, pinblock.PLUS)
_WHOLE_PAN = (pinblock.ISO_4, pinblock.PLUS)
# What a PIN under the LMK may become: it came out of a block that was bound to an account, for all anybody knows.
MADE = _BOUND
_OPENED = tuple(code for code, into in _TRANSLATIONS.items() if into)
_LONGEST_PAN = 19


@dataclass(frozen=True, eq=False)
class PinBlock:
    """An encrypted PIN block: 32H when the key in the field `under` is an AES key block, else 16H."""

    name: str
    under: str
    code: str = "15"
    width: str = "16H, or 32H under an AES key"
    pattern: str = "([0-9A-F]{16})"  # behind a key that is no block

    def read(self, text: str, at: int, values: Values) -> int:
        key = values[self.under]
        count = 32 if key[:1] == "S" and key[8:9] == "A" else 16
        found = text[at : at + count]
        if len(found) != count:
            raise CommandFault("15", f"{self.name} is short")
        if found.strip(HEX):
            raise CommandFault("15", f"{self.name}: expected hexadecimal digits")
        values[self.name] = found
        return at + count


@dataclass(frozen=True, eq=False)
class MadeBlock:
    """A PIN block in a reply: 32H when the format asked for is 48."""

    name: str
    code: str = "15"
    width: str = "16H, 32H of format 48"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        code = values.get("destination_format") or values.get("block_format")
        return Hex(self.name, 32 if code == pinblock.ISO_4 else 16).read(text, at, values)


def block_format(name: str) -> Digits:
    """The field of a PIN block format."""
    return Digits(name, 2, "23")


@dataclass(frozen=True, eq=False)
class Account:
    """The 12 rightmost digits of the PAN without its check digit; with format 48 the whole PAN of 13 to 19 and `;`.

    Format 04 is bound to the 12 leftmost digits: it may have the whole PAN too, else these 12 are taken as they are.
    """

    name: str
    formats: tuple[str, ...]
    code: str = "22"
    width: str = "12N, or with formats 48 and 04 13 to 19N and ;"
    pattern: str = "([0-9]{12})(?![0-9]*;)"

    def read(self, text: str, at: int, values: Values) -> int:
        whole = any(values[name] in _WHOLE_PAN for name in self.formats)
        mark = text.find(";", at, at + _LONGEST_PAN + 1) if whole else -1
        whole = mark > 0
        end = mark if whole else at + 12
        found = text[at:end]
        if len(found) < (13 if whole else 12):
            raise CommandFault("15", f"{self.name} is short")
        if not found.isdecimal():
            raise CommandFault("22", f"{self.name}: expected digits")
        values[self.name] = found
        return end + whole


ACCOUNT = Digits("account", 12, "22")
# What commands that open or make blocks can answer.
BLOCK_ERRORS = ("20", "24", "69")


@lru_cache(maxsize=1024)
def check_format(policy: Policy, code: str, allowed: tuple[str, ...] = _OPENED) -> None:
    """Raises CommandFault 23 for a format that is not known, 69 for one that is not in use."""
    if code not in KNOWN:
        raise CommandFault("23", "PIN block format")
    if code not in allowed or code in policy.disabled_formats:
        raise CommandFault("69", "PIN block format disabled")


@lru_cache(maxsize=1024)
def check_translation(policy: Policy, source: str, destination: str) -> None:
    """Raises CommandFault 23 or 69 for a translation that is not allowed."""
    for code in (source, destination):
        check_format(policy, code, tuple(_TRANSLATIONS))
    if destination in _OWN and not policy.diebold_destination:
        raise CommandFault("69", "PIN block format disabled")
    if destination not in _TRANSLATIONS[source]:
        raise CommandFault("23", "translation would unbind the PIN from the account")


def open_block(vault: Vault, key: ClearKey, block: str, code: str, account: str) -> str:
    """The clear PIN of an encrypted block, its every nibble checked: else 20, or 24 for the length of the PIN."""
    check_format(vault.policy, code)
    _check_cipher(key, code, account)
    data = bytes.fromhex(block)
    try:
        if code == pinblock.ISO_4:
            pin = pinblock4.decipher(key, data, account)
        else:
            clear = once.decrypt(key, data) if key.once else tdes.decrypt(key, data)
            pin = pinblock.decode(code, clear, account if len(account) == 12 else account_digits(account, code))
    except PinBlockError as error:
        raise CommandFault("24" if error.length else "20", str(error)) from None
    vault.check_pin(pin)
    return pin


def make_block(key: ClearKey, pin: str, code: str, account: str) -> str:
    """A PIN in a block under `key`: 16 hex digits, 32 of format 48."""
    _check_cipher(key, code, account)
    if code == pinblock.ISO_4:
        return pinblock4.encipher(key, pin, account, secrets.token_hex(8).upper()).hex().upper()
    fill = "" if code == pinblock.ISO_0 else secrets.token_hex(8).upper()
    clear = pinblock.encode(code, pin, account if len(account) == 12 else account_digits(account, code), fill)
    made = once.encrypt(key, clear) if key.once else tdes.encrypt(key, clear)
    return made.hex().upper()


def account_digits(account: str, code: str = pinblock.ISO_0) -> str:
    """The 12 digits that a format is bound to, of an account field that may be a whole PAN."""
    if len(account) == 12:
        return account
    return pinblock.plus_account_of(account) if code == pinblock.PLUS else pinblock.account_of(account)


def check_same_account(source: str, destination: str, account: str) -> None:
    """Raises CommandFault 22 when PLUS and another format would be bound to other ends of the PAN by 12 digits."""
    if source != destination and len(account) == 12 and pinblock.PLUS in (source, destination):
        raise CommandFault("22", "format 04 and another need the whole PAN")


def check_longest(pin: str, longest: str) -> None:
    """Raises CommandFault 24 for a PIN of more digits than the command allows."""
    if len(pin) > int(longest):
        raise CommandFault("24", "PIN length")


def _check_cipher(key: ClearKey, code: str, account: str) -> None:
    """Format 48 is enciphered with AES, all others with 3DES: else 69 for 48, 23 for the others. 48 needs the PAN."""
    if code == pinblock.ISO_0 and key.algorithm == "T":
        return
    if (key.algorithm == "A") != (code == pinblock.ISO_4):
        raise CommandFault("69" if code == pinblock.ISO_4 else "23", "cipher of the PIN block format")
    if code == pinblock.ISO_4 and len(account) == 12:
        raise CommandFault("22", "format 48 needs the whole PAN")
