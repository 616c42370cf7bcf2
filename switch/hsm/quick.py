"""Commands read at once: one regular expression for the fields before counted data, one for those behind.

Which fields there are may depend on what the command begins with, such as its mode. For each beginning there is a plan,
made when it is first met. What a plan cannot read, for whatever reason, is read field by field, which tells the error:
a plan reads nothing that the fields would not, and the same values."""

import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from operator import itemgetter
from typing import Any

from switch.hsm.keyfield import Key
from switch.hsm.layout import Choice, Counted, Field, Layout, Text, When
from switch.hsm.vault import Vault

# What a command's function returns for a text, or None when the text is not of the plan's form. Raises KeyFault.
Plan = Callable[[Vault, str], Any]
# The values of a text in the order of its fields, or None.
_Reader = Callable[[str], "list[Any] | None"]


class Plans(dict[str, "Plan | None"]):
    """The plans of a command by its first characters, which choose its form.

    `function` does the work of the command; `names` are its values, in the order in which it takes them.
    """

    def __init__(self, request: Layout, names: list[str], function: Callable[..., Any]) -> None:
        super().__init__()
        self._request = request
        self._names = names
        self._function = function
        self._choices = [field for field in takewhile(_chooses, request) if isinstance(field, Choice)]
        # Where the characters that choose end.
        self.end = 2 + sum(len(choice.options[0]) for choice in self._choices)

    def __missing__(self, beginning: str) -> "Plan | None":
        chosen, at = {}, 0
        for choice in self._choices:
            option = beginning[at : at + len(choice.options[0])]
            if option not in choice.options:
                return None  # not kept: what is wrong comes in any number of kinds
            chosen[choice.name] = option
            at += len(option)
        try:
            plan = self._plan([*_present(self._request, chosen)], chosen)
        except LookupError:
            plan = None
        self[beginning] = plan
        return plan

    def _plan(self, fields: list[Field], chosen: dict[str, str]) -> "Plan | None":
        told = [field.name for field in fields if field.name]
        counted = [field for field in fields if isinstance(field, Counted)]
        if len(counted) > 1 or len({*told}) != len(told):
            return None
        binary = [told.index(field.name) for field in fields if isinstance(field, Text) and field.binary]
        keys = [field for field in fields if isinstance(field, Key)]
        opened = [(told.index(key.name), told.index(key.typed_by) if key.typed_by else -1, key) for key in keys]
        if not counted and not binary:
            return self._run_fixed(_match_all(fields), opened, told)
        read = _reader_of_counted(fields, counted[0], chosen) if counted else _reader(fields)
        return self._run(_with_bytes(read, binary) if binary else read, opened, told)

    def _run_fixed(self, match: Any, opened: list[tuple[int, int, Key]], told: list[str]) -> Plan:
        """For forms that one expression finds as they are wanted: two calls fewer in the commands of every payment."""
        names, function = self._names, self._function
        absent = (None,) * (len(names) - len(told))
        arrange = _arrangement(names, told)
        at_place = [
            (names.index(told[at]), names.index(told[typed]) if typed >= 0 else -1, k) for at, typed, k in opened
        ]

        def run(vault: Vault, text: str) -> Any:
            found = match(text, 2)
            if found is None:
                return None
            values = [*arrange(found.groups() + absent)]
            for place, typed, key in at_place:
                if values[place] is not None:
                    values[place] = vault.open(values[place], key, "" if typed < 0 else values[typed])
            return function(vault, *values)

        return run

    def _run(self, read: _Reader, opened: list[tuple[int, int, Key]], told: list[str]) -> Plan:
        names, function = self._names, self._function
        absent = [None] * (len(names) - len(told))
        arrange = _arrangement(names, told)

        def run(vault: Vault, text: str) -> Any:
            values = read(text)
            if values is None:
                return None
            for place, typed, key in opened:
                if values[place] is not None:
                    values[place] = vault.open(values[place], key, "" if typed < 0 else values[typed])
            return function(vault, *arrange(values + absent if absent else values))

        return run


def _arrangement(names: list[str], told: list[str]) -> Any:
    """Puts values told, and None for those that are absent, into the order of `names`."""
    given = [*told, *(name for name in names if name not in told)]
    return itemgetter(*(given.index(name) for name in names)) if len(names) > 1 else tuple


def _match_all(fields: list[Field]) -> Any:
    return re.compile("".join(map(_pattern, fields)) + r"\Z").match


def _reader(fields: list[Field]) -> _Reader:
    match = _match_all(fields)

    def read(text: str) -> list[Any] | None:
        found = match(text, 2)
        return None if found is None else [*found.groups()]

    return read


def _reader_of_counted(fields: list[Field], counted: Counted, chosen: dict[str, str]) -> _Reader:
    at = fields.index(counted)
    head = re.compile("".join(map(_pattern, fields[:at])) + f"([0-9A-F]{{{counted.digits}}})").match
    tail = re.compile("".join(map(_pattern, fields[at + 1 :])) + r"\Z").match
    size = 2 if counted.doubled_by and chosen[counted.doubled_by] == "1" else 1
    mark, behind = counted.mark, len(counted.mark)

    def read(text: str) -> list[Any] | None:
        found = head(text, 2)
        if found is None:
            return None
        values = [*found.groups()]
        start = found.end()
        end = start + int(values[-1], 16) * size
        if end > len(text) or not text.startswith(mark, end):
            return None
        found = tail(text, end + behind)
        if found is None:
            return None
        values[-1] = text[start:end]
        values += found.groups()
        return values

    return read


def _with_bytes(read: _Reader, binary: list[int]) -> _Reader:
    def read_bytes(text: str) -> list[Any] | None:
        values = read(text)
        if values is not None:
            for place in binary:
                values[place] = values[place].encode("latin-1")
        return values

    return read_bytes


def _chooses(field: Field) -> bool:
    return isinstance(field, Choice)


def _present(layout: Layout, chosen: dict[str, str]) -> Iterator[Field]:
    """The fields of the form that was chosen; LookupError when that is not all that decides, or one has no pattern."""
    for field in layout:
        if field.pattern is not None or isinstance(field, Text | Counted):
            yield field
        elif type(field) is When:
            if chosen[field.of] in field.options:
                yield from _present(field.fields, chosen)
        else:
            raise LookupError(field.name)


def _pattern(field: Field) -> str:
    return f"((?s:.{{{field.count}}}))" if isinstance(field, Text) else field.pattern or ""
