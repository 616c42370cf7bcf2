"""The log lines in docs/failures are lines that the code writes, with event, level and keys; what is named exists."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "failures").glob("*.rst")) + [ROOT / "docs" / "guarantees.rst"]
_FLOORS = ("link", "switching", "engine", "journal", "daemon")
_LEVELS = ("debug", "info", "warning", "error", "critical")


def _text(node):
    """A pattern of what a string expression can be; None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else ".+" for part in node.values)
    if isinstance(node, ast.IfExp):
        return f"(?:{_text(node.body)}|{_text(node.orelse)})"
    return None


def _calls():
    """(levels, event, keys or None for any) of every log call of the switch."""
    for floor in _FLOORS:
        for path in (ROOT / "switch" / floor).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                name, args = node.func.attr, [_text(arg) for arg in node.args]
                if name in (*_LEVELS, "exception") and len(args) == 1 and args[0]:
                    level, event = ("error" if name == "exception" else name), args[0]
                elif name == "log" and len(args) == 2 and all(args):
                    level, event = args
                else:
                    continue
                keys = {keyword.arg for keyword in node.keywords}
                yield level, event, None if None in keys else keys


CALLS = list(_calls())
LINES = [
    (page.name, line.strip()) for page in PAGES for line in page.read_text().splitlines() if re.match(r"\s+\{", line)
]


def test_there_are_lines_on_every_page_that_has_something_to_see():
    assert len({page for page, _ in LINES}) >= 9 and len(LINES) >= 40


@pytest.mark.parametrize(("page", "text"), LINES)
def test_the_code_writes_this_line(page, text):
    line = json.loads(text)
    event, level, keys = line.pop("event"), line.pop("level"), set(line)
    fitting = [call for call in CALLS if re.fullmatch(call[1], event) and re.fullmatch(call[0], level)]
    assert fitting, f"no log call of {level} {event!r}"
    assert any(found is None or found == keys for _, _, found in fitting), f"{event!r} has other keys: {fitting}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_and_test_that_is_named_exists(page):
    text = page.read_text()
    for named in re.findall(r"(?<![\w/])(?:docs/|tests/)[\w/]+(?:\.rst|\.py)?", text):
        assert (ROOT / named).exists(), named
    for named in re.findall(r"(?<![\w/])(\w+\.rst)", text):
        assert (page.parent / named).exists() or (ROOT / "docs" / named).exists(), named
    for named in re.findall(r"``(test_\w+\.py)``", text):
        assert list((ROOT / "tests").rglob(named)), named


def test_the_index_names_every_page():
    index = (ROOT / "docs" / "failures" / "index.rst").read_text()
    assert all(page.name in index for page in PAGES if page.parent.name == "failures" and page.name != "index.rst")
