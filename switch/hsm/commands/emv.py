"""KQ and KW: application cryptograms verified and answered. Data is filled with zeros only: callers append X'80'.

KQ is for cards whose key does not change, and for M/Chip's own session keys. KW derives EMV2000 keys from a tree or
common session keys. What else a real HSM returns to an authorised caller, the right cryptogram, is never returned."""

from switch.crypto.emv2000 import emv2000_session_key
from switch.crypto.emv_cryptograms import CardTransaction, cryptogram_is
from switch.crypto.emv_keys import ac_session_key, mchip_session_key
from switch.hsm.emvfields import CARD, LONG_CARD, Sized, card_key
from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key
from switch.hsm.layout import Choice, Counted, Text, When
from switch.hsm.table import Answer, command
from switch.hsm.vault import Vault

_MK_AC = Key("mk_ac", "MK-AC", plain=32, sizes=(16,), use="X")
_DATA = Counted("data", 2, ";")
_ATC, _ARQC = Text("atc", 2, binary=True), Text("arqc", 8, binary=True)
_ARC, _ARPC = Text("arc", 2, binary=True), Text("arpc", 8, binary=True)
# Padding method 1 of ISO 9797-1.
_ZEROS = 1
# EMV2000: branch factor and height of the tree.
_TREES = {"0": (2, 16), "1": (4, 8)}
_OPTION_A, _OPTION_B, _TREE = ("0", "2"), ("1", "3"), ("0", "1")


@command(
    "KQ",
    "Verify an ARQC and generate an ARPC: Visa and M/Chip",
    request=(
        Choice("mode", ("0", "1", "2"), "04"),
        Choice("scheme", ("0", "1"), "05"),
        _MK_AC,
        CARD,
        _ATC,
        Text("un", 4, binary=True),
        When("mode", ("0", "1"), _DATA),
        _ARQC,
        When("mode", ("1", "2"), _ARC),
    ),
    reply=(When("mode", ("1", "2"), _ARPC),),
    errors=("01", "81"),
    evidence="A B E M V",
)
def static_cryptogram(
    vault: Vault,  # noqa: ARG001
    mode: str,  # noqa: ARG001
    scheme: str,
    mk_ac: bytes,
    card: bytes,
    atc: bytes,
    un: bytes,
    data: str | None,
    arqc: bytes,
    arc: bytes | None,
) -> str | Answer:
    """Modes: 0 verify, 1 verify and answer, 2 answer. Schemes: 0 Visa, the card's key itself; 1 M/Chip, whose answer is
    under the card's key too."""
    icc = card_key(mk_ac, card)
    own = CardTransaction(icc)
    if data is not None:
        transaction = own if scheme == "0" else CardTransaction(mchip_session_key(icc, atc, un))
        if not _is_right(transaction, data, arqc):
            return Answer("01")
    return "" if arc is None else own.arpc_method_1(arqc, arc).decode("latin-1")


@command(
    "KW",
    "Verify an ARQC and generate an ARPC: EMV session keys",
    request=(
        Choice("mode", ("0", "1", "2", "3", "4"), "04"),
        Choice("scheme", ("0", "1", "2", "3"), "05"),
        _MK_AC,
        When("scheme", _TREE, Text("iv_ac", 16, binary=True)),
        When("scheme", _OPTION_A, CARD),
        When("scheme", _OPTION_B, LONG_CARD),
        When("scheme", _TREE, Choice("tree", tuple(_TREES), "52")),
        _ATC,
        When("mode", ("0", "1", "3"), _DATA),
        _ARQC,
        When("mode", ("1", "2"), _ARC),
        When("mode", ("3", "4"), Text("csu", 4, binary=True), Sized("proprietary", 1, 0, 8)),
    ),
    reply=(When("mode", ("1", "2", "3", "4"), _ARPC),),
    errors=("01", "81"),
    evidence="B M V",
)
def session_cryptogram(
    vault: Vault,  # noqa: ARG001
    mode: str,  # noqa: ARG001
    scheme: str,
    mk_ac: bytes,
    iv_ac: bytes | None,
    card: bytes | None,
    long_card: bytes | None,
    tree: str | None,
    atc: bytes,
    data: str | None,
    arqc: bytes,
    arc: bytes | None,
    csu: bytes | None,
    proprietary: bytes | None,
) -> str | Answer:
    """Modes: 0 verify, 1 verify and answer, 2 answer, 3 and 4 the same with ARPC method 2: its 4 bytes and the CSU.
    Schemes: 0 and 1 EMV2000, 2 and 3 common session key; the card's key by option A in 0 and 2, by B in 1 and 3. Trees:
    0 has branch factor 2 and height 16, 1 has 4 and 8."""
    transaction = CardTransaction(_session_key(scheme, card_key(mk_ac, card, long_card), atc, tree, iv_ac))
    if data is not None and not _is_right(transaction, data, arqc):
        return Answer("01")
    if arc is not None:
        return transaction.arpc_method_1(arqc, arc).decode("latin-1")
    if csu is None:
        return ""
    return (transaction.arpc_method_2(arqc, csu, proprietary or b"") + csu).decode("latin-1")


def _session_key(scheme: str, icc: bytes, atc: bytes, tree: str | None, iv: bytes | None) -> bytes:
    if scheme not in _TREE:
        return ac_session_key(icc, atc)
    branch, height = _TREES[tree or ""]
    return emv2000_session_key(icc, atc, height, branch, iv or b"")


def _is_right(transaction: CardTransaction, data: str, arqc: bytes) -> bool:
    if not data:
        raise CommandFault("81", "no transaction data")
    return cryptogram_is(transaction.cryptogram(data.encode("latin-1"), _ZEROS), arqc)
