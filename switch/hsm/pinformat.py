"""PIN blocks as host commands name them: which formats are known, which may become which, blocks made and opened.

Sources: ISO 9564-1 clause 8 and PCI PIN requirement 3 for translations; the codes as in docs/hsm.rst."""

import secrets
from dataclasses import dataclass
from functools import lru_cache

from switch.crypto import pinblock, tdes
from switch.crypto.pinblock import PinBlockError
from switch.hsm.faults import CommandFault
from switch.hsm.layout import HEX, Digits, Values
from switch.hsm.policy import Policy
from switch.hsm.vault import Vault

KNOWN = ("01", "02", "03", "04", "05", "35", "41", "42", "46", "47", "48")
# Blocks that bind the PIN to the account, and where each format may be translated to.
_BOUND = (pinblock.ISO_0, pinblock.ISO_3)
_TRANSLATIONS = {
    pinblock.ISO_0: _BOUND,
    pinblock.ISO_3: _BOUND,
    pinblock.ISO_1: (*_BOUND, pinblock.ISO_1),
    pinblock.DIEBOLD: (*_BOUND, pinblock.DIEBOLD),
}
MADE = (*_BOUND, pinblock.ISO_1)


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


def block_format(name: str) -> Digits:
    """The field of a PIN block format."""
    return Digits(name, 2, "23")


# The 12 rightmost digits of the PAN without its check digit.
ACCOUNT = Digits("account", 12, "22")
# What commands that open or make blocks can answer.
BLOCK_ERRORS = ("20", "24", "69")


@lru_cache(maxsize=1024)
def check_format(policy: Policy, code: str, allowed: tuple[str, ...] = tuple(_TRANSLATIONS)) -> None:
    """Raises CommandFault 23 for a format that is not known, 69 for one that is not in use."""
    if code not in KNOWN:
        raise CommandFault("23", "PIN block format")
    if code not in allowed or code in policy.disabled_formats:
        raise CommandFault("69", "PIN block format disabled")


@lru_cache(maxsize=1024)
def check_translation(policy: Policy, source: str, destination: str) -> None:
    """Raises CommandFault 23 or 69 for a translation that is not allowed."""
    check_format(policy, source)
    check_format(policy, destination)
    if destination == pinblock.DIEBOLD and not policy.diebold_destination:
        raise CommandFault("69", "PIN block format disabled")
    if destination not in _TRANSLATIONS[source]:
        raise CommandFault("23", "translation would unbind the PIN from the account")


def open_block(vault: Vault, key: bytes, block: str, code: str, account: str) -> str:
    """The clear PIN of an encrypted block, its every nibble checked: else 20, or 24 for the length of the PIN."""
    check_format(vault.policy, code)
    try:
        pin = pinblock.decode(code, tdes.decrypt(key, bytes.fromhex(block)), account)
    except PinBlockError as error:
        raise CommandFault("24" if error.length else "20", str(error)) from None
    vault.check_pin(pin)
    return pin


def make_block(key: bytes, pin: str, code: str, account: str) -> str:
    """16 hex digits: a PIN in a block under `key`."""
    fill = "" if code == pinblock.ISO_0 else secrets.token_hex(8).upper()
    encoded = pinblock.encode(code, pin, account, fill)
    return tdes.encrypt(key, encoded).hex().upper()
