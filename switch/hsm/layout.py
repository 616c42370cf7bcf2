"""The fields of host commands and replies as data: each knows its width, reads itself and says what is wrong.

`read(text, at, values)` stores what stands at `at` under the name of the field and returns where the next one starts.
Text is Latin-1: a character is a byte. Too few characters are error 15, other contents the `code` of the field.
`pattern` is a regular expression with one group that matches what `read` takes, and nothing else; None when there is
none. Commands read their first fields with it at once, and again one by one when it does not match."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from switch.hsm.faults import CommandFault

HEX = "0123456789ABCDEF"
Values = dict[str, Any]


@runtime_checkable
class Field(Protocol):
    """What a layout is made of."""

    @property
    def name(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def width(self) -> str: ...
    @property
    def pattern(self) -> str | None: ...
    def read(self, text: str, at: int, values: Values) -> int: ...


@dataclass(frozen=True, eq=False)
class Digits:
    """`count` decimal digits, kept as text."""

    name: str
    count: int
    code: str = "15"

    @property
    def width(self) -> str:
        return f"{self.count}N"

    @property
    def pattern(self) -> str | None:
        return f"([0-9]{{{self.count}}})"

    def read(self, text: str, at: int, values: Values) -> int:
        end = at + self.count
        found = text[at:end]
        if len(found) != self.count:
            raise CommandFault("15", f"{self.name} is short")
        if not found.isdecimal():  # in Latin-1 only 0 to 9 are
            raise CommandFault(self.code, f"{self.name}: expected digits")
        values[self.name] = found
        return end


@dataclass(frozen=True, eq=False)
class Hex:
    """`count` hexadecimal digits in upper case, kept as text."""

    name: str
    count: int
    code: str = "15"

    @property
    def width(self) -> str:
        return f"{self.count}H"

    @property
    def pattern(self) -> str | None:
        return f"([0-9A-F]{{{self.count}}})"

    def read(self, text: str, at: int, values: Values) -> int:
        end = at + self.count
        found = text[at:end]
        if len(found) != self.count:
            raise CommandFault("15", f"{self.name} is short")
        if found.strip(HEX):
            raise CommandFault(self.code, f"{self.name}: expected hexadecimal digits")
        values[self.name] = found
        return end


@dataclass(frozen=True, eq=False)
class Text:
    """`count` characters of any kind; `binary` ones are kept as bytes."""

    name: str
    count: int
    binary: bool = False
    code: str = "15"

    @property
    def width(self) -> str:
        return f"{self.count}{'B' if self.binary else 'A'}"

    @property
    def pattern(self) -> str | None:
        return None

    def read(self, text: str, at: int, values: Values) -> int:
        end = at + self.count
        found = text[at:end]
        if len(found) != self.count:
            raise CommandFault("15", f"{self.name} is short")
        values[self.name] = found.encode("latin-1") if self.binary else found
        return end


@dataclass(frozen=True, eq=False)
class Choice:
    """One of `options`, all of one length."""

    name: str
    options: tuple[str, ...]
    code: str = "15"

    @property
    def width(self) -> str:
        return f"{len(self.options[0])}A: {', '.join(self.options)}"

    @property
    def pattern(self) -> str | None:
        return f"({'|'.join(map(re.escape, self.options))})"

    def read(self, text: str, at: int, values: Values) -> int:
        end = at + len(self.options[0])
        found = text[at:end]
        if found not in self.options:
            short = len(found) < len(self.options[0])
            raise CommandFault("15" if short else self.code, f"{self.name}: expected one of {self.options}")
        values[self.name] = found
        return end


@dataclass(frozen=True, eq=False)
class Until:
    """1 to `most` digits up to `mark`, which is consumed."""

    name: str
    mark: str
    most: int
    code: str = "15"

    @property
    def width(self) -> str:
        return f"1 to {self.most}N and {self.mark}"

    @property
    def pattern(self) -> str | None:
        return f"([0-9]{{1,{self.most}}}){re.escape(self.mark)}"

    def read(self, text: str, at: int, values: Values) -> int:
        end = text.find(self.mark, at, at + self.most + 1)
        if end < 0:
            raise CommandFault("15", f"{self.name}: expected {self.mark!r} behind it")
        found = text[at:end]
        if not found.isdecimal():
            raise CommandFault(self.code, f"{self.name}: expected digits")
        values[self.name] = found
        return end + 1


@dataclass(frozen=True, eq=False)
class Counted:
    """A length in `digits` hexadecimal digits, that many characters, then `mark` when there is one.

    When the field `doubled_by` is 1 the length counts bytes and each is two characters.
    """

    name: str
    digits: int = 4
    mark: str = ""
    code: str = "80"
    doubled_by: str = ""
    pattern: None = None

    @property
    def width(self) -> str:
        return f"length {self.digits}H, data{' and ' + self.mark if self.mark else ''}"

    def read(self, text: str, at: int, values: Values) -> int:
        start = at + self.digits
        length = text[at:start]
        if len(length) != self.digits or length.strip(HEX):
            raise CommandFault("15", f"length of {self.name}")
        count = int(length, 16)
        end = start + (2 * count if self.doubled_by and values[self.doubled_by] == "1" else count)
        if end > len(text):
            raise CommandFault(self.code, f"{self.name} is shorter than its length")
        if not text.startswith(self.mark, end):
            raise CommandFault("15", f"{self.name}: expected {self.mark!r} behind it")
        values[self.name] = text[start:end]
        return end + len(self.mark)


@dataclass(frozen=True, eq=False)
class Rest:
    """At least `least` characters of any kind that have no length of their own: all, in a reply.

    In a command the last X'19' starts the trailer, if 32 characters at most are behind it, and % with two digits before
    that or at the end is the number of the LMK. So whoever ends a command with X'19' may have any data before it.
    """

    name: str
    code: str = "15"
    width: str = "the rest"
    least: int = 1
    in_reply: bool = False
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        end = len(text) if self.in_reply else _end_of_data(text, at)
        if end < at + self.least:
            raise CommandFault("15", f"{self.name} is empty")
        values[self.name] = text[at:end]
        return end


@dataclass(frozen=True, eq=False)
class PinUnderLmk:
    """PIN(L): what is left before `behind` more characters; see `switch.hsm.lmkpin`."""

    name: str
    behind: int = 0
    code: str = "24"
    width: str = "L"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        end = end_of_body(text, at) - self.behind
        found = text[at:end] if end > at else ""
        if not found:
            raise CommandFault("15", f"{self.name} is short")
        if not 5 <= len(found) <= 13:
            raise CommandFault("24", f"{self.name}: 5 to 13 characters")
        if not found.isdecimal():
            raise CommandFault("15", f"{self.name}: expected digits")
        values[self.name] = found
        return end


@dataclass(frozen=True, eq=False)
class ClearPin:
    """A clear PIN with F behind it, before `behind` more characters."""

    name: str
    behind: int = 0
    code: str = "24"
    width: str = "L: PIN and F"
    pattern: None = None

    def read(self, text: str, at: int, values: Values) -> int:
        end = end_of_body(text, at) - self.behind
        pin = text[at:end].rstrip("F") if end > at else ""
        if not pin:
            raise CommandFault("15", f"{self.name} is short")
        if end - at > 13:
            raise CommandFault("24", f"{self.name}: 13 characters at most")
        if not pin.isdecimal():
            raise CommandFault("15", f"{self.name}: expected digits")
        values[self.name] = pin
        return end


MOST_BEHIND = 33  # X'19' and 32 characters of a trailer
_LMK_NUMBER = re.compile(r"%[0-9]{2}\Z")


def _end_of_data(text: str, at: int) -> int:
    """Where data of any characters end."""
    mark = text.rfind("\x19", max(at, len(text) - MOST_BEHIND))
    end = len(text) if mark < 0 else mark
    return end - 3 if _LMK_NUMBER.search(text[max(at, end - 3) : end]) else end


def end_of_body(text: str, at: int) -> int:
    """Where the body of a command ends whose last field has digits and no length of its own."""
    mark = text.find("\x19", at)
    end = len(text) if mark < 0 else mark
    return end - 3 if text[end - 3 : end - 2] == "%" and end - 3 >= at else end


@dataclass(frozen=True, eq=False)
class Optional:
    """`fields` when `mark` stands here, else nothing: their names are None."""

    mark: str
    fields: tuple[Field, ...]
    name: str = ""
    code: str = "15"
    pattern: None = None

    def __init__(self, mark: str, *fields: Field) -> None:
        object.__setattr__(self, "mark", mark)
        object.__setattr__(self, "fields", fields)

    @property
    def width(self) -> str:
        return f"optional, after {self.mark}"

    def read(self, text: str, at: int, values: Values) -> int:
        if not text.startswith(self.mark, at):
            return at
        at += len(self.mark)
        for field in self.fields:
            at = field.read(text, at, values)
        return at


@dataclass(frozen=True, eq=False)
class When:
    """`fields` when the field `of`, read before, is one of `options`; else nothing: their names are None."""

    of: str
    options: tuple[str | None, ...]
    fields: tuple[Field, ...]
    name: str = ""
    code: str = "15"
    pattern: None = None

    def __init__(self, of: str, options: tuple[str | None, ...], *fields: Field) -> None:
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "fields", fields)

    @property
    def width(self) -> str:
        return f"when {self.of} is {' or '.join(option or 'left out' for option in self.options)}"

    def read(self, text: str, at: int, values: Values) -> int:
        if values[self.of] not in self.options:
            return at
        for field in self.fields:
            at = field.read(text, at, values)
        return at


@dataclass(frozen=True, eq=False)
class Refused:
    """Characters that would start what is not licensed here: error `code`."""

    marks: str
    code: str = "67"
    name: str = ""

    @property
    def width(self) -> str:
        return f"{' or '.join(self.marks)} is refused"

    @property
    def pattern(self) -> str | None:
        return f"(?![{re.escape(self.marks)}])"

    def read(self, text: str, at: int, values: Values) -> int:  # noqa: ARG002
        if text[at : at + 1] in tuple(self.marks):
            raise CommandFault(self.code, "not licensed")
        return at


Layout = tuple[Field, ...]


def flat(layout: Layout) -> Iterator[Field]:
    """Every field with a name, groups opened."""
    for field in layout:
        if isinstance(field, Optional | When):
            yield from flat(field.fields)
        elif field.name:
            yield field
