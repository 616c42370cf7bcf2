"""The key field K of a host command, read as text: `16H`, `U` or `X` + 32H, `T` or `Y` + 48H, `S` + key block.

Opening it waits until the number of the LMK at the end of the command is known."""

from dataclasses import dataclass

from switch.hsm.faults import CommandFault
from switch.hsm.kinds import BLOCK_TYPE, KINDS, PCI_CODES
from switch.hsm.layout import HEX, Choice, Values

_LENGTHS = {"U": 33, "X": 33, "T": 49, "Y": 49}
_HEADER = 17  # S, version, length 4, usage 2, algorithm, mode, version 2, exportability, blocks 2, LMK 2


@dataclass(frozen=True, eq=False)
class Key:
    """A key of a kind, or of the type in the field `typed_by`, which must then be one of `kinds` when there are any.

    `code` is the parity error (10 source, 11 destination). `plain` are the digits of a key without a scheme letter.
    `sizes` are the lengths in bytes it may have, else 27. `use` is what is done with it, for its mode of use. `usages`
    are those that a block of it may name, when they are fewer than those of its kind.
    """

    name: str
    kind: str = ""
    code: str = "10"
    plain: int = 16
    sizes: tuple[int, ...] = (8, 16, 24, 32)
    use: str = "E"
    typed_by: str = ""
    kinds: tuple[str, ...] = ()
    algorithms: str = "T"
    usages: tuple[str, ...] = ()

    @property
    def width(self) -> str:
        return f"K: {self.kind or ' '.join(self.kinds) or 'any type'}"

    @property
    def pattern(self) -> str:
        """Blocks have none: they are read one by one."""
        return f"([UX][0-9A-F]{{32}}|[TY][0-9A-F]{{48}}|[0-9A-F]{{{self.plain}}})"

    def read(self, text: str, at: int, values: Values) -> int:
        scheme = text[at : at + 1]
        end = at + (_block_length(text, at) if scheme in ("S", "R") else _LENGTHS.get(scheme, self.plain))
        field = text[at:end]
        if len(field) != end - at:
            raise CommandFault("15", f"{self.name} is short")
        digits = field[1:] if scheme in _LENGTHS else field
        if scheme not in ("S", "R") and digits.strip(HEX):
            raise CommandFault("15", f"{self.name}: expected hexadecimal digits")
        values[self.name] = field
        return end


def _block_length(text: str, at: int) -> int:
    """The length of a key block with its S; its header says it in four digits."""
    digits = text[at + 2 : at + 6]
    if len(digits) != 4:
        raise CommandFault("15", "key block is short")
    if not digits.isdecimal() or int(digits) < _HEADER - 1:
        raise CommandFault("26", "key block without a length")
    return 1 + int(digits)


@dataclass(frozen=True, eq=False)
class TypeCode:
    """A key type code VPP, of one of `kinds` when there are any; FFF under a key-block LMK."""

    name: str
    kinds: tuple[str, ...] = ()
    code: str = "04"

    @property
    def codes(self) -> frozenset[str]:
        """The codes it may have, with and without PCI key separation; none when it may be any."""
        every = (PCI_CODES.get(kind, KINDS[kind].code) for kind in self.kinds)
        return frozenset((*every, *(KINDS[kind].code for kind in self.kinds), *(BLOCK_TYPE for _ in self.kinds)))

    @property
    def width(self) -> str:
        return f"3H{': ' if self.kinds else ''}{', '.join(self.kinds)}"

    @property
    def pattern(self) -> str:
        return f"({'|'.join(self.codes) if self.kinds else '[0-9A-F]{3}'})"

    def read(self, text: str, at: int, values: Values) -> int:
        end = at + 3
        found = text[at:end]
        if len(found) != 3:
            raise CommandFault("15", f"{self.name} is short")
        if found.strip(HEX) or (self.kinds and found not in self.codes):
            raise CommandFault("04", "key type code")
        values[self.name] = found
        return end


def Scheme(name: str) -> Choice:  # noqa: N802
    """The scheme letter of a key in the reply."""
    return Choice(name, ("Z", "U", "X", "T", "Y", "S", "R"), "26")


@dataclass(frozen=True, eq=False)
class WrappedKey:
    """A key under another key than the LMK: kept as text for the function to open."""

    name: str
    plain: int = 16
    code: str = "15"
    width: str = "K"

    @property
    def pattern(self) -> str:
        return Key(self.name, plain=self.plain).pattern

    def read(self, text: str, at: int, values: Values) -> int:
        return Key(self.name, plain=self.plain).read(text, at, values)


@dataclass(frozen=True, eq=False)
class KeyOut:
    """A key in a reply, under the LMK or another key."""

    name: str
    plain: int = 16
    code: str = "15"
    width: str = "K"

    @property
    def pattern(self) -> str:
        return Key(self.name, plain=self.plain).pattern

    def read(self, text: str, at: int, values: Values) -> int:
        return Key(self.name, plain=self.plain).read(text, at, values)
