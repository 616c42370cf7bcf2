"""Key-block LMKs: keys as `S` blocks, version 0 under 3DES and version 1 under AES, with what they are for inside.

A key protects none that is stronger: the 3DES one takes no AES keys (BB).

The 3DES one is the public test LMK of captures; the AES one is this project's own. Both are for tests only."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from switch.crypto import keyblock, tdes
from switch.crypto.keyblock_header import Header, KeyBlockError
from switch.hsm import keycheck
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import KeyFault

# Errors of host commands for the parts of a block; what is left is B2, miscellaneous.
_CODES = {"MAC": "A4", "encrypted key": "A4", "key length": "A5", "protection key": "27", "optional block": "AC"}
# Versions of blocks under an AES key.
_AES_VERSIONS = ("1", "D")
# Algorithm and length of new keys: code of the header, cipher, bytes.
ALGORITHMS = {
    "D1": ("T", 8),
    "T1": ("T", 8),
    "T2": ("T", 16),
    "T3": ("T", 24),
    "A1": ("A", 16),
    "A2": ("A", 24),
    "A3": ("A", 32),
}


@dataclass(frozen=True, slots=True)
class About:
    """What a block says of its key."""

    usage: str
    algorithm: str = "T"
    mode: str = "N"
    version: str = "00"
    exportability: str = "E"


@dataclass(frozen=True, eq=False)
class BlockLmk:
    """A key-block LMK: 24 bytes of 3DES (`version` 0) or 32 of AES (1). `number` stands in the blocks it makes."""

    name: str
    secret: bytes
    version: str
    number: str
    test: bool

    def __repr__(self) -> str:
        return f"BlockLmk({self.name!r})"

    @property
    def check_value(self) -> str:
        """16 hex digits that tell LMKs apart."""
        if self.version == "0":
            return tdes.key_check_value(self.secret)
        context = CMAC(AES(self.secret))
        context.update(bytes(16))
        return context.finalize().hex().upper()[:16]

    @property
    def pin_key(self) -> bytes:
        """What PINs are kept under."""
        return b"PIN" + self.secret

    def open(self, field: str) -> ClearKey:
        """The key of a block, its MAC checked; raises KeyFault."""
        if field[0] != "S":
            raise KeyFault("26", "expected a key block")
        return open_block(self.secret, field)

    def keep(self, clear: bytes, about: About) -> str:
        """The block of a key."""
        return make_block(self.secret, clear, self.version, about, self.number)


def open_block(protection: bytes, field: str) -> ClearKey:
    """The key of an `S` or `R` block under a key."""
    try:
        found = keyblock.unwrap(bytes(protection), field.removeprefix("R"))
    except KeyBlockError as error:
        raise KeyFault(_CODES.get(error.part, "B2"), str(error)) from None
    header = found.header
    algorithm = "T" if header.algorithm == "D" else header.algorithm
    _check_wrapping(protection, header.version, found.key, algorithm)
    return ClearKey(
        found.key,
        algorithm=algorithm,
        usage=header.usage,
        mode=header.mode,
        version=header.key_version,
        exportability=header.exportability,
        scheme=field[0],
    )


def _check_wrapping(protection: bytes, version: str, clear: bytes, algorithm: str) -> None:
    over = "A" if version in _AES_VERSIONS else "T"
    keycheck.check_wrapping((over, len(protection)), (algorithm, len(clear)), "BB")


def make_block(protection: bytes, clear: bytes, version: str, about: About, number: str = "00") -> str:
    """A block of a key under a key."""
    _check_wrapping(protection, version, clear, about.algorithm)
    try:
        header = Header(version, about.usage, about.algorithm, about.mode, about.version, about.exportability, number)
        return keyblock.wrap(bytes(protection), header, clear)
    except KeyBlockError as error:
        raise KeyFault(_CODES.get(error.part, "B2"), str(error)) from None


TEST_BLOCK_LMK = BlockLmk(
    "public 3DES key-block test LMK",
    bytes.fromhex("0123456789ABCDEF8080808080808080FEDCBA9876543210"),
    version="0",
    number="01",
    test=True,
)
TEST_AES_LMK = BlockLmk(
    "AES key-block test LMK",
    bytes.fromhex("0123456789ABCDEF8080808080808080FEDCBA98765432107F7F7F7F7F7F7F7F"),
    version="1",
    number="02",
    test=True,
)
