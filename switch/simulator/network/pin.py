"""PIN blocks from the acquirers' key to an issuer's, by the HSM. No block leaves that the HSM did not make."""

from switch.crypto.pinblock import account_of
from switch.hsm import requests
from switch.hsm.client import HsmClient, HsmUnavailable
from switch.hsm.requests import HsmError
from switch.simulator.network import codes

_ISO_0 = "01"
# The block itself is at fault, not the HSM: its contents or the PIN's length.
_BAD_BLOCK = ("20", "24")


class PinFailure(Exception):
    """There is no block for the issuer; `code` is what the acquirer is told."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class PinTranslation:
    """Translates from `zpk`, the acquirers' key under the LMK."""

    def __init__(self, hsm: HsmClient, zpk: str) -> None:
        self._hsm = hsm
        self._zpk = zpk

    async def translate(self, issuer_zpk: str, block: str, pan: str) -> str:
        """The 16 hex digits of the block under `issuer_zpk`; raises PinFailure."""
        command = requests.translate_zpk_to_zpk(self._zpk, issuer_zpk, block, _ISO_0, _ISO_0, account_of(pan))
        try:
            reply = await self._hsm.call(command)
            if reply.error in _BAD_BLOCK:
                raise PinFailure(codes.PIN_UNVERIFIABLE, f"HSM error {reply.error}")
            return requests.translated_block(reply)
        except (HsmUnavailable, HsmError) as error:
            raise PinFailure(codes.MALFUNCTION, str(error)) from None
