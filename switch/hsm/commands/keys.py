"""A0, A6 and A8: keys of any type generated, imported and exported."""

from switch.crypto import tdes
from switch.hsm import keycheck
from switch.hsm.blockheader import EXPORTED, HEADER, about_new
from switch.hsm.blocklmk import About
from switch.hsm.clearkey import ClearKey, check_digits
from switch.hsm.faults import CommandFault, KeyFault
from switch.hsm.keyfield import Key, KeyOut, Scheme, TypeCode, WrappedKey
from switch.hsm.kinds import BLOCK_TYPE
from switch.hsm.layout import Choice, Hex, Optional, When
from switch.hsm.table import Answer, command
from switch.hsm.transport import about_key, size_of
from switch.hsm.vault import Vault

_KCV = Hex("kcv", 6)


@command(
    "A0",
    "Generate a key",
    request=(
        Choice("mode", ("0", "1")),
        TypeCode("key_type"),
        Scheme("scheme"),
        When(
            "mode",
            ("1",),
            Optional(";", Choice("zmk_flag", ("0", "1"))),
            When("zmk_flag", (None, "0"), Key("zmk", "ZMK", algorithms="TA")),
            When("zmk_flag", ("1",), Key("tmk", "TMK", algorithms="TA")),
            Scheme("zmk_scheme"),
        ),
    ),
    after=(HEADER, EXPORTED),
    reply=(KeyOut("key"), When("mode", ("1",), KeyOut("key_under_zmk")), _KCV),
    errors=("29",),
    evidence="A B C E M",
)
def generate_key(
    vault: Vault,
    mode: str,  # noqa: ARG001
    key_type: str,
    scheme: str,
    zmk_flag: str | None,  # noqa: ARG001
    zmk: ClearKey | None,
    tmk: ClearKey | None,
    zmk_scheme: str | None,
    exported_as: str | None,
    **header: str | None,
) -> str:
    """The key under the LMK, in mode 1 also under a ZMK (flag 0 or none) or a TMK (flag 1), and its check value. The
    exportability of the block under the ZMK or TMK is exported_as, if that is there."""
    about, size = _new_key(vault, key_type, scheme, header)
    clear = vault.fresh(size, about.algorithm if about else "T")
    under = zmk or tmk
    exported = vault.send(under, clear, zmk_scheme or "", about, exported_as or "") if under else ""
    kcv = check_digits(clear, about.algorithm if about else "T")
    return vault.keep(clear, key_type, scheme, about) + exported + kcv


def _new_key(vault: Vault, key_type: str, scheme: str, header: dict[str, str | None]) -> tuple[About | None, int]:
    """What a new key is for, and its bytes: from its header under a key-block LMK, else from its scheme."""
    if not vault.blocks:
        if header["usage"] is not None:
            raise CommandFault("15", "a header needs a key-block LMK")
        vault.check_generated(key_type)
        return None, size_of(scheme)
    if key_type != BLOCK_TYPE:
        raise KeyFault("04", "key type code")
    return about_new(header)


@command(
    "A6",
    "Import a key",
    request=(
        TypeCode("key_type"),
        Key("zmk", "ZMK", use="D", algorithms="TA"),
        WrappedKey("key"),
        Scheme("scheme"),
    ),
    after=(HEADER,),
    reply=(KeyOut("key"), _KCV),
    errors=("01",),
    evidence="A B V",
)
def import_key(vault: Vault, key_type: str, zmk: ClearKey, key: str, scheme: str, **header: str | None) -> str | Answer:
    """The key under the LMK and its check value; 01 when its parity had to be set."""
    clear = vault.receive(zmk, key)
    about = None
    if clear.usage:
        if not vault.blocks:
            raise KeyFault("26", "a key block needs a key-block LMK")
        about = about_key(clear)
    elif vault.blocks:
        about, _ = about_new(header)
        if about.algorithm != "T":
            raise KeyFault("A7", "algorithm of the key")
    if vault.blocks and key_type != BLOCK_TYPE:
        raise KeyFault("04", "key type code")
    if clear.algorithm != "T":
        return vault.keep(clear, key_type, scheme, about) + check_digits(clear, clear.algorithm)
    fixed = tdes.odd_parity(clear)
    keycheck.check_strength(fixed)
    body = vault.keep(fixed, key_type, scheme, about) + tdes.key_check_value(fixed)[:6]
    return body if fixed == clear else Answer("01", body)


@command(
    "A8",
    "Export a key",
    request=(
        TypeCode("key_type"),
        Key("zmk", "ZMK", algorithms="TA"),
        Key("key", typed_by="key_type", code="11", use="", algorithms="TA"),
        Scheme("scheme"),
    ),
    after=(EXPORTED,),
    reply=(KeyOut("key"), _KCV),
    errors=("29",),
    evidence="A B V",
)
def export_key(
    vault: Vault,
    key_type: str,  # noqa: ARG001
    zmk: ClearKey,
    key: ClearKey,
    scheme: str,
    exported_as: str | None,
) -> str:
    """The key under the ZMK and its check value. The exportability of its block there is exported_as, if it is told."""
    return vault.send(zmk, key, scheme, about_key(key), exported_as or "") + check_digits(key, key.algorithm)
