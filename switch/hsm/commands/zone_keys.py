"""Keys of one kind moved between the LMK and a zone or terminal master key, and made for one: the older commands.

All take `;`, scheme under the ZMK or TMK, scheme under the LMK and check value type (0: 16 digits, 1: 6) at the end;
what a command does not use may be anything. Without them a key keeps the scheme it came in, and a new one is of single
length."""

from collections.abc import Callable

from switch.crypto import tdes
from switch.hsm import keycheck
from switch.hsm.blocklmk import About
from switch.hsm.clearkey import ClearKey
from switch.hsm.commands.checkvalues import CheckValue
from switch.hsm.faults import KeyFault
from switch.hsm.keyfield import Key, KeyOut, WrappedKey
from switch.hsm.kinds import KINDS
from switch.hsm.layout import Choice, Optional, Text
from switch.hsm.table import command
from switch.hsm.transport import about_key, size_of
from switch.hsm.vault import Vault

_KCV = CheckValue("kcv")
# What a key that leaves can raise besides what any key can.
_LEAVING = ("29",)


def _options(kcv_types: tuple[str, ...] = ("0", "1")) -> Optional:
    return Optional(";", Text("other_scheme", 1), Text("lmk_scheme", 1), Choice("kcv_type", kcv_types))


def _asked(scheme: str | None) -> str:
    return "" if scheme in (None, "0") else str(scheme)


def _digits(clear: bytes, kcv_type: str | None) -> str:
    value = tdes.key_check_value(clear)
    return value if kcv_type in (None, "0") else value[:6]


def _visa_digits(clear: bytes, kcv_type: str | None) -> str:
    return tdes.key_check_value(clear)[: 6 if kcv_type == "1" else 8]


def _pair_digits(clear: bytes, kcv_type: str | None) -> str:
    if kcv_type == "1":
        return tdes.key_check_value(clear)[:6]
    return tdes.key_check_value(clear[:8])[:6] + tdes.key_check_value(clear[8:])[:6]


def _import(
    code: str, kind: str, evidence: str, digits: Callable[[bytes, str | None], str] = _digits, plain: int = 16
) -> None:
    types = ("0", "1", "2") if digits is _visa_digits else ("0", "1")

    @command(
        code,
        f"Translate a {kind} from a ZMK to the LMK",
        request=(Key("zmk", "ZMK", use="D"), WrappedKey("key", plain=plain), _options(types)),
        reply=(KeyOut("key", plain=plain), _KCV),
        errors=("11", "A6", "A7"),
        evidence=evidence,
    )
    def translate(
        vault: Vault,
        zmk: ClearKey,
        key: str,
        other_scheme: str | None,  # noqa: ARG001
        lmk_scheme: str | None,
        kcv_type: str | None,
    ) -> str:
        """The key under the LMK and its check value."""
        clear = vault.receive(zmk, key)
        if clear.usage and clear.usage not in KINDS[kind].usages:
            raise KeyFault("A6", "usage of the key")
        if clear.algorithm != "T":
            raise KeyFault("A7", "algorithm of the key")
        keycheck.check(clear, "11")
        kept = vault.keep_kind(clear, kind, _asked(lmk_scheme) or clear.scheme, about_key(clear))
        return kept + digits(clear, kcv_type)


def _export(
    code: str, kind: str, evidence: str, digits: Callable[[bytes, str | None], str] = _digits, plain: int = 16
) -> None:
    types = ("0", "1", "2") if digits is _visa_digits else ("0", "1")

    @command(
        code,
        f"Translate a {kind} from the LMK to a ZMK",
        request=(Key("zmk", "ZMK"), Key("key", kind, code="11", plain=plain, use=""), _options(types)),
        reply=(KeyOut("key", plain=plain), _KCV),
        errors=_LEAVING,
        evidence=evidence,
    )
    def translate(
        vault: Vault,
        zmk: ClearKey,
        key: ClearKey,
        other_scheme: str | None,
        lmk_scheme: str | None,  # noqa: ARG001
        kcv_type: str | None,
    ) -> str:
        """The key under the ZMK and its check value."""
        return vault.send(zmk, key, _asked(other_scheme) or key.scheme, about_key(key)) + digits(key, kcv_type)


def _generate(code: str, kind: str, under: str, evidence: str) -> None:
    @command(
        code,
        f"Generate a {kind}",
        request=(Key("master", under), _options()),
        reply=(KeyOut("key_under_master"), KeyOut("key"), *((_KCV,) if under == "ZMK" else ())),
        errors=_LEAVING,
        evidence=evidence,
    )
    def generate(
        vault: Vault, master: ClearKey, other_scheme: str | None, lmk_scheme: str | None, kcv_type: str | None
    ) -> str:
        """The new key under the master key and under the LMK; behind a ZMK its check value."""
        scheme = _asked(lmk_scheme) or "Z"
        size = 16 if vault.blocks else size_of(scheme)
        clear = vault.fresh(size)
        about = About(KINDS[kind].usages[0]) if vault.blocks else None
        made = vault.send(master, clear, _asked(other_scheme) or ("S" if about else "Z"), about)
        made += vault.keep_kind(clear, kind, scheme)
        return made + (_digits(clear, kcv_type) if under == "ZMK" else "")


def _pass_on(code: str, kind: str, evidence: str) -> None:
    @command(
        code,
        f"Translate a {kind} from the LMK to a TMK",
        request=(Key("tmk", "TMK"), Key("key", kind, code="11", use=""), _options()),
        reply=(KeyOut("key"),),
        errors=_LEAVING,
        evidence=evidence,
    )
    def translate(
        vault: Vault,
        tmk: ClearKey,
        key: ClearKey,
        other_scheme: str | None,
        lmk_scheme: str | None,  # noqa: ARG001
        kcv_type: str | None,  # noqa: ARG001
    ) -> str:
        """The key under the TMK."""
        return vault.send(tmk, key, _asked(other_scheme) or key.scheme, about_key(key))


_import("FA", "ZPK", "A C D E V")
_import("FC", "TPK", "A C D E V")
_import("MI", "TAK", "A C D E V")
_import("AW", "CVK", "A M", _pair_digits, 32)
_import("DW", "BDK", "A M", _visa_digits, 32)
_export("GC", "ZPK", "A C D E V")
_export("FE", "TPK", "A C D E V")
_export("MG", "TAK", "A M")
_export("AU", "CVK", "A M", _pair_digits, 32)
_export("DY", "BDK", "A M", _visa_digits, 32)
_generate("IA", "ZPK", "ZMK", "A D M")
_generate("HC", "TPK", "TMK", "A C E M")
_generate("HA", "TAK", "TMK", "A M")
_pass_on("AE", "TPK", "A M")
_pass_on("AG", "TAK", "A M")
