"""A0, A6 and A8: keys of any type generated, imported and exported."""

from switch.crypto import tdes
from switch.hsm import keycheck
from switch.hsm.keyfield import Key, KeyOut, Scheme, TypeCode, WrappedKey
from switch.hsm.layout import Choice, Digits, Hex, Optional, When
from switch.hsm.lmk import unwrap, wrap
from switch.hsm.table import Answer, command
from switch.hsm.vault import Vault

_KCV = Hex("kcv", 6)


@command(
    "A0",
    "Generate a key",
    request=(
        Choice("mode", ("0", "1")),
        TypeCode("key_type"),
        Scheme("scheme"),
        When("mode", ("1",), Optional(";", Digits("zmk_flag", 1)), Key("zmk", "ZMK"), Scheme("zmk_scheme")),
    ),
    reply=(KeyOut("key"), When("mode", ("1",), KeyOut("key_under_zmk")), _KCV),
    evidence="A B C E M",
)
def generate_key(
    vault: Vault,
    mode: str,  # noqa: ARG001
    key_type: str,
    scheme: str,
    zmk_flag: str | None,  # noqa: ARG001
    zmk: bytes | None,
    zmk_scheme: str | None,
) -> str:
    """The key under the LMK, under the ZMK as well in mode 1, and its check value."""
    clear = vault.fresh(scheme)
    exported = wrap(zmk, clear, zmk_scheme or "") if zmk else ""
    return vault.keep(clear, key_type, scheme) + exported + tdes.key_check_value(clear)[:6]


@command(
    "A6",
    "Import a key",
    request=(TypeCode("key_type"), Key("zmk", "ZMK", use="D"), WrappedKey("key"), Scheme("scheme")),
    reply=(KeyOut("key"), _KCV),
    errors=("01",),
    evidence="A B V",
)
def import_key(vault: Vault, key_type: str, zmk: bytes, key: str, scheme: str) -> str | Answer:
    """The key under the LMK and its check value; 01 when its parity had to be set."""
    clear = unwrap(zmk, key)
    fixed = tdes.odd_parity(clear)
    keycheck.check_strength(fixed)
    return Answer(
        "00" if fixed == clear else "01", vault.keep(fixed, key_type, scheme) + tdes.key_check_value(fixed)[:6]
    )


@command(
    "A8",
    "Export a key",
    request=(
        TypeCode("key_type"),
        Key("zmk", "ZMK"),
        Key("key", typed_by="key_type", code="11"),
        Scheme("scheme"),
    ),
    reply=(KeyOut("key"), _KCV),
    evidence="A B V",
)
def export_key(vault: Vault, key_type: str, zmk: bytes, key: bytes, scheme: str) -> str:  # noqa: ARG001
    """The key under the ZMK and its check value."""
    return wrap(zmk, key, scheme) + tdes.key_check_value(key)[:6]
