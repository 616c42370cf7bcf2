"""What a terminal says in ISO 8583:1987 ASCII. Like every terminal it knows a clear PIN and its own clear key."""

import secrets
import time
from dataclasses import dataclass

import msgspec

from switch.crypto import pinblock, tdes
from switch.message import Codec

PROCESSING_CODES = {"purchase": "000000", "withdrawal": "010000", "refund": "200000", "balance": "310000"}
# ISO 8583:1987 field 22: how the PAN came in (2 digits), whether a PIN could (1 can, 2 can not).
_MAGNETIC_STRIPE, _MANUAL, _E_COMMERCE = "90", "01", "81"
_E_COMMERCE_CONDITION, _ECI_CHANNEL_ENCRYPTED = "59", "07"


class TerminalError(Exception):
    """What a terminal cannot do with what it was given; the message names the option."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A terminal and its merchant; `tpk` is its clear PIN key of 16 bytes, never shown."""

    terminal: str
    merchant: str
    tpk: bytes

    def __repr__(self) -> str:
        return f"Profile({self.terminal!r})"


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as a cashier enters it; `amount` in minor units, `currency` ISO 4217 numeric, `expiry` YYMM."""

    kind: str
    pan: str
    amount: int
    currency: str
    pin: str = ""
    cvv2: str = ""
    track2: str = ""
    expiry: str = ""
    authorisation_only: bool = False

    def __repr__(self) -> str:
        return f"Sale({self.kind!r}, {self.amount}, {self.currency!r})"


class Moment(msgspec.Struct, frozen=True):
    """DE7 (UTC), DE12 and DE13 (the terminal's own clock) of one message."""

    transmission: str
    local_time: str
    local_date: str


def now(epoch_seconds: float | None = None) -> Moment:
    """This moment, or that of `epoch_seconds`."""
    seconds = time.time() if epoch_seconds is None else epoch_seconds
    utc, local = time.gmtime(seconds), time.localtime(seconds)
    return Moment(time.strftime("%m%d%H%M%S", utc), time.strftime("%H%M%S", local), time.strftime("%m%d", local))


def pin_block(profile: Profile, pin: str, pan: str) -> str:
    """16 hex digits: the PIN in ISO format 0 under the terminal's key; raises TerminalError."""
    try:
        clear = pinblock.encode(pinblock.ISO_0, pin, pinblock.account_of(pan), secrets.token_hex(8))
    except pinblock.PinBlockError as error:
        raise TerminalError(f"pin: {error}") from None
    return tdes.encrypt(profile.tpk, clear).hex().upper()


def request(codec: Codec, profile: Profile, sale: Sale, stan: str, moment: Moment) -> dict[str, str]:
    """The fields of a 0200, or of a 0100 for a balance inquiry or an authorisation only; raises TerminalError."""
    single = sale.kind == "balance" or sale.authorisation_only
    remote = bool(sale.cvv2) and not sale.track2
    fields = {
        "t": "0100" if single else "0200",
        "2": sale.pan,
        "3": PROCESSING_CODES[sale.kind],
        "4": f"{sale.amount:012d}",
        "7": moment.transmission,
        "11": stan,
        "12": moment.local_time,
        "13": moment.local_date,
        "14": sale.expiry or sale.track2.partition("=")[2][:4],
        "22": _entry_mode(sale) + ("1" if sale.pin else "2"),
        "25": _E_COMMERCE_CONDITION if remote else "00",
        "35": sale.track2,
        "41": profile.terminal.ljust(8),
        "42": profile.merchant.ljust(15),
        "48": codec.build_sub("48", {"42": _ECI_CHANNEL_ENCRYPTED, "92": sale.cvv2}) if sale.cvv2 else "",
        "49": sale.currency,
        "52": pin_block(profile, sale.pin, sale.pan) if sale.pin else "",
    }
    return {name: value for name, value in fields.items() if value}


def _entry_mode(sale: Sale) -> str:
    if sale.track2:
        return _MAGNETIC_STRIPE
    return _E_COMMERCE if sale.cvv2 else _MANUAL


def reversal(original: dict[str, str], stan: str, moment: Moment, *, repeat: bool = False) -> dict[str, str]:
    """The 0400, or its repeat 0401, of a request as `request` made it: DE90 names it, no PIN, track or CVV2 goes."""
    kept = {name: original[name] for name in ("2", "3", "4", "41", "42", "49") if name in original}
    return kept | {
        "t": "0401" if repeat else "0400",
        "7": moment.transmission,
        "11": stan,
        "12": moment.local_time,
        "13": moment.local_date,
        "90": f"{original['t']}{original['11']}{original['7']}".ljust(42, "0"),
    }


def echo(stan: str, moment: Moment) -> dict[str, str]:
    """0800 with DE70 301."""
    return {"t": "0800", "7": moment.transmission, "11": stan, "70": "301"}
