"""A4: a key from components that are kept under the LMK."""

from dataclasses import replace

from switch.crypto import tdes
from switch.hsm import keycheck
from switch.hsm.blockheader import KEY_VERSION, OPTIONAL_BLOCKS
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import KeyFault
from switch.hsm.keyfield import Key, KeyOut, Scheme, TypeCode
from switch.hsm.layout import Choice, Hex, Optional, When
from switch.hsm.table import command
from switch.hsm.transport import about_key
from switch.hsm.vault import Vault

_MOST = 9
# The version of a key that has none.
_WHOLE = "00"
_COUNTS = tuple(str(count) for count in range(2, _MOST + 1))
_COMPONENTS = tuple(
    When(
        "count",
        tuple(count for count in _COUNTS if int(count) >= place),
        Key(f"component_{place}", typed_by="key_type"),
    )
    for place in range(1, _MOST + 1)
)


@command(
    "A4",
    "Form a key from components",
    request=(Choice("count", _COUNTS), TypeCode("key_type"), Scheme("scheme"), *_COMPONENTS),
    after=(Optional("#", KEY_VERSION, OPTIONAL_BLOCKS),),
    reply=(KeyOut("key"), Hex("kcv", 6)),
    errors=("B5",),
    evidence="A B V",
)
def form_key(
    vault: Vault,
    count: str,
    key_type: str,
    scheme: str,
    key_version: str | None,
    optional_blocks: str | None,  # noqa: ARG001
    **components: ClearKey | None,
) -> str:
    """The XOR of the components with its parity set, under the LMK, and its check value. A block says what its first
    component does, but for the version, which is 00 or what is asked for: components may have c1, c2 and so on."""
    parts = [components[f"component_{place}"] or ClearKey(b"") for place in range(1, int(count) + 1)]
    if len({part.usage for part in parts}) > 1:
        raise KeyFault("B5", "components of different usages")
    if len({len(part) for part in parts}) > 1:
        raise KeyFault("27", "components of different lengths")
    clear: bytes = parts[0]
    for part in parts[1:]:
        clear = tdes.xor(clear, part)
    clear = tdes.odd_parity(clear)
    keycheck.check_strength(clear)
    about = about_key(parts[0])
    if about:
        about = replace(about, version=key_version or _WHOLE)
    return vault.keep(clear, key_type, scheme, about) + tdes.key_check_value(clear)[:6]
