"""Keys under the public variant test LMK: the pairs, the variants of key types and schemes. Not for production.

Source: docs/hsm.rst, "Local master key"."""

from dataclasses import dataclass
from functools import lru_cache

from switch.crypto import tdes

_PAIRS = {
    "00": "4040404040404040 5151515151515151",
    "01": "6161616161616161 7070707070707070",
    "02": "E0E0010101010101 F1F1010101010101",
    "03": "1C587F1C13924FEF 0101010101010101",
    "08": "1616161616161616 1919191919191919",
    "09": "1A1A1A1A1A1A1A1A 1C1C1C1C1C1C1C1C",
    "0A": "2323232323232323 2525252525252525",
    "0B": "2626262626262626 2929292929292929",
    "0D": "2F2F2F2F2F2F2F2F 3131313131313131",
}
_VARIANTS = bytes.fromhex("00A65A6ADE2B5074 9CFA".replace(" ", ""))
_SCHEME_VARIANTS = {"U": (0xA6, 0x5A), "T": (0x6A, 0xDE, 0x2B), "X": (0, 0), "Y": (0, 0, 0), "Z": (0,)}
_SCHEME_OF_LENGTH = {16: "Z", 32: "X", 48: "Y"}
_HEX = frozenset("0123456789ABCDEFabcdef")
LENGTH_OF_SCHEME = {"U": 32, "X": 32, "T": 48, "Y": 48, "Z": 16}


class KeyFault(ValueError):
    """A key that cannot be used; `code` is the host command error."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Lmk:
    """A variant LMK: pairs of 16 bytes by their number in a key type code."""

    name: str
    pairs: dict[str, bytes]
    test: bool

    def __repr__(self) -> str:
        return f"Lmk({self.name!r})"

    def key(self, key_type: str) -> bytes:
        """The 16 bytes that protect keys of the type VPP: pair PP with variant V on its first byte."""
        variant, pair = key_type[:1], self.pairs.get(key_type[1:])
        if len(key_type) != 3 or pair is None or variant not in "0123456789":
            raise KeyFault("04", "key type code")
        return bytes((pair[0] ^ _VARIANTS[int(variant)],)) + pair[1:]


TEST_LMK = Lmk("public test LMK", {pair: bytes.fromhex(value) for pair, value in _PAIRS.items()}, test=True)


def check_value(lmk: Lmk) -> str:
    """16 hex digits that tell LMKs apart: zeros under the pair of zone keys, as NC answers."""
    return tdes.key_check_value(lmk.key("001"))


@lru_cache(maxsize=4096)
def _wrapping_keys(key: bytes, scheme: str) -> tuple[bytes, ...]:
    variants = _SCHEME_VARIANTS[scheme]
    if len(key) == 8:  # a single-length zone master key has no second half to vary
        return (key,) * len(variants)
    return tuple(key[:8] + bytes((key[8] ^ variant,)) + key[9:] for variant in variants)


def wrap(wrapping: bytes, clear: bytes, scheme: str) -> str:
    """`clear` (8, 16 or 24 bytes) under a 16-byte key in a scheme: "Z", "X", "Y" plain, "U", "T" with variants."""
    if scheme not in _SCHEME_VARIANTS:
        raise KeyFault("26", "key scheme")
    keys = _wrapping_keys(wrapping, scheme)
    if len(clear) != 8 * len(keys):
        raise KeyFault("27", "key length")
    text = "".join(tdes.encrypt(key, clear[8 * index : 8 * index + 8]).hex().upper() for index, key in enumerate(keys))
    return text if scheme == "Z" else scheme + text


def unwrap(wrapping: bytes, field: str) -> bytes:
    """The clear key of a key field K."""
    scheme, digits = (
        (field[0], field[1:]) if field[:1] in LENGTH_OF_SCHEME else (_SCHEME_OF_LENGTH.get(len(field), ""), field)
    )
    if LENGTH_OF_SCHEME.get(scheme) != len(digits):
        raise KeyFault("26", "key scheme")
    if not _HEX.issuperset(digits):
        raise KeyFault("15", "key digits")
    data = bytes.fromhex(digits)
    keys = _wrapping_keys(wrapping, scheme)
    return b"".join(tdes.decrypt(key, data[8 * index : 8 * index + 8]) for index, key in enumerate(keys))


def encrypt_key(clear: bytes, key_type: str, scheme: str = "U", lmk: Lmk = TEST_LMK) -> str:
    """The key field of a clear key under the LMK."""
    return wrap(lmk.key(key_type), clear, scheme)


def decrypt_key(field: str, key_type: str, lmk: Lmk = TEST_LMK) -> bytes:
    """The clear key of a key field under the LMK, unchecked; inside the HSM and in tests only."""
    return unwrap(lmk.key(key_type), field)
