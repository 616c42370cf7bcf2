"""What a key custodian does at the HSM: keys made, formed from components, moved to and from zones, checked. No I/O.

It works on the vault that host commands work on, so that its policy and its key fields are theirs."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from switch.crypto import aes, tdes
from switch.crypto.keyblock_header import Header, KeyBlockError, parse
from switch.hsm import keycheck
from switch.hsm.blocklmk import ALGORITHMS, About
from switch.hsm.clearkey import ClearKey, check_digits
from switch.hsm.faults import KeyFault
from switch.hsm.keyfield import Key
from switch.hsm.kinds import BLOCK_TYPE, KINDS, MODES_OF_USAGE
from switch.hsm.lmk import scheme_of
from switch.hsm.transport import BYTES_OF_SCHEME, about_key, size_of
from switch.hsm.vault import Vault

# Schemes that say what a key is for.
_BLOCKS = ("S", "R")
_SCHEME_OF_BYTES = {size: scheme for scheme, size in (("Z", 8), ("U", 16), ("T", 24))}


@dataclass(frozen=True)
class Wanted:
    """A key to be: kind, scheme under the LMK, and what its block says: `algorithm` as T2 or A3, mode, exportability.

    A variant LMK takes the length from the scheme, a key-block LMK from the algorithm.
    """

    kind: str
    scheme: str = ""
    algorithm: str = "T2"
    mode: str = "N"
    exportability: str = "E"


@dataclass(frozen=True)
class Made:
    """A key field under the LMK, its check value of 6 digits, the key under a zone's key if it was asked for."""

    key: str
    check: str
    under_zmk: str = ""
    parity_set: bool = False


class KeyConsole:
    """The verbs under one LMK. Each raises KeyFault or CommandFault, with the error code of host commands."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @property
    def lmk_check(self) -> str:
        """16 digits that tell LMKs apart, as NC answers them."""
        return self._vault.lmk.check_value

    def generate(self, wanted: Wanted, zmk: str = "", zmk_scheme: str = "") -> Made:
        """A new random key; with a ZMK (a field under the LMK) also under it."""
        about, size = self._new(wanted)
        clear = self._vault.fresh(size, about.algorithm)
        under = ""
        if zmk:
            scheme = zmk_scheme or self._scheme(wanted)
            told = about if self._vault.blocks or scheme in _BLOCKS else None
            under = self._vault.send(self._zmk(zmk, "E"), clear, scheme, told)
        return self._keep(clear, wanted, about, under)

    def new_component(self, wanted: Wanted) -> bytes:
        """A random component of a key to be formed; for 3DES with odd parity."""
        about, size = self._new(wanted)
        component = secrets.token_bytes(size)
        return tdes.odd_parity(component) if about.algorithm == "T" else component

    def component_check(self, wanted: Wanted, component: bytes) -> str:
        """6 digits; raises KeyFault 27 for a component of another length than the key."""
        about, size = self._new(wanted)
        if len(component) != size:
            raise KeyFault("27", f"expected a component of {2 * size} digits")
        return check_digits(component, about.algorithm)

    def form(self, wanted: Wanted, components: Sequence[bytes]) -> Made:
        """The XOR of 2 or 3 components, for 3DES with its parity set."""
        about, _ = self._new(wanted)
        if len(components) not in (2, 3):
            raise KeyFault("15", "expected 2 or 3 components")
        if len(set(components)) < len(components):
            raise KeyFault("75", "two components are alike")
        clear = bytes(len(components[0]))
        for component in components:
            self.component_check(wanted, component)
            clear = tdes.xor(clear, component)
        if about.algorithm == "T":
            clear = tdes.odd_parity(clear)
            keycheck.check_strength(clear)
        elif not any(clear):
            raise KeyFault("75", "the components cancel out")
        return self._keep(clear, wanted, about)

    def import_key(self, wanted: Wanted, zmk: str, field: str) -> Made:
        """A key under a ZMK, in a variant scheme or as a block, whose usage must then be one of the kind."""
        clear = self._vault.receive(self._zmk(zmk, "D"), _whole(field))
        if clear.usage and clear.usage not in self._usages(wanted.kind):
            raise KeyFault("A6", "usage of the key")
        if not self._vault.blocks and clear.algorithm != "T":
            raise KeyFault("A7", "algorithm of the key")
        fixed: bytes = tdes.odd_parity(clear) if clear.algorithm == "T" else clear
        if clear.algorithm == "T":
            keycheck.check_strength(fixed)
        about = about_key(clear) or self._about(wanted, clear.algorithm)
        made = self._keep(fixed, wanted, about)
        return Made(made.key, made.check, parity_set=fixed != clear)

    def export_key(self, kind: str, zmk: str, field: str, scheme: str) -> Made:
        """A key of the LMK under a ZMK; scheme R is an X9.143 (TR-31) block, also of a key of a variant LMK."""
        clear = self._open(kind, field)
        scheme = scheme or _default(field, clear)
        about = about_key(clear) or (About(self._usages(kind)[0]) if scheme in _BLOCKS else None)
        under = self._vault.send(self._zmk(zmk, "E"), clear, scheme, about)
        return Made(field, check_digits(clear, clear.algorithm), under)

    def translate(self, wanted: Wanted, old: "KeyConsole", field: str) -> Made:
        """A key of another LMK under this one; a block keeps what it says, another key gets what its kind says."""
        clear = old._open(wanted.kind, field)
        about = about_key(clear) or self._about(wanted, clear.algorithm)
        if about.algorithm != "T" and not self._vault.blocks:
            raise KeyFault("26", "an AES key needs a key-block LMK")
        return self._keep(clear, wanted, about)

    def check(self, field: str, kind: str = "") -> dict[str, str]:
        """Both check values, length and header of a key under the LMK."""
        clear = self._open(kind, field)
        cmac = (tdes if clear.algorithm == "T" else aes).cmac_check_value(clear)[:10]
        found = {"check": check_digits(clear, clear.algorithm), "cmac_check": cmac, "bits": str(8 * len(clear))}
        return found | describe_block(field) if scheme_of(field) in ("S", "R") else found

    def _new(self, wanted: Wanted) -> tuple[About, int]:
        """What a new key is for, and its bytes."""
        if not self._vault.blocks:
            return self._about(wanted, "T"), size_of(self._scheme(wanted))
        if wanted.algorithm not in ALGORITHMS:
            raise KeyFault("A7", f"expected an algorithm among {', '.join(ALGORITHMS)}")
        algorithm, size = ALGORITHMS[wanted.algorithm]
        about = self._about(wanted, algorithm)
        if algorithm not in KINDS[wanted.kind].algorithms:
            raise KeyFault("A7", f"no {wanted.kind} has algorithm {wanted.algorithm}")
        return about, size

    def _about(self, wanted: Wanted, algorithm: str) -> About:
        usage = self._usages(wanted.kind)[0]
        if wanted.mode not in MODES_OF_USAGE[usage]:
            raise KeyFault("A8", f"expected a mode of use among {', '.join(MODES_OF_USAGE[usage])}")
        return About(usage, algorithm, wanted.mode, exportability=wanted.exportability)

    def _usages(self, kind: str) -> tuple[str, ...]:
        found = KINDS.get(kind)
        if found is None:
            raise KeyFault("04", f"expected a kind of key among {', '.join(KINDS)}")
        return found.usages

    def _scheme(self, wanted: Wanted) -> str:
        return wanted.scheme or ("S" if self._vault.blocks else "U")

    def _keep(self, clear: bytes, wanted: Wanted, about: About, under: str = "") -> Made:
        blocks = self._vault.blocks
        scheme = wanted.scheme or ("S" if blocks else _SCHEME_OF_BYTES[len(clear)])
        if not blocks and scheme not in BYTES_OF_SCHEME:
            raise KeyFault("26", "key scheme")
        code = BLOCK_TYPE if blocks else self._vault.code_of(wanted.kind)
        return Made(self._vault.keep(clear, code, scheme, about), check_digits(clear, about.algorithm), under)

    def _zmk(self, field: str, use: str) -> ClearKey:
        return self._vault.open(_whole(field), Key("zmk", "ZMK", use=use, algorithms="TA"), "")

    def _open(self, kind: str, field: str) -> ClearKey:
        """A key of a kind; under a key-block LMK the kind may be left to the block."""
        if kind or not self._vault.blocks:
            self._usages(kind)
        return self._vault.open(_whole(field), Key("key", kind, use="", algorithms="TA"), "")


def describe_block(field: str) -> dict[str, str]:
    """What the header of an `S` or `R` block says, not yet proven; raises KeyFault B2."""
    try:
        header: Header = parse(field[1:])[0]
    except KeyBlockError as error:
        raise KeyFault("B2", str(error)) from None
    kinds = [name for name, kind in KINDS.items() if header.usage in kind.usages]
    return {
        "version": header.version, "usage": header.usage, "kinds": " ".join(kinds), "algorithm": header.algorithm,
        "mode": header.mode, "key_version": header.key_version, "exportability": header.exportability,
        "optional_blocks": " ".join(name for name, _ in header.blocks), "context": header.context,
    }  # fmt: skip


def _default(field: str, clear: ClearKey) -> str:
    """The scheme a key leaves in when none is asked for: its own."""
    return scheme_of(field) or _SCHEME_OF_BYTES[len(clear)]


def _whole(field: str) -> str:
    """A key field that is nothing else; raises KeyFault 15."""
    end = Key("key", plain=len(field) if len(field) in (16, 32, 48) else 16).read(field, 0, {})
    if end != len(field):
        raise KeyFault("15", "key field is long")
    return field
