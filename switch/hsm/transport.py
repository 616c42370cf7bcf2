"""Keys under another key than the LMK: of a zone or a terminal, in variant schemes or as key blocks.

`S` blocks under such a key are as under the LMK, `R` is X9.143 (TR-31) version B under 3DES and D under AES."""

from switch.hsm.blocklmk import About, make_block, open_block
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import KeyFault
from switch.hsm.lmk import scheme_of, unwrap, wrap

BYTES_OF_SCHEME = {"Z": 8, "U": 16, "X": 16, "T": 24, "Y": 24}
# Each part of a key in them is a key itself.
PLAIN_SCHEMES = ("X", "Y", "Z")
_VERSIONS = {("S", "T"): "0", ("S", "A"): "1", ("R", "T"): "B", ("R", "A"): "D"}


def receive(under: ClearKey, field: str) -> ClearKey:
    """The key of a field under a key, neither parity nor strength checked; raises KeyFault."""
    if field[0] in "SR":
        return open_block(under, field)
    if under.algorithm != "T":
        raise KeyFault("26", "an AES key protects key blocks only")
    return ClearKey(unwrap(under, field), scheme=scheme_of(field))


def send(under: ClearKey, clear: bytes, scheme: str, about: About | None = None) -> str:
    """A key under a key in a scheme; blocks need to know what the key is for, else 26."""
    if scheme in ("S", "R"):
        if about is None:
            raise KeyFault("26", "key scheme")
        block = make_block(under, clear, _VERSIONS[scheme, under.algorithm], about)
        return block if scheme == "S" else f"R{block}"
    if under.algorithm != "T" or (about and about.algorithm != "T"):
        raise KeyFault("26", "key scheme")
    return wrap(under, clear, scheme)


def about_key(key: ClearKey, *, leaving: bool = True) -> About | None:
    """What the block of a key says of it; None when it came in another scheme. AA when it may not leave but shall."""
    if not key.usage:
        return None
    if leaving and key.exportability == "N":
        raise KeyFault("AA", "key is not exportable")
    return About(key.usage, key.algorithm, key.mode, exportability=key.exportability)


def size_of(scheme: str) -> int:
    """The bytes of a new key in a scheme; raises KeyFault 26 where the scheme does not tell."""
    size = BYTES_OF_SCHEME.get(scheme)
    if size is None:
        raise KeyFault("26", "key scheme")
    return size
