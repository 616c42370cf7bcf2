"""docs/messages.rst, framing.rst and mti.rst are true: their examples run, their tables are those of the code."""

import doctest
import re
from pathlib import Path

import pytest

from switch.message import Framing, make_framer
from switch.message.framing_lengths import LENGTHS
from switch.message.mti import CLASSES, FUNCTIONS, ORIGINS, VERSIONS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("page", "at_least"), [("framing.rst", 15), ("mti.rst", 10), ("messages.rst", 20)])
def test_the_examples_run(page: str, at_least: int) -> None:
    result = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
    assert result.attempted >= at_least


def test_the_table_of_lengths_is_that_of_the_code() -> None:
    expected = []
    for kind, length in LENGTHS.items():
        most = "2^32-1" if length.most == 2**32 - 1 else str(length.most)
        written = make_framer(kind).wrap(bytes(300))[: length.width].hex().upper()
        expected.append([kind, str(length.width), most, length.form, written])
    assert _table("framing.rst", "kind") == expected


def test_the_table_of_settings_is_that_of_the_code() -> None:
    rows = {row[0]: row[1] for row in _table("framing.rst", "key")}
    framing = Framing(kind="len2")
    fields = {name: "" if name == "kind" else str(getattr(framing, name)).lower() for name in framing.__struct_fields__}
    assert rows == fields


@pytest.mark.parametrize(("name", "table"), [("version", VERSIONS), ("class", CLASSES), ("origin", ORIGINS)])
def test_a_table_of_digits_is_that_of_the_code(name: str, table: dict[str, str]) -> None:
    assert _table("mti.rst", "digit", name) == [list(item) for item in table.items()]


def test_the_table_of_functions_is_that_of_the_code() -> None:
    assert _table("mti.rst", "digit", "function") == [
        [digit, function.name, VERSIONS[function.since], "" if function.answer == digit else function.answer]
        for digit, function in FUNCTIONS.items()
    ]


def _table(page: str, *heads: str) -> list[list[str]]:
    """The rows of the simple table whose first columns are called `heads`."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        if line.split()[: len(heads)] == list(heads) and lines[at - 1] == lines[at + 1] and lines[at - 1][:1] == "=":
            spans = [found.span() for found in re.finditer("=+", lines[at + 1])]
            rows = lines[at + 2 : lines.index(lines[at + 1], at + 2)]
            return [
                [row[begin : None if (begin, end) == spans[-1] else end].strip() for begin, end in spans]
                for row in rows
            ]
    raise AssertionError(f"{page} has no table of {heads}")
