"""CA and CC: PIN blocks from key to key. DC, EC and CU: PINs verified with a PVV, and changed."""

import hmac

from switch.crypto import card
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key, TypeCode
from switch.hsm.layout import Digits, Layout, Refused
from switch.hsm.pinformat import (
    BLOCK_ERRORS,
    Account,
    MadeBlock,
    PinBlock,
    account_digits,
    block_format,
    check_translation,
    make_block,
    open_block,
)
from switch.hsm.table import Answer, command, verdict
from switch.hsm.vault import Vault

PVK = Key("pvk", "PVK", plain=32, sizes=(16,), use="V")
PVKI = Digits("pvki", 1)
PVV = Digits("pvv", 4)
_ACCOUNT = Account("account", ("block_format",))


def _translation(kind: str) -> Layout:
    return (
        Key("source", kind, use="D", algorithms="TA"),
        Refused("*~"),
        Key("destination", "ZPK", code="11", algorithms="TA"),
        Digits("longest", 2, "24"),
        PinBlock("block", "source"),
        block_format("source_format"),
        block_format("destination_format"),
        Account("account", ("source_format", "destination_format")),
    )


_TRANSLATED = (Digits("length", 2), MadeBlock("block"), Digits("destination_format", 2))


@command(
    "CA",
    "Translate a PIN from a TPK to a ZPK",
    request=_translation("TPK"),
    reply=_TRANSLATED,
    errors=(*BLOCK_ERRORS, "67"),
    evidence="A B C E F M V",
)
@command(
    "CC",
    "Translate a PIN from a ZPK to a ZPK",
    request=_translation("ZPK"),
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
    pin = open_block(vault, source, block, source_format, account)
    if len(pin) > int(longest):
        raise CommandFault("24", "PIN length")
    made = make_block(destination, pin, destination_format, account)
    return f"{len(pin):02d}{made}{destination_format}"


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
    request=(
        TypeCode("key_type", ("ZPK", "TPK")),
        Key("key", typed_by="key_type", kinds=("ZPK", "TPK"), use="D", algorithms="TA"),
        PVK,
        PinBlock("block", "key"),
        block_format("block_format"),
        _ACCOUNT,
        PVKI,
        PVV,
        PinBlock("new_block", "key"),
    ),
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
