"""G0 and CI: PIN blocks of DUKPT terminals to a zone. CK, GO, GQ: PINs in such blocks verified.

Triple DES DUKPT in all of them, also in the older CI and CK: public answers of CI are those of triple DES."""

import hmac
from typing import Any

from switch.crypto import card, pinblock
from switch.hsm.clearkey import ClearKey
from switch.hsm.commands.ibm_pins import PVK as IBM_PVK
from switch.hsm.commands.pins import PVK, PVKI, PVV, translate
from switch.hsm.dukptfields import BASE, DESCRIPTOR, Apart, Descriptor, DestinationKind, Ksn, ZoneKey, pin_key
from switch.hsm.ibmfields import CHECK_LENGTH, IBM_ERRORS, OFFSET, TABLE, VALIDATION, method
from switch.hsm.keyfield import Key
from switch.hsm.layout import Choice, Digits, Hex, Layout, Refused
from switch.hsm.pinformat import ACCOUNT, BLOCK_ERRORS, block_format, open_block
from switch.hsm.table import Answer, command, verdict
from switch.hsm.vault import Vault

_LONGEST = str(pinblock.MAX_PIN)
_BLOCK = Hex("block", 16)
_REPLY = (Digits("length", 2), Hex("block", 16), Digits("destination_format", 2))
_IBM = (CHECK_LENGTH, ACCOUNT, TABLE, VALIDATION, OFFSET)
# Only without the MAC that GO and GQ can verify besides.
_MODE = Choice("mode", ("0",), "67")


def _bdk(name: str = "bdk") -> Key:
    return Key(name, "BDK", plain=32, sizes=(16,), use="X")


def _ksn(behind: int) -> Layout:
    return (DESCRIPTOR, Ksn("ksn", behind=behind))


@command(
    "G0",
    "Translate a PIN from DUKPT to a ZPK, or to DUKPT",
    request=(
        Refused("*~!$"),
        _bdk(),
        DestinationKind("to"),
        ZoneKey("destination", "ZPK", code="11", unless="to"),
        Apart("to", (BASE,), Key("destination_bdk", "BDK", code="11", sizes=(16,), use="X")),
        *_ksn(32),
        Apart("to", (BASE,), Descriptor("other_descriptor"), Ksn("other_ksn", "other_descriptor", behind=32)),
        _BLOCK,
        block_format("source_format"),
        block_format("destination_format"),
        ACCOUNT,
    ),
    reply=_REPLY,
    errors=(*BLOCK_ERRORS, "67"),
    evidence="A B V",
)
def translate_dukpt(
    vault: Vault,
    bdk: bytes,
    to: str,  # noqa: ARG001
    destination: ClearKey | None,
    destination_bdk: bytes | None,
    descriptor: str,  # noqa: ARG001
    ksn: bytes,
    other_descriptor: str | None,  # noqa: ARG001
    other_ksn: bytes | None,
    **block: Any,
) -> str | Answer:
    """The PIN's length and block; the second KSN is of a destination that is a base key."""
    if destination is None:
        destination = pin_key(destination_bdk or b"", other_ksn or b"")
    return translate(vault, source=pin_key(bdk, ksn), destination=destination, longest=_LONGEST, **block)


@command(
    "CI",
    "Translate a PIN from DUKPT to a ZPK, blocks of format 01",
    request=(
        _bdk(),
        Key("destination", "ZPK", code="11"),
        *_ksn(30),
        _BLOCK,
        block_format("destination_format"),
        ACCOUNT,
    ),
    reply=_REPLY,
    errors=BLOCK_ERRORS,
    evidence="A M V",
)
def translate_dukpt_ansi(
    vault: Vault,
    bdk: bytes,
    destination: ClearKey,
    descriptor: str,  # noqa: ARG001
    ksn: bytes,
    block: str,
    destination_format: str,
    account: str,
) -> str | Answer:
    """As G0."""
    source, code = pin_key(bdk, ksn), pinblock.ISO_0
    return translate(vault, source, destination, _LONGEST, block, code, destination_format, account)


@command(
    "CK",
    "Verify a PIN under DUKPT with the IBM method, block of format 01",
    request=(_bdk(), IBM_PVK, *_ksn(70), _BLOCK, *_IBM),
    errors=("01", *IBM_ERRORS, *BLOCK_ERRORS),
    evidence="M",
)
@command(
    "GO",
    "Verify a PIN under DUKPT with the IBM method",
    request=(_MODE, _bdk(), IBM_PVK, *_ksn(72), _BLOCK, block_format("block_format"), *_IBM),
    errors=("01", "67", *IBM_ERRORS, *BLOCK_ERRORS),
    evidence="B M V",
)
def verify_ibm_dukpt(
    vault: Vault,
    bdk: bytes,
    pvk: ClearKey,
    descriptor: str,  # noqa: ARG001
    ksn: bytes,
    block: str,
    check_length: str,
    account: str,
    table: str,
    validation: str,
    offset: str,
    block_format: str = pinblock.ISO_0,
    mode: str = "0",  # noqa: ARG001
) -> str | Answer:
    """01 when the PIN is another one."""
    ibm = method(vault, pvk, check_length, account, table, validation)
    pin = open_block(vault, pin_key(bdk, ksn), block, block_format, account)
    return ibm.answer() if ibm.is_pin(pin, offset) else Answer("01")


@command(
    "GQ",
    "Verify a PIN under DUKPT with its PVV",
    request=(_MODE, _bdk(), PVK, *_ksn(35), _BLOCK, block_format("block_format"), ACCOUNT, PVKI, PVV),
    errors=("01", "67", *BLOCK_ERRORS),
    evidence="B V",
)
def verify_pvv_dukpt(
    vault: Vault,
    mode: str,  # noqa: ARG001
    bdk: bytes,
    pvk: bytes,
    descriptor: str,  # noqa: ARG001
    ksn: bytes,
    block: str,
    block_format: str,
    account: str,
    pvki: str,
    pvv: str,
) -> str | Answer:
    """01 when the PIN is another one."""
    pin = open_block(vault, pin_key(bdk, ksn), block, block_format, account)
    return verdict(hmac.compare_digest(card.pvv(pvk, account, pvki, pin), pvv))
