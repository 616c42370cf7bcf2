"""The table of host commands. A command is a function with its request and reply layout as data:

    @command("CW", "Generate a CVV", request=(Key("cvk", "CVK", plain=32), ...), reply=(Digits("cvv", 3),))
    def generate_cvv(vault, cvk, pan, expiry, service_code): ...

The function gets the fields of the request by name, keys clear and checked, and returns the body of the reply, or an
`Answer` with another error than 00. Number of the LMK (`%nn`), trailer (X'19') and all other errors are done here."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from itertools import takewhile
from typing import Any

from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key
from switch.hsm.layout import MOST_BEHIND, Field, Layout, Values, flat
from switch.hsm.quick import Plans
from switch.hsm.vault import Vault

# What any command can answer: input, number of the LMK, not enabled, a fault of the HSM itself.
COMMON_ERRORS = frozenset({"00", "13", "15", "41", "68"})
# What a command with a key can answer besides: parity is the code of the key; A1 to BD come from key blocks.
KEY_ERRORS = frozenset({"04", "26", "27", "75", "A4", "A5", "A6", "A7", "A8", "A9", "AA", "AC", "B2", "BB"})


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a reply with another error than 00."""

    error: str
    body: str = ""


def verdict(same: bool) -> str | Answer:
    """00, or 01 for what was not verified."""
    return "" if same else Answer("01")


Function = Callable[..., str | Answer]
# Characters of a command code.
_CODE = 2


def _never(_vault: Vault, _text: str) -> None:
    """For commands that are always read field by field."""


@dataclass(frozen=True, eq=False)
class Command:
    """One row of the table. `errors` are what its function raises; those of fields and keys are known from them."""

    code: str
    title: str
    request: Layout
    reply: Layout
    function: Function
    errors: tuple[str, ...] = ()
    after: Layout = ()
    evidence: str = ""
    authorised: bool = False

    def __post_init__(self) -> None:
        fields = (*flat(self.request), *flat(self.after))
        first = list(takewhile(lambda field: field.pattern is not None, self.request))
        object.__setattr__(self, "_readers", [field.read for field in self.request])
        object.__setattr__(self, "_blank", {field.name: None for field in fields})
        object.__setattr__(self, "_match", re.compile("".join(field.pattern or "" for field in first)).match)
        object.__setattr__(self, "_first", tuple(field.name for field in first if field.name))
        object.__setattr__(self, "_later", [field.read for field in self.request[len(first) :]])
        object.__setattr__(self, "keys", tuple(field for field in fields if isinstance(field, Key)))
        object.__setattr__(self, "_open", [(key.name, key.typed_by, key) for key in self.keys])
        object.__setattr__(self, "reply_code", self.code[0] + chr(ord(self.code[1]) + 1))
        object.__setattr__(self, "quick", self._quick())

    def _quick(self) -> Callable[[Vault, str], str | Answer | None]:
        """What `parse` and `answer` do, for a command in one of the forms that can be read at once; else None."""
        names = [name for name in signature(self.function).parameters if name != "vault"]
        if {*names} != {*self._blank} or self.authorised:
            return _never
        plans = Plans(self.request, names, self.function)
        end = plans.end
        if end == _CODE:  # nothing to choose from
            return plans[""] or _never

        def quick(vault: Vault, text: str) -> str | Answer | None:
            plan = plans[text[2:end]]
            return plan(vault, text) if plan else None

        return quick

    quick: Any = None
    _readers: Any = None
    _blank: Any = None
    _match: Any = None
    _first: Any = None
    _later: Any = None
    _open: Any = None
    keys: tuple[Key, ...] = ()
    reply_code: str = ""

    @property
    def all_errors(self) -> frozenset[str]:
        """Every error that this command answers."""
        fields: tuple[Field, ...] = (*flat(self.request), *flat(self.after))
        found = COMMON_ERRORS | set(self.errors) | {field.code for field in fields}
        return found | (KEY_ERRORS if self.keys else frozenset()) | ({"17"} if self.authorised else frozenset())

    def parse(self, text: str) -> tuple[Values, str, str]:
        """The fields behind the command code, keys as text; the number of the LMK and the trailer as sent."""
        values: Values = self._blank.copy()
        match = self._match(text, 2)
        if match is None:
            at, readers = 2, self._readers
        else:
            values.update(zip(self._first, match.groups(), strict=True))
            at, readers = match.end(), self._later
        for read in readers:
            at = read(text, at, values)
        if at == len(text):
            return values, "00", ""
        number = "00"
        if text[at : at + 1] == "%":
            number = text[at + 1 : at + 3]
            if len(number) != 2 or not number.isdecimal():
                raise CommandFault("15" if len(number) != 2 else "13", "number of the LMK")
            at += 3
        for field in self.after:
            at = field.read(text, at, values)
        trailer = text[at:]
        if trailer and (trailer[0] != "\x19" or len(trailer) > MOST_BEHIND):
            raise CommandFault("15", "body is long")
        return values, number, trailer

    def answer(self, vault: Vault, values: Values) -> str | Answer:
        """Opens the keys and does the work."""
        for name, typed_by, key in self._open:
            field = values[name]
            if field is not None:
                values[name] = vault.open(field, key, values[typed_by] if typed_by else "")
        return self.function(vault, **values)

    def read_reply(self, body: str, values: Values | None = None) -> Values:
        """The fields of a reply's body, without trailer; `values` are those of the request, which some depend on."""
        found = dict(values or {}) | {field.name: None for field in flat(self.reply)}
        at = 0
        for field in self.reply:
            at = field.read(body, at, found)
        if at != len(body):
            raise CommandFault("15", "reply is long")
        return found


TABLE: dict[str, Command] = {}


def command(
    code: str,
    title: str,
    *,
    request: Layout = (),
    reply: Layout = (),
    errors: tuple[str, ...] = (),
    after: Layout = (),
    evidence: str = "",
    authorised: bool = False,
) -> Callable[[Function], Function]:
    """Puts a function into the table. `evidence` names the sources as the host command reference does."""

    def add(function: Function) -> Function:
        if code in TABLE:
            raise ValueError(f"two commands {code}")
        TABLE[code] = Command(code, title, request, reply, function, errors, after, evidence, authorised)
        return function

    return add
