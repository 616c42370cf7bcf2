"""BU: check values of keys of any type."""

from dataclasses import dataclass

from switch.hsm.clearkey import ClearKey, check_digits
from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key
from switch.hsm.kinds import BLOCK_TYPE
from switch.hsm.layout import HEX, Choice, Optional, Values, When
from switch.hsm.table import command
from switch.hsm.vault import Vault

# Length flag F goes with a key block, whose header tells; no other flag does.
_FLAGS = {"0": 8, "1": 16, "2": 24}


@dataclass(frozen=True, eq=False)
class FlaggedKey(Key):
    """A key of any type: a key block with `blocks`, else none; 05 for what the length flag does not go with."""

    blocks: bool = False

    def read(self, text: str, at: int, values: Values) -> int:
        scheme = text[at : at + 1]
        if scheme and (scheme in ("S", "R")) != self.blocks:
            raise CommandFault("05", "key length flag")
        return super().read(text, at, values)


@dataclass(frozen=True, eq=False)
class ShortType:
    """A key type as variant and last character of the pair; FF leaves it to the LongType behind the key."""

    name: str
    code: str = "04"
    width: str = "2H, or FF"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        found = text[at : at + 2]
        if len(found) != 2:
            raise CommandFault("15", "key type is short")
        values[self.name] = None if found == "FF" else f"{found[0]}0{found[1]}"
        return at + 2


@dataclass(frozen=True, eq=False)
class LongType:
    """`;` and a key type VPP, when the ShortType was FF."""

    name: str
    code: str = "04"
    width: str = "3H after ;, when FF was given"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        if values[self.name] is not None:
            return at
        if values["block"] and text[at : at + 4] != f";{BLOCK_TYPE}":
            values[self.name] = BLOCK_TYPE
            return at
        if text[at : at + 1] != ";":
            raise CommandFault("04", "key type code")
        found = text[at + 1 : at + 4]
        if len(found) != 3:
            raise CommandFault("15", "key type is short")
        if found.strip(HEX):
            raise CommandFault("04", "key type code")
        values[self.name] = found
        return at + 4


@dataclass(frozen=True, eq=False)
class CheckValue:
    """A check value in a reply: 6 or 16 digits, as asked."""

    name: str
    code: str = "15"
    width: str = "16H or 6H"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        found = text[at:]
        if len(found) not in (6, 8, 12, 16) or found.strip(HEX):
            raise CommandFault("15", "check value")
        values[self.name] = found
        return len(text)


@command(
    "BU",
    "Generate a key check value",
    request=(
        ShortType("key_type"),
        Choice("flag", (*_FLAGS, "F"), "05"),
        When("flag", ("0",), FlaggedKey("single", typed_by="key_type", use="", plain=16)),
        When("flag", ("1",), FlaggedKey("double", typed_by="key_type", use="", plain=32)),
        When("flag", ("2",), FlaggedKey("triple", typed_by="key_type", use="", plain=48)),
        When("flag", ("F",), FlaggedKey("block", typed_by="key_type", use="", algorithms="TA", blocks=True)),
        LongType("key_type"),
        Optional(";", Choice("kcv_type", ("000", "001"))),
    ),
    reply=(CheckValue("kcv"),),
    errors=("04", "05"),
    evidence="A B C V",
)
def check_value(
    vault: Vault,  # noqa: ARG001
    key_type: str,  # noqa: ARG001
    flag: str,
    single: ClearKey | None,
    double: ClearKey | None,
    triple: ClearKey | None,
    block: ClearKey | None,
    kcv_type: str | None,
) -> str:
    """16 digits, or 6 when the check value type is 001; without a type a key of a block has 6 and another 16."""
    key = block or single or double or triple or ClearKey(b"")
    if flag != "F" and len(key) != _FLAGS[flag]:
        raise CommandFault("05", "key length flag")
    short = kcv_type == "001" or (kcv_type is None and flag == "F")
    return check_digits(key, key.algorithm, 6 if short else 16)
