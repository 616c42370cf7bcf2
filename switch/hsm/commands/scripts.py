"""KU: the MAC of an issuer script.

Only mode 0, integrity, which is also what unblocks a PIN. How a real HSM answers the modes that encipher a PIN or other
data is in no open source, so they are refused (67). The message is what the card MACs: command header, ATC, ARQC and
data; X'80' and zeros are appended here."""

from switch.crypto.emv_keys import common_session_key, visa_session_key
from switch.crypto.mac import mac_algorithm_3
from switch.hsm.emvfields import CARD, card_key
from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key
from switch.hsm.layout import Choice, Counted, Text
from switch.hsm.table import command
from switch.hsm.vault import Vault

_BIT_AND_ZEROS = 2


@command(
    "KU",
    "Generate the MAC of an issuer script",
    request=(
        Choice("mode", ("0",), "67"),
        Choice("scheme", ("0", "1"), "05"),
        Key("mk_smi", "MK-SMI", plain=32, sizes=(16,), use="X"),
        CARD,
        Text("session_data", 8, binary=True),
        Counted("message", mark=";"),
    ),
    reply=(Text("mac", 8, binary=True),),
    errors=("67", "81"),
    evidence="A M",
)
def script_mac(
    vault: Vault,  # noqa: ARG001
    mode: str,  # noqa: ARG001
    scheme: str,
    mk_smi: bytes,
    card: bytes,
    session_data: bytes,
    message: str,
) -> str:
    """Schemes: 0 Visa, whose session data is six zeros and the ATC; 1 Mastercard and EMV, with the ARQC or random
    number as session data of the common session key."""
    if scheme == "0" and any(session_data[:6]):
        raise CommandFault("15", "session data: expected six zeros and the ATC")
    icc = card_key(mk_smi, card)
    if not message:
        raise CommandFault("81", "no message")
    session = visa_session_key(icc, session_data[6:]) if scheme == "0" else common_session_key(icc, session_data)
    return mac_algorithm_3(session, message.encode("latin-1"), _BIT_AND_ZEROS).decode("latin-1")
