"""A0, A6 and A8: keys of any type generated, imported and exported."""

from switch.crypto import tdes
from switch.hsm import keycheck
from switch.hsm.blocklmk import ALGORITHMS, About
from switch.hsm.clearkey import ClearKey, check_digits
from switch.hsm.faults import CommandFault, KeyFault
from switch.hsm.keyfield import Key, KeyOut, Scheme, TypeCode, WrappedKey
from switch.hsm.kinds import BLOCK_TYPE
from switch.hsm.layout import Choice, Hex, Optional, Text, When
from switch.hsm.table import Answer, command
from switch.hsm.transport import about_key, size_of
from switch.hsm.vault import Vault

_KCV = Hex("kcv", 6)
_HEADER = Optional(
    "#",
    Text("usage", 2, code="A6"),
    Choice("algorithm", tuple(ALGORITHMS), "A7"),
    Text("mode_of_use", 1, code="A8"),
    Text("key_version", 2, code="A9"),
    Choice("exportability", ("E", "N", "S"), "AA"),
    Choice("optional_blocks", ("00",), "AB"),
)


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
    after=(_HEADER,),
    reply=(KeyOut("key"), When("mode", ("1",), KeyOut("key_under_zmk")), _KCV),
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
    **header: str | None,
) -> str:
    """The key under the LMK, in mode 1 also under a ZMK (flag 0 or none) or a TMK (flag 1), and its check value."""
    about, size = _new_key(vault, key_type, scheme, header)
    clear = vault.fresh(size, about.algorithm if about else "T")
    under = zmk or tmk
    exported = vault.send(under, clear, zmk_scheme or "", about) if under else ""
    kcv = check_digits(clear, about.algorithm if about else "T")
    return vault.keep(clear, key_type, scheme, about) + exported + kcv


def _new_key(vault: Vault, key_type: str, scheme: str, header: dict[str, str | None]) -> tuple[About | None, int]:
    """What a new key is for, and its bytes: from its header under a key-block LMK, else from its scheme."""
    if not vault.blocks:
        if header["usage"] is not None:
            raise CommandFault("15", "a header needs a key-block LMK")
        return None, size_of(scheme)
    if key_type != BLOCK_TYPE:
        raise KeyFault("04", "key type code")
    return _about(header)


def _about(header: dict[str, str | None]) -> tuple[About, int]:
    usage, mode, version = header["usage"], header["mode_of_use"], header["key_version"]
    if usage is None or mode is None or version is None:
        raise CommandFault("15", "expected the header of the key block")
    algorithm, size = ALGORITHMS[header["algorithm"] or ""]
    return About(usage, algorithm, mode, version, header["exportability"] or "N"), size


@command(
    "A6",
    "Import a key",
    request=(
        TypeCode("key_type"),
        Key("zmk", "ZMK", use="D", algorithms="TA"),
        WrappedKey("key"),
        Scheme("scheme"),
    ),
    after=(_HEADER,),
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
        about = About(clear.usage, clear.algorithm, clear.mode, exportability=clear.exportability)
    elif vault.blocks:
        about, _ = _about(header)
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
    reply=(KeyOut("key"), _KCV),
    evidence="A B V",
)
def export_key(vault: Vault, key_type: str, zmk: ClearKey, key: ClearKey, scheme: str) -> str:  # noqa: ARG001
    """The key under the ZMK and its check value."""
    return vault.send(zmk, key, scheme, about_key(key)) + check_digits(key, key.algorithm)
