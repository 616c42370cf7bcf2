"""CA and CC: PIN blocks from key to key. DC, EC and CU: PINs verified with a PVV, and changed. FW: PVVs of PINs."""

import hmac

from switch.crypto import card
from switch.hsm.clearkey import ClearKey
from switch.hsm.dukptfields import BASE, DESCRIPTOR, Apart, DestinationKind, Ksn, ZoneKey, pin_key
from switch.hsm.keyfield import Key, TypeCode
from switch.hsm.layout import Digits, Layout, Refused
from switch.hsm.pinformat import (
    BLOCK_ERRORS,
    Account,
    MadeBlock,
    PinBlock,
    account_digits,
    block_format,
    check_longest,
    check_same_account,
    check_translation,
    make_block,
    open_block,
)
from switch.hsm.table import Answer, command, verdict
from switch.hsm.vault import Vault

PVK_USAGES = ("V0", "V2")
PVK = Key("pvk", "PVK", code="11", plain=32, sizes=(16,), use="V", usages=PVK_USAGES)
ONLY_PVK = Key("pvk", "PVK", plain=32, sizes=(16,), use="G", usages=PVK_USAGES)
PVKI = Digits("pvki", 1)
PVV = Digits("pvv", 4)
_ACCOUNT = Account("account", ("block_format",))
_TYPED_BLOCK = (
    TypeCode("key_type", ("ZPK", "TPK")),
    Key("key", typed_by="key_type", kinds=("ZPK", "TPK"), use="D", algorithms="TA"),
    PVK,
    PinBlock("block", "key"),
    block_format("block_format"),
    _ACCOUNT,
    PVKI,
)
# How many characters follow the KSN of CA.
_BEHIND_KSN = 34
_KSN = Ksn("ksn", behind=_BEHIND_KSN)
_BLOCK_TO_TRANSLATE = (
    Digits("longest", 2, "24"),
    PinBlock("block", "source"),
    block_format("source_format"),
    block_format("destination_format"),
    Account("account", ("source_format", "destination_format")),
)
_LENGTHS = [f"{size:02d}" for size in range(20)]
_TRANSLATED = (Digits("length", 2), MadeBlock("block"), Digits("destination_format", 2))


@command(
    "CA",
    "Translate a PIN from a TPK to a ZPK, or to DUKPT",
    request=(
        Key("source", "TPK", use="D", algorithms="TA"),
        DestinationKind("to"),
        ZoneKey("destination", "ZPK", code="11", algorithms="TA", unless="to"),
        Apart("to", (BASE,), Key("destination_bdk", "BDK", code="11", sizes=(16,), use="X"), DESCRIPTOR, _KSN),
        *_BLOCK_TO_TRANSLATE,
    ),
    reply=_TRANSLATED,
    errors=BLOCK_ERRORS,
    evidence="A B C E F M V",
)
def translate_terminal(
    vault: Vault,
    source: ClearKey,
    to: str,  # noqa: ARG001
    destination: ClearKey | None,
    destination_bdk: ClearKey | None,
    descriptor: str | None,  # noqa: ARG001
    ksn: bytes | None,
    longest: str,
    block: str,
    source_format: str,
    destination_format: str,
    account: str,
) -> str | Answer:
    """As CC; with a base key the block is under the PIN key of the transaction that the KSN names."""
    if destination is None:
        destination = pin_key(destination_bdk or b"", ksn or b"")
    return translate(vault, source, destination, longest, block, source_format, destination_format, account)


@command(
    "CC",
    "Translate a PIN from a ZPK to a ZPK",
    request=(
        Key("source", "ZPK", use="D", algorithms="TA"),
        Refused("*~!$"),
        Key("destination", "ZPK", code="11", algorithms="TA"),
        *_BLOCK_TO_TRANSLATE,
    ),
    reply=_TRANSLATED,
    errors=(*BLOCK_ERRORS, "67"),
    evidence="A B D F M V",
)
def translate(
    vault: Vault,
    source: ClearKey,
    destination: ClearKey,
    longest: str,
    block: str,
    source_format: str,
    destination_format: str,
    account: str,
) -> str:
    """The PIN's length and block; every nibble is checked, also from format 0 to format 0."""
    check_translation(vault.policy, source_format, destination_format)
    check_same_account(source_format, destination_format, account)
    pin = open_block(vault, source, block, source_format, account)
    check_longest(pin, longest)
    made = make_block(destination, pin, destination_format, account)
    return f"{_LENGTHS[len(pin)]}{made}{destination_format}"


def _verification(kind: str) -> Layout:
    return (
        Key("key", kind, use="D", algorithms="TA"),
        PVK,
        PinBlock("block", "key"),
        block_format("block_format"),
        _ACCOUNT,
        PVKI,
        PVV,
    )


@command(
    "DC",
    "Verify a PIN under a TPK with its PVV",
    request=_verification("TPK"),
    errors=("01", *BLOCK_ERRORS),
    evidence="A B C E F V",
)
@command(
    "EC",
    "Verify a PIN under a ZPK with its PVV",
    request=_verification("ZPK"),
    errors=("01", *BLOCK_ERRORS),
    evidence="A B C E F V",
)
def verify_pvv(
    vault: Vault, key: ClearKey, pvk: bytes, block: str, block_format: str, account: str, pvki: str, pvv: str
) -> str | Answer:
    """01 when the PIN is another one."""
    pin = open_block(vault, key, block, block_format, account)
    return verdict(hmac.compare_digest(card.pvv(pvk, account_digits(account), pvki, pin), pvv))


@command(
    "CU",
    "Verify a PIN with its PVV and generate the PVV of a new one",
    request=(*_TYPED_BLOCK, PVV, PinBlock("new_block", "key")),
    reply=(PVV,),
    errors=("01", *BLOCK_ERRORS),
    evidence="A B V",
)
def change_pin(
    vault: Vault,
    key_type: str,  # noqa: ARG001
    key: ClearKey,
    pvk: bytes,
    block: str,
    block_format: str,
    account: str,
    pvki: str,
    pvv: str,
    new_block: str,
) -> str | Answer:
    """The PVV of the new PIN, when the old one is right."""
    pin = open_block(vault, key, block, block_format, account)
    if not hmac.compare_digest(card.pvv(pvk, account_digits(account), pvki, pin), pvv):
        return Answer("01")
    return card.pvv(pvk, account_digits(account), pvki, open_block(vault, key, new_block, block_format, account))


@command(
    "FW",
    "Generate the PVV of a PIN in a block",
    request=_TYPED_BLOCK,
    reply=(PVV,),
    errors=BLOCK_ERRORS,
    evidence="B V",
)
def generate_pvv_of_block(
    vault: Vault,
    key_type: str,  # noqa: ARG001
    key: ClearKey,
    pvk: bytes,
    block: str,
    block_format: str,
    account: str,
    pvki: str,
) -> str:
    """Four digits."""
    return card.pvv(pvk, account_digits(account), pvki, open_block(vault, key, block, block_format, account))
