"""Verification of on-us cards by the switch: which HSM commands a request needs and what their answers mean. Pure."""

from dataclasses import dataclass

from switch.crypto.pinblock import account_of
from switch.dialect.canonical import Payment
from switch.engine.config import OnUs
from switch.hsm import requests

PIN, CVV = "pin", "cvv"
WRONG = "01"
_MALFORMED_BLOCK = ("20", "24")


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


def commands(payment: Payment, keys: OnUs, tpk: str) -> dict[str, bytes] | None:
    """The HSM commands that verify a request, by what they verify; None when a PIN has nothing to be verified with.

    The entry mode chooses the card check: the track's own service code for magnetic stripe, 999 for chip.
    """
    found: dict[str, bytes] = {}
    track = parse_track2(payment.track2)
    if track is not None:
        service_code = "999" if payment.entry_mode[:2] in ("05", "07") else track.service_code
        found[CVV] = requests.verify_cvv(keys.cvk, track.cvv, payment.pan, track.expiry, service_code)
    elif payment.cvv2:
        found[CVV] = requests.verify_cvv(keys.cvk, payment.cvv2, payment.pan, payment.expiry, "000")
    if payment.pin_block:
        if track is None:
            return None
        found[PIN] = requests.verify_pvv_tpk(
            tpk, keys.pvk, payment.pin_block, "01", account_of(payment.pan), track.key_index, track.pvv
        )
    return found


def failure(verdicts: dict[str, str], tries: int, allowed: int) -> tuple[str, int]:
    """(response code, wrong PINs so far) of the HSM's error codes; "" as code when everything is right.

    Error 01 counts and is 55, the last allowed try 75, and once locked the right PIN is 75 too; an unreadable block
    is 86 and does not count; whatever else the HSM says is 96.
    """
    cvv, pin = verdicts.get(CVV, "00"), verdicts.get(PIN)
    if cvv not in ("00", WRONG):
        return "96", tries
    if cvv == WRONG:
        return "82", tries
    if pin is None:
        return "", tries
    if tries >= allowed:
        return "75", tries
    if pin == WRONG:
        return ("75" if tries + 1 >= allowed else "55"), tries + 1
    if pin in _MALFORMED_BLOCK:
        return "86", tries
    return ("", 0) if pin == "00" else ("96", tries)
