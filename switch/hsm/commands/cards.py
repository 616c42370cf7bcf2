"""CW and CY: card verification values. The service code is the track's, 000 for a CVV2, 999 for an iCVV."""

import hmac

from switch.crypto import card
from switch.hsm.keyfield import Key
from switch.hsm.layout import Digits, Until
from switch.hsm.table import Answer, command, verdict
from switch.hsm.vault import Vault

_CARD = (Until("pan", ";", 19), Digits("expiry", 4), Digits("service_code", 3))
_CVV = Digits("cvv", 3)


@command(
    "CW",
    "Generate a CVV",
    request=(Key("cvk", "CVK", plain=32, sizes=(16,), use="G"), *_CARD),
    reply=(_CVV,),
    evidence="A B C E F V",
)
def generate_cvv(vault: Vault, cvk: bytes, pan: str, expiry: str, service_code: str) -> str:  # noqa: ARG001
    """Three digits."""
    return card.cvv(cvk, pan, expiry, service_code)


@command(
    "CY",
    "Verify a CVV",
    request=(Key("cvk", "CVK", plain=32, sizes=(16,), use="V"), _CVV, *_CARD),
    errors=("01",),
    evidence="A B C E F V",
)
def verify_cvv(vault: Vault, cvk: bytes, cvv: str, pan: str, expiry: str, service_code: str) -> str | Answer:  # noqa: ARG001
    """01 when it is another."""
    return verdict(hmac.compare_digest(card.cvv(cvk, pan, expiry, service_code), cvv))
