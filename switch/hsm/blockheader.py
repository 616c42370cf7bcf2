"""The header that a command asks for in a new key block, behind the number of the LMK, and what it may say."""

from dataclasses import dataclass

from switch.hsm.blocklmk import ALGORITHMS, About
from switch.hsm.faults import CommandFault, KeyFault
from switch.hsm.kinds import MODES_OF_USAGE, algorithms_of
from switch.hsm.layout import Choice, Optional, Text, Values


@dataclass(frozen=True, eq=False)
class Version:
    """The two characters of a key's version: digits and letters, else A9."""

    name: str
    code: str = "A9"
    width: str = "2A"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        found = text[at : at + 2]
        if len(found) != 2:
            raise CommandFault("15", f"{self.name} is short")
        if not (found.isascii() and found.isalnum()):
            raise CommandFault(self.code, "version of the key")
        values[self.name] = found
        return at + 2


KEY_VERSION = Version("key_version")
OPTIONAL_BLOCKS = Choice("optional_blocks", ("00",), "AB")
HEADER = Optional(
    "#",
    Text("usage", 2, code="A6"),
    Choice("algorithm", tuple(ALGORITHMS), "A7"),
    Text("mode_of_use", 1, code="A8"),
    KEY_VERSION,
    Choice("exportability", ("E", "N", "S"), "AA"),
    OPTIONAL_BLOCKS,
)
# What the block says that leaves, when it is another than that of the block under the LMK.
EXPORTED = Optional("&", Choice("exported_as", ("E", "N", "S"), "AA"))


def about_new(header: dict[str, str | None]) -> tuple[About, int]:
    """What a key is for by a header that was read, and its bytes; 15 without one, A6 to A8 for what X9.143 has not."""
    usage, mode, version = header["usage"], header["mode_of_use"], header["key_version"]
    if usage is None or mode is None or version is None:
        raise CommandFault("15", "expected the header of the key block")
    algorithm, size = ALGORITHMS[header["algorithm"] or ""]
    if usage not in MODES_OF_USAGE:
        raise KeyFault("A6", "usage of the key")
    if algorithm not in algorithms_of(usage):
        raise KeyFault("A7", "algorithm of the key")
    if mode not in MODES_OF_USAGE[usage]:
        raise KeyFault("A8", "mode of use of the key")
    return About(usage, algorithm, mode, version, header["exportability"] or "N"), size
