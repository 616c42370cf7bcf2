"""DUKPT in host commands: the key serial number, where a destination is a base key, and the keys of a transaction.

Triple DES only (ANSI X9.24-1). The layout of host commands with AES DUKPT is in no open source: a base key of AES is
refused (A7)."""

from dataclasses import dataclass

from switch.crypto import dukpt_tdes
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key
from switch.hsm.kinds import KINDS
from switch.hsm.layout import HEX, Field, Hex, Values, When, end_of_body

_COUNTER, _LEAST, _WHOLE = 5, 12, 20
BASE = "*"


@dataclass(frozen=True, eq=False)
class Descriptor(Hex):
    """A KSN descriptor: three hex digits, the lengths of base key id, sub-key id and device id."""

    count: int = 3

    @property
    def width(self) -> str:
        return "3H, 7 to 15 in all"

    def read(self, text: str, at: int, values: Values) -> int:
        end = super().read(text, at, values)
        if not _LEAST <= digits_of(values[self.name]) <= _WHOLE:
            raise CommandFault(self.code, f"{self.name}: expected a KSN of 12 to 20 digits")
        return end

    @property
    def pattern(self) -> None:
        return None


DESCRIPTOR = Descriptor("descriptor")


def digits_of(descriptor: str) -> int:
    """How many digits a KSN has, the 5 of its counter counted."""
    return sum(int(digit, 16) for digit in descriptor) + _COUNTER


@dataclass(frozen=True, eq=False)
class Ksn:
    """A KSN in as many digits as its `descriptor` says, or in 20 with F in front of them; kept as 10 bytes.

    `behind` is how many characters follow, when that is known: it tells a short KSN that starts with F.
    """

    name: str
    descriptor: str = "descriptor"
    behind: int = 0
    code: str = "15"
    width: str = "12 to 20H"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        size = digits_of(values[self.descriptor])
        filled = text.startswith("F" * (_WHOLE - size), at)
        if filled and not (self.behind and end_of_body(text, at) - at == size + self.behind):
            size = _WHOLE
        found = text[at : at + size]
        if len(found) != size:
            raise CommandFault("15", f"{self.name} is short")
        if found.strip(HEX):
            raise CommandFault(self.code, f"{self.name}: expected hexadecimal digits")
        values[self.name] = bytes.fromhex(found.rjust(_WHOLE, "F"))
        return at + size


@dataclass(frozen=True, eq=False)
class DestinationKind:
    """`*` when the key that follows is a base key, else nothing; a block of usage B0 says it by itself."""

    name: str
    code: str = "67"
    width: str = "* before a BDK, else nothing"
    pattern: str = "(?![*~!$])()"

    def read(self, text: str, at: int, values: Values) -> int:
        mark = text[at : at + 1]
        if mark in ("~", "!", "$"):
            raise CommandFault(self.code, "only base keys of the first type")
        values[self.name] = BASE if mark == BASE or _is_base_block(text[at : at + 8]) else ""
        return at + (mark == BASE)


@dataclass(frozen=True, eq=False)
class ZoneKey(Key):
    """A ZPK, unless the field `unless` says that a base key follows."""

    unless: str = ""

    @property
    def width(self) -> str:
        return f"K: {self.kind}, unless {self.unless} is {BASE}"

    def read(self, text: str, at: int, values: Values) -> int:
        return at if values[self.unless] == BASE else super().read(text, at, values)


@dataclass(frozen=True, eq=False)
class Apart(When):
    """A `When` that never holds where fields are read at once, so that they still can be."""

    pattern = ""

    def __init__(self, of: str, options: tuple[str | None, ...], *fields: Field) -> None:
        super().__init__(of, options, *fields)


@dataclass(frozen=True, eq=False)
class WhenBase(When):
    """`fields` when the key in the field `of` is a base key: of its type by `typed_by`, or a block of usage B0."""

    typed_by: str = ""

    def __init__(self, of: str, typed_by: str, *fields: Field) -> None:
        super().__init__(of, (), *fields)
        object.__setattr__(self, "typed_by", typed_by)

    @property
    def width(self) -> str:
        return f"when {self.of} is a BDK"

    def read(self, text: str, at: int, values: Values) -> int:
        if values[self.typed_by] == KINDS["BDK"].code or _is_base_block(values[self.of]):
            for field in self.fields:
                at = field.read(text, at, values)
        return at


def pin_key(bdk: bytes, ksn: bytes) -> ClearKey:
    """The key of the PIN block of one transaction; CommandFault 15 for a counter that no terminal uses."""
    return ClearKey(dukpt_tdes.pin_key(_transaction_key(bdk, ksn)), once=True)


def data_key(bdk: bytes, ksn: bytes) -> bytes:
    """The key of the data of one transaction, of the request or both ways."""
    return dukpt_tdes.data_key(_transaction_key(bdk, ksn))


def _is_base_block(field: str) -> bool:
    return field[:1] == "S" and field[6:8] == "B0"


def _transaction_key(bdk: bytes, ksn: bytes) -> bytes:
    if len(bdk) != dukpt_tdes.KEY_BYTES:
        raise CommandFault("27", "key length")
    try:
        return dukpt_tdes.transaction_key(dukpt_tdes.initial_key(bdk, ksn), ksn)
    except ValueError as error:
        raise CommandFault("15", str(error)) from None
