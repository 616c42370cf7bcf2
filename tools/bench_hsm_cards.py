"""Cards and keys that `bench_hsm` makes requests of: a bank's few keys, many cards, a fresh key beside each card."""

import secrets
from dataclasses import dataclass

import psec.cvv
import psec.des
import psec.pin
import psec.pinblock

from switch.crypto import dukpt_tdes, once
from switch.crypto.tdes import odd_parity
from switch.hsm.lmk import encrypt_key

PIN, NEW_PIN, PVKI, EXPIRY, SERVICE = "1234", "4321", "1", "3012", "201"
# IBM 3624: decimalisation table, validation data of the host command; psec takes the account as it is.
TABLE, VALIDATION, LENGTH = "8765432109876543", "1111111111N0", 4
DESCRIPTOR = "A05"
# Of a counter of DUKPT, at most (ANSI X9.24-1).
_ONE_BITS = 10
TYPES = {
    "zmk": "000", "zpk": "001", "tpk": "002", "tmk": "002", "pvk": "002", "tak": "003", "zak": "008", "bdk": "009",
    "dek": "00B", "mk_ac": "109", "mk_smi": "209", "cvk": "402",
}  # fmt: skip


class Bank:
    """A bank's keys: `clear["zpk"]`, and `field["zpk"]` under the public test LMK. Fresh for each run."""

    def __init__(self) -> None:
        self.clear = {name: fresh_key() for name in TYPES}
        self.field = {name: encrypt_key(key, TYPES[name]) for name, key in self.clear.items()}


@dataclass(frozen=True, slots=True)
class Card:
    """A card and what a request about it holds. `key` is a key that comes with this request only."""

    number: int
    pan: str
    key: bytes

    @property
    def account(self) -> str:
        """12 digits before the check digit."""
        return self.pan[-13:-1]

    @property
    def atc(self) -> bytes:
        """A transaction counter, another for each card."""
        return (self.number % 0xFFFF + 1).to_bytes(2, "big")

    @property
    def packed(self) -> bytes:
        """The 16 rightmost digits of PAN and sequence number 00, as EMV commands take them."""
        return bytes.fromhex(f"{self.pan[-14:]}00")

    @property
    def ksn(self) -> str:
        """A key serial number of a terminal of its own, with a counter of 1 to 10 one bits, as terminals count."""
        counter = self.number * 7919 % 0x1FFFFF + 1
        while counter.bit_count() > _ONE_BITS:
            counter &= counter - 1
        return f"FFFF98765{self.number:05d}{0xE00000 | counter:06X}"


def cards(bank: Bank, count: int) -> list[Card]:
    """So many cards. psec gives a shorter CVV where the cryptogram has fewer than three digits: those are left out."""
    found: list[Card] = []
    while len(found) < count:
        pan = f"4{secrets.randbelow(10**15):015d}"
        if len(psec.cvv.generate_cvv(bank.clear["cvk"], pan, EXPIRY, SERVICE)) == 3:
            found.append(Card(len(found), pan, fresh_key()))
    return found


def fresh_key() -> bytes:
    """A random double-length key."""
    return odd_parity(secrets.token_bytes(16))


def block(key: bytes, pan: str, pin: str = PIN) -> bytes:
    """An ISO 9564 format 0 block under a key."""
    return psec.des.encrypt_tdes_ecb(key, psec.pinblock.encode_pinblock_iso_0(pin, pan))


def dukpt_block(bank: Bank, card: Card) -> str:
    """The block that the terminal of the card's KSN sends."""
    ksn = dukpt_tdes.ksn_of(card.ksn)
    key = dukpt_tdes.transaction_key(dukpt_tdes.initial_key(bank.clear["bdk"], ksn), ksn)
    clear = psec.pinblock.encode_pinblock_iso_0(PIN, card.pan)
    return once.encrypt(dukpt_tdes.pin_key(key), clear).hex().upper()


def halves(key: bytes) -> tuple[bytes, bytes]:
    """The two keys that wrap the halves of a double-length key in scheme U under a key of 16 bytes."""
    left, right = (key[:8] + bytes((key[8] ^ variant,)) + key[9:] for variant in (0xA6, 0x5A))
    return left, right
