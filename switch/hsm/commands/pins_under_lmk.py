"""JC, JE, JG, DG and BA: PINs kept under the LMK, for issuing cards. See `switch.hsm.lmkpin`."""

from switch.crypto import card
from switch.hsm.clearkey import ClearKey
from switch.hsm.commands.pins import ONLY_PVK, PVKI, PVV
from switch.hsm.keyfield import Key
from switch.hsm.layout import ClearPin, Layout, PinUnderLmk
from switch.hsm.pinformat import (
    ACCOUNT,
    BLOCK_ERRORS,
    MADE,
    Account,
    MadeBlock,
    PinBlock,
    account_digits,
    block_format,
    check_format,
    make_block,
    open_block,
)
from switch.hsm.table import command
from switch.hsm.vault import Vault

_SEALED = (PinUnderLmk("pin"),)


def _to_lmk(kind: str) -> Layout:
    return (
        Key("key", kind, use="D", algorithms="TA"),
        PinBlock("block", "key"),
        block_format("block_format"),
        Account("account", ("block_format",)),
    )


@command(
    "JC",
    "Translate a PIN from a TPK to the LMK",
    request=_to_lmk("TPK"),
    reply=_SEALED,
    errors=BLOCK_ERRORS,
    evidence="A B",
)
@command(
    "JE",
    "Translate a PIN from a ZPK to the LMK",
    request=_to_lmk("ZPK"),
    reply=_SEALED,
    errors=BLOCK_ERRORS,
    evidence="A B",
)
def pin_to_lmk(vault: Vault, key: ClearKey, block: str, block_format: str, account: str) -> str:
    """PIN(L)."""
    return vault.seal_pin(open_block(vault, key, block, block_format, account), account_digits(account))


@command(
    "JG",
    "Translate a PIN from the LMK to a ZPK",
    request=(
        Key("key", "ZPK", algorithms="TA"),
        block_format("block_format"),
        Account("account", ("block_format",)),
        PinUnderLmk("pin"),
    ),
    reply=(MadeBlock("block"),),
    errors=("14", *BLOCK_ERRORS),
    evidence="A B M",
)
def pin_from_lmk(vault: Vault, key: ClearKey, block_format: str, account: str, pin: str) -> str:
    """The PIN block."""
    check_format(vault.policy, block_format, MADE)
    return make_block(key, vault.open_pin(pin, account_digits(account)), block_format, account)


@command(
    "DG",
    "Generate the PVV of a PIN under the LMK",
    request=(ONLY_PVK, PinUnderLmk("pin", behind=13), ACCOUNT, PVKI),
    reply=(PVV,),
    errors=("14",),
    evidence="A B V",
)
def generate_pvv(vault: Vault, pvk: bytes, pin: str, account: str, pvki: str) -> str:
    """Four digits."""
    return card.pvv(pvk, account, pvki, vault.open_pin(pin, account))


@command(
    "BA",
    "Encrypt a clear PIN under the LMK",
    request=(ClearPin("pin", behind=12), ACCOUNT),
    reply=_SEALED,
    authorised=True,
    evidence="A M",
)
def encrypt_pin(vault: Vault, pin: str, account: str) -> str:
    """PIN(L) of a PIN with F behind it up to L characters."""
    vault.check_pin(pin)
    return vault.seal_pin(pin, account)
