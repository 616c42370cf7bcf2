"""DA, EA, DE, EE: PINs verified and made with the IBM 3624 method. BK and DU: offsets of PINs that customers choose.

The check length is how many digits are compared, or made; a PIN may be longer and is not shorter. Error 02, the warning
for a PVK that is not of single length, is given only where the policy says so: published answers disagree."""

from switch.hsm.clearkey import ClearKey
from switch.hsm.ibmfields import CHECK_LENGTH, IBM_ERRORS, OFFSET, TABLE, VALIDATION, Offset, method
from switch.hsm.keyfield import Key, TypeCode
from switch.hsm.layout import Digits, Layout, PinUnderLmk
from switch.hsm.pinformat import (
    ACCOUNT,
    BLOCK_ERRORS,
    Account,
    PinBlock,
    block_format,
    check_longest,
    open_block,
)
from switch.hsm.table import Answer, command
from switch.hsm.vault import Vault

_SIZES, _USAGES = (8, 16, 24), ("V0", "V1")
PVK = Key("pvk", "PVK", code="11", sizes=_SIZES, use="V", usages=_USAGES)
_ONLY_PVK = Key("pvk", "PVK", sizes=_SIZES, use="G", usages=_USAGES)
_BLOCK = (
    PinBlock("block", "key"),
    block_format("block_format"),
    CHECK_LENGTH,
    Account("account", ("block_format",)),
    TABLE,
    VALIDATION,
)
_TYPED = (
    TypeCode("key_type", ("ZPK", "TPK")),
    Key("key", typed_by="key_type", kinds=("ZPK", "TPK"), use="D", algorithms="TA"),
    PVK,
)


def _verification(kind: str) -> Layout:
    return (Key("key", kind, use="D", algorithms="TA"), PVK, Digits("longest", 2, "24"), *_BLOCK, OFFSET)


@command(
    "DA",
    "Verify a PIN under a TPK with the IBM method",
    request=_verification("TPK"),
    errors=("01", *IBM_ERRORS, *BLOCK_ERRORS),
    evidence="A B D F V",
)
@command(
    "EA",
    "Verify a PIN under a ZPK with the IBM method",
    request=_verification("ZPK"),
    errors=("01", *IBM_ERRORS, *BLOCK_ERRORS),
    evidence="A B D F V",
)
def verify_ibm(
    vault: Vault,
    key: ClearKey,
    pvk: ClearKey,
    longest: str,
    block: str,
    block_format: str,
    check_length: str,
    account: str,
    table: str,
    validation: str,
    offset: str,
) -> str | Answer:
    """01 when the PIN is another one."""
    ibm = method(vault, pvk, check_length, account, table, validation)
    pin = open_block(vault, key, block, block_format, account)
    check_longest(pin, longest)
    return ibm.answer() if ibm.is_pin(pin, offset) else Answer("01")


@command(
    "DE",
    "Generate the IBM offset of a PIN under the LMK",
    request=(_ONLY_PVK, PinUnderLmk("pin", behind=42), CHECK_LENGTH, ACCOUNT, TABLE, VALIDATION),
    reply=(OFFSET,),
    errors=("14", *IBM_ERRORS),
    evidence="A B",
)
def generate_offset(
    vault: Vault, pvk: ClearKey, pin: str, check_length: str, account: str, table: str, validation: str
) -> str | Answer:
    """Digits and F."""
    ibm = method(vault, pvk, check_length, account, table, validation)
    return ibm.answer(ibm.offset(vault.open_pin(pin, account)))


@command(
    "EE",
    "Derive a PIN with the IBM method",
    request=(_ONLY_PVK, OFFSET, CHECK_LENGTH, ACCOUNT, TABLE, VALIDATION),
    reply=(PinUnderLmk("pin"),),
    errors=IBM_ERRORS,
    evidence="A B",
)
def derive_pin(
    vault: Vault, pvk: ClearKey, offset: str, check_length: str, account: str, table: str, validation: str
) -> str | Answer:
    """PIN(L) of the natural PIN plus the offset."""
    ibm = method(vault, pvk, check_length, account, table, validation)
    return ibm.answer(vault.seal_pin(ibm.pin(offset), account))


@command(
    "BK",
    "Generate the IBM offset of a PIN in a block",
    request=(*_TYPED, *_BLOCK),
    reply=(OFFSET,),
    errors=(*IBM_ERRORS, *BLOCK_ERRORS),
    evidence="B V",
)
def generate_offset_of_block(
    vault: Vault,
    key_type: str,  # noqa: ARG001
    key: ClearKey,
    pvk: ClearKey,
    block: str,
    block_format: str,
    check_length: str,
    account: str,
    table: str,
    validation: str,
) -> str | Answer:
    """Digits and F."""
    ibm = method(vault, pvk, check_length, account, table, validation)
    return ibm.answer(ibm.offset(open_block(vault, key, block, block_format, account)))


@command(
    "DU",
    "Verify a PIN with the IBM method and generate the offset of a new one",
    request=(*_TYPED, *_BLOCK, OFFSET, PinBlock("new_block", "key")),
    reply=(Offset("new_offset"),),
    errors=("01", *IBM_ERRORS, *BLOCK_ERRORS),
    evidence="B V",
)
def change_offset(
    vault: Vault,
    key_type: str,  # noqa: ARG001
    key: ClearKey,
    pvk: ClearKey,
    block: str,
    block_format: str,
    check_length: str,
    account: str,
    table: str,
    validation: str,
    offset: str,
    new_block: str,
) -> str | Answer:
    """The offset of the new PIN, when the old one is right."""
    ibm = method(vault, pvk, check_length, account, table, validation)
    if not ibm.is_pin(open_block(vault, key, block, block_format, account), offset):
        return Answer("01")
    return ibm.answer(ibm.offset(open_block(vault, key, new_block, block_format, account)))
