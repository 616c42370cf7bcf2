"""Card value and PIN through the HSM: which commands a request needs and what their answers mean."""

import trio

from switch.crypto.pinblock import account_of
from switch.hsm import requests
from switch.hsm.client import HsmClient, HsmUnavailable
from switch.simulator.issuer.config import IssuerConfig
from switch.simulator.issuer.decide import FAULT, NOT_ASKED, RIGHT, UNREADABLE, WRONG, Card, Verdicts
from switch.simulator.issuer.model import Evidence

_CHIP = "5"
_ISO_0 = "01"
_BLOCK_ERRORS = ("20", "24")
# PAN=YYMM, service code 3, PVKI 1, PVV 4, CVV 3: this issuer's own tracks.
_TRACK_DATA = 15


class Verifier:
    """Asks the HSM, and believes the switch only on a listener without a ZPK."""

    def __init__(self, config: IssuerConfig, hsm: HsmClient) -> None:
        self._config = config
        self._hsm = hsm
        self._slots = trio.Semaphore(10 ** min(config.hsm.header_length, 6) - 1)

    async def verify(self, evidence: Evidence, zpk: str, card: Card) -> Verdicts:
        """Both verdicts, asked for at once; an HSM that fails or is silent gives FAULT and never an exception."""
        results: dict[str, str] = {}

        async def ask(what: str, command: bytes, bad: tuple[str, ...] = ()) -> None:
            found = await self._ask(command, bad)
            results[what] = found if results.get(what, RIGHT) == RIGHT else results[what]

        async with trio.open_nursery() as nursery:
            for command in self._card_values(evidence, card):
                if command is None:
                    results["cvv"] = WRONG
                else:
                    nursery.start_soon(ask, "cvv", command)
            if evidence.pin_block and zpk:
                block, account = evidence.pin_block, account_of(evidence.pan)
                command = requests.verify_pvv_zpk(
                    zpk, self._config.pvk, block, _ISO_0, account, card.key_index, card.pvv
                )
                nursery.start_soon(ask, "pin", command, _BLOCK_ERRORS)
        cvv = results.get("cvv", NOT_ASKED)
        pin = results.get("pin", NOT_ASKED)
        return Verdicts(cvv, pin) if zpk else _told(evidence, cvv)

    def _card_values(self, evidence: Evidence, card: Card) -> list[bytes | None]:
        """One command per card value that came; None for one that cannot be right. DE22 chooses the service code."""
        found: list[bytes | None] = []
        if evidence.track2:
            data = evidence.track2.partition("=")[2][:_TRACK_DATA]
            service_code = "999" if evidence.input_mode == _CHIP else data[4:7]
            found.append(self._card_value(evidence.pan, card, data[12:], service_code))
        if evidence.cvv2:
            found.append(self._card_value(evidence.pan, card, evidence.cvv2, "000"))
        return found

    def _card_value(self, pan: str, card: Card, value: str, service_code: str) -> bytes | None:
        if not _digits(value, 3) or not _digits(service_code, 3):
            return None
        return requests.verify_cvv(self._config.cvk, value, pan, card.expiry, service_code)

    async def _ask(self, command: bytes, bad: tuple[str, ...]) -> str:
        try:
            async with self._slots:
                reply = await self._hsm.call(command)
        except HsmUnavailable:
            return FAULT
        if reply.error in bad:
            return UNREADABLE
        return {"00": RIGHT, "01": WRONG}.get(reply.error, FAULT)


def expiries(evidence: Evidence) -> tuple[str, ...]:
    """The expiry dates (YYMM) that a request names."""
    on_track = evidence.track2.partition("=")[2][:4]
    return tuple(expiry for expiry in (evidence.expiry, on_track) if expiry)


def _told(evidence: Evidence, cvv: str) -> Verdicts:
    """An interface without PIN blocks: 48.80 PV and 48.87 M are the switch's word; another word is no yes."""
    if evidence.cvv_result and cvv == NOT_ASKED:
        cvv = RIGHT if evidence.cvv_result == "M" else WRONG
    if evidence.pin_block:
        return Verdicts(cvv, UNREADABLE)
    if not evidence.pin_result:
        return Verdicts(cvv, NOT_ASKED)
    return Verdicts(cvv, RIGHT if evidence.pin_result == "PV" else UNREADABLE)


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()
