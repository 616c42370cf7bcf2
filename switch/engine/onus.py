"""Verification of on-us cards by the switch: which HSM commands a request needs and what their answers mean. Pure."""

from dataclasses import dataclass

from switch.crypto.pinblock import account_of
from switch.dialect.canonical import Payment
from switch.engine import codes
from switch.engine.rulesettings import OnUs
from switch.hsm import requests

PIN, CVV = "pin", "cvv"
_RIGHT, _WRONG = "00", "01"
_BAD_BLOCK = ("20", "24")
_CHIP = ("05", "07")
_CVV2_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Track2:
    """PAN=YYMM service code, then PVKI, PVV and CVV as this issuer encodes its discretionary data."""

    expiry: str
    service_code: str
    key_index: str
    pvv: str
    cvv: str


def parse_track2(track2: str) -> Track2 | None:
    """The verification data of a track, None when it does not carry them all."""
    data = track2.partition("=")[2]
    if len(data) < 15 or not data[:15].isdigit():
        return None
    return Track2(data[0:4], data[4:7], data[7], data[8:12], data[12:15])


def commands(payment: Payment, keys: OnUs, tpk: str) -> dict[str, bytes] | str:
    """The HSM commands that verify a request, by what they verify, or the code that declines it at once.

    The entry mode chooses the card check: the track's own service code for magnetic stripe, 999 for chip, 000 for
    CVV2. A track without the issuer's data is 82, a CVV2 of another length too, one without expiry date 30, and a
    PIN that nothing on the request verifies 86.
    """
    found: dict[str, bytes] = {}
    track = parse_track2(payment.track2)
    if track is not None:
        service_code = "999" if payment.entry_mode[:2] in _CHIP else track.service_code
        found[CVV] = requests.verify_cvv(keys.cvk, track.cvv, payment.pan, track.expiry, service_code)
    elif payment.track2 or len(payment.cvv2) not in (0, _CVV2_DIGITS):
        return codes.WRONG_CVV
    elif payment.cvv2:
        if not payment.expiry:
            return codes.FORMAT_ERROR
        found[CVV] = requests.verify_cvv(keys.cvk, payment.cvv2, payment.pan, payment.expiry, "000")
    if payment.pin_block:
        if track is None:
            return codes.BAD_PIN_BLOCK
        block, account = payment.pin_block.upper(), account_of(payment.pan)
        found[PIN] = requests.verify_pvv_tpk(tpk, keys.pvk, block, "01", account, track.key_index, track.pvv)
    return found


def failure(verdicts: dict[str, str], tries: int, allowed: int) -> tuple[str, int]:
    """(response code, wrong PINs so far) of the HSM's error codes; "" as code when everything is right.

    Error 01 counts and is 55, the last allowed try 75, and once locked the right PIN is 75 too; an unreadable block
    is 86 and does not count; whatever else the HSM says is 96.
    """
    cvv, pin = verdicts.get(CVV, _RIGHT), verdicts.get(PIN)
    if cvv not in (_RIGHT, _WRONG):
        return codes.MALFUNCTION, tries
    if cvv == _WRONG:
        return codes.WRONG_CVV, tries
    if pin is None:
        return "", tries
    if tries >= allowed:
        return codes.PIN_LOCKED, tries
    if pin == _WRONG:
        return (codes.PIN_LOCKED if tries + 1 >= allowed else codes.WRONG_PIN), tries + 1
    if pin in _BAD_BLOCK:
        return codes.BAD_PIN_BLOCK, tries
    return ("", 0) if pin == _RIGHT else (codes.MALFUNCTION, tries)
