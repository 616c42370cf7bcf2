"""What keys are for: the type code of each kind under a variant LMK, and what a key block of it may say it is.

Type codes: docs/hsm.rst. Usages: ANSI X9.143 table 2 for the codes with a
letter; two digits are the proprietary ones of the `S` scheme. Modes of use: X9.143 table 4."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`code` is VPP (variant, pair); `usages` what a block may name; `algorithms` are T (3DES), A (AES), H (HMAC)."""

    name: str
    code: str
    usages: tuple[str, ...]
    about: str
    algorithms: str = "T"


_EVERY = (
    Kind("ZMK", "000", ("K0", "K1", "52"), "zone master key", "TA"),
    Kind("ZPK", "001", ("P0", "72"), "zone PIN key", "TA"),
    Kind("TPK", "002", ("P0", "71"), "terminal PIN key", "TA"),
    Kind("TMK", "002", ("K0", "K1", "51"), "terminal master key", "TA"),
    Kind("PVK", "002", ("V0", "V1", "V2"), "PIN verification key"),
    Kind("TAK", "003", ("M0", "M1", "M3", "M5", "M6"), "terminal MAC key", "TA"),
    Kind("ZAK", "008", ("M0", "M1", "M3", "M5", "M6"), "zone MAC key", "TA"),
    Kind("CVK", "402", ("C0", "11", "12", "13"), "card verification key"),
    Kind("BDK", "009", ("B0",), "base derivation key of DUKPT", "TA"),
    Kind("MK-AC", "109", ("E0",), "issuer master key for cryptograms", "TA"),
    Kind("MK-SMI", "209", ("E2",), "issuer master key for script MACs", "TA"),
    Kind("MK-SMC", "309", ("E1",), "issuer master key for script secrets", "TA"),
    Kind("MK-CVC3", "709", ("E6", "32"), "issuer master key for CVC3"),
    Kind("ZEK", "00A", ("D0", "22"), "zone encryption key", "TA"),
    Kind("DEK", "00B", ("D0", "21"), "data encryption key", "TA"),
    Kind("TEK", "30B", ("D0", "23"), "terminal encryption key", "TA"),
)
KINDS = {kind.name: kind for kind in _EVERY}
# With PCI key separation terminal keys and PVKs have types of their own.
PCI_CODES = {"TPK": "70D", "TMK": "80D"}
# Further types that A0 makes and no command here uses: WWK, ZMK component, KML, MK-DAC, MK-DN.
_OTHER_CODES = ("006", "100", "200", "409", "509")
# Stands for the type of a key whose block says it.
BLOCK_TYPE = "FFF"
# The modes of use that allow an action on a key; N allows all.
MODES = {"E": "EBN", "D": "DBN", "G": "GCN", "V": "VCN", "X": "XN"}

# Modes of use that each usage can have besides N, which is for all (X9.143 tables 2 and 4). Two digits are of scheme S.
_USAGES_OF_MODES = {
    "X": "B0 B1 B2 E0 E1 E2 E3 E4 E5 E6 32",
    "BDE": "D0 K0 K1 P0 21 22 23 51 52 71 72",
    "CGV": "C0 M0 M1 M2 M3 M4 M5 M6 V0 V1 V2 11 12 13",
}
MODES_OF_USAGE = {usage: f"{modes}N" for modes, usages in _USAGES_OF_MODES.items() for usage in usages.split()}
# Usages whose keys leave the HSM in key blocks only, never in a variant scheme.
BLOCKS_ONLY = ("K0", "52", "D0", "21", "22")


def algorithms_of(usage: str) -> str:
    """The algorithms that a key of a usage may have: T, A."""
    kinds = [kind for kind in _EVERY if usage in kind.usages]
    return "TA" if not kinds or any("A" in kind.algorithms for kind in kinds) else "T"


def generated_codes(every: dict[str, str]) -> frozenset[str]:
    """The types that may be generated; `every` has the code of every kind."""
    return frozenset((*every.values(), *_OTHER_CODES))


def codes(*, pci: bool) -> dict[str, str]:
    """The type code of every kind."""
    return {kind.name: kind.code for kind in _EVERY} | (PCI_CODES if pci else {})
