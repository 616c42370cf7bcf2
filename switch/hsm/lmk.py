"""Keys under a variant LMK: the pairs, the variants of key types and schemes. The one here is public: for tests only.

Source: docs/hsm.rst, "Local master key"."""

from dataclasses import dataclass
from functools import lru_cache

from switch.crypto import tdes
from switch.hsm.faults import KeyFault

_PAIRS = {
    "00-01": ("01" * 8, "7902CD1FD36EF8BA"),
    "02-03": ("20" * 8, "31" * 8),
    "04-05": ("40" * 8, "51" * 8),
    "06-07": ("61" * 8, "70" * 8),
    "08-09": ("80" * 8, "91" * 8),
    "10-11": ("A1" * 8, "B0" * 8),
    "12-13": ("C1C1010101010101", "D0D0010101010101"),
    "14-15": ("E0E0010101010101", "F1F1010101010101"),
    "16-17": ("1C587F1C13924FEF", "01" * 8),
    "18-19": ("01" * 8, "01" * 8),
    "20-21": ("02" * 8, "04" * 8),
    "22-23": ("07" * 8, "10" * 8),
    "24-25": ("13" * 8, "15" * 8),
    "26-27": ("16" * 8, "19" * 8),
    "28-29": ("1A" * 8, "1C" * 8),
    "30-31": ("23" * 8, "25" * 8),
    "32-33": ("26" * 8, "29" * 8),
    "34-35": ("2A" * 8, "2C" * 8),
    "36-37": ("2F" * 8, "31" * 8),
    "38-39": ("01" * 8, "01" * 8),
}
# The pair of the last two characters of a key type code.
PAIR_OF_CODE = {
    "00": "04-05", "01": "06-07", "02": "14-15", "03": "16-17", "04": "18-19", "05": "20-21", "06": "22-23",
    "07": "24-25", "08": "26-27", "09": "28-29", "0A": "30-31", "0B": "32-33", "0C": "34-35", "0D": "36-37",
    "0E": "38-39",
}  # fmt: skip
_VARIANTS = bytes.fromhex("00A65A6ADE2B50749CFA")
_SCHEME_VARIANTS = {"U": (0xA6, 0x5A), "T": (0x6A, 0xDE, 0x2B), "X": (0, 0), "Y": (0, 0, 0), "Z": (0,)}
_SCHEME_OF_LENGTH = {16: "Z", 32: "X", 48: "Y"}
_HEX = frozenset("0123456789ABCDEFabcdef")
LENGTH_OF_SCHEME = {"U": 32, "X": 32, "T": 48, "Y": 48, "Z": 16}


@dataclass(frozen=True, eq=False)
class Lmk:
    """A variant LMK: pairs of 16 bytes by their numbers; `published_check` is what real HSMs print of it, if known."""

    name: str
    pairs: dict[str, bytes]
    test: bool
    published_check: str = ""

    def __repr__(self) -> str:
        return f"Lmk({self.name!r})"

    def key(self, key_type: str) -> bytes:
        """The 16 bytes that protect keys of the type VPP: pair PP with variant V on its first byte."""
        variant, pair = key_type[:1], self.pairs.get(PAIR_OF_CODE.get(key_type[1:], ""))
        if len(key_type) != 3 or pair is None or variant not in "0123456789":
            raise KeyFault("04", "key type code")
        return bytes((pair[0] ^ _VARIANTS[int(variant)],)) + pair[1:]

    @property
    def check_value(self) -> str:
        """16 hex digits that tell LMKs apart, as NC answers: what is published, else zeros under the pair of zone keys.

        How real HSMs compute it over the pairs is not public.
        """
        return self.published_check or tdes.key_check_value(self.pairs["06-07"])

    @property
    def pin_key(self) -> bytes:
        """What PINs are kept under."""
        return self.pairs["02-03"]


# Public logs of NC show 268604 and zeros for it (the README of ThalesBogr by Bondan Sumbodo, among others).
TEST_LMK = Lmk(
    "public test LMK",
    {pair: bytes.fromhex(left + right) for pair, (left, right) in _PAIRS.items()},
    test=True,
    published_check="2686040000000000",
)


@lru_cache(maxsize=4096)
def _wrapping_keys(key: bytes, scheme: str) -> tuple[bytes, ...]:
    variants = _SCHEME_VARIANTS[scheme]
    if len(key) == 8:  # a single-length zone master key has no second half to vary
        return (key,) * len(variants)
    return tuple(key[:8] + bytes((key[8] ^ variant,)) + key[9:] for variant in variants)


def scheme_of(field: str) -> str:
    """The scheme of a key field, "" for digits alone."""
    return field[0] if field[0] in "UXTYSR" else ""


def wrap(wrapping: bytes, clear: bytes, scheme: str) -> str:
    """`clear` (8, 16 or 24 bytes) under a 16-byte key in a scheme: "Z", "X", "Y" plain, "U", "T" with variants.

    The scheme "" is plain without a letter, whatever the length.
    """
    if not scheme:
        return tdes.encrypt(wrapping, clear).hex().upper()
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
