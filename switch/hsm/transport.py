"""Keys under another key than the LMK: of a zone or a terminal, in variant schemes or as key blocks.

`S` blocks under such a key are as under the LMK, but for FF where the number of the LMK stands. `R` is X9.143 (TR-31)
version B under 3DES and D under AES. Exportability is that of X9.143: E leaves in a block only, S in any scheme, N
never."""

from dataclasses import replace

from switch.hsm import keycheck
from switch.hsm.blocklmk import About, make_block, open_block
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import KeyFault
from switch.hsm.kinds import BLOCKS_ONLY
from switch.hsm.lmk import scheme_of, unwrap, wrap

BYTES_OF_SCHEME = {"Z": 8, "U": 16, "X": 16, "T": 24, "Y": 24}
# Each part of a key in them is a key itself.
PLAIN_SCHEMES = ("X", "Y", "Z")
# Where a block under the LMK has its number.
_NO_LMK = "FF"
_VERSIONS = {("S", "T"): "0", ("S", "A"): "1", ("R", "T"): "B", ("R", "A"): "D"}


def receive(under: ClearKey, field: str) -> ClearKey:
    """The key of a field under a key, neither parity nor strength checked; raises KeyFault."""
    if field[0] in "SR":
        return open_block(under, field)
    if under.algorithm != "T":
        raise KeyFault("26", "an AES key protects key blocks only")
    clear = unwrap(under, field)
    keycheck.check_wrapping(("T", len(under)), ("T", len(clear)), "27")
    return ClearKey(clear, scheme=scheme_of(field))


def send(under: ClearKey, clear: bytes, scheme: str, about: About | None = None, exportability: str = "") -> str:
    """A key under a key in a scheme; raises KeyFault.

    Blocks need to know what the key is for, else 26. What a block said of it is respected: AA when it may not leave so,
    29 for usages that leave in blocks only. `exportability` is what the new block says instead of `about`.
    """
    if about and about.exportability == "N":
        raise KeyFault("AA", "key is not exportable")
    if scheme in ("S", "R"):
        if about is None:
            raise KeyFault("26", "key scheme")
        about = replace(about, exportability=exportability or about.exportability)
        context = _NO_LMK if scheme == "S" else "00"
        block = make_block(under, clear, _VERSIONS[scheme, under.algorithm], about, context)
        return block if scheme == "S" else f"R{block}"
    if exportability:
        raise KeyFault("15", "an exportability is of a key block")
    if under.algorithm != "T" or (about and about.algorithm != "T"):
        raise KeyFault("26", "key scheme")
    keycheck.check_wrapping(("T", len(under)), ("T", len(clear)), "27")
    if about and about.exportability != "S":
        raise KeyFault("AA", "key leaves in a key block only")
    if about and about.usage in BLOCKS_ONLY:
        raise KeyFault("29", "keys of this usage leave in key blocks only")
    return wrap(under, clear, scheme)


def about_key(key: ClearKey) -> About | None:
    """What the block of a key says of it; None when it came in another scheme."""
    if not key.usage:
        return None
    return About(key.usage, key.algorithm, key.mode, key.version, key.exportability)


def size_of(scheme: str) -> int:
    """The bytes of a new key in a scheme; raises KeyFault 26 where the scheme does not tell."""
    size = BYTES_OF_SCHEME.get(scheme)
    if size is None:
        raise KeyFault("26", "key scheme")
    return size
