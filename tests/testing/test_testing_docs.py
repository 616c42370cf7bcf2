"""docs/testing.rst: its example finds the bug, its tables name what there is."""

import re
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, settings
from switch.tools.fuzz import main

from switch.testing import KINDS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "testing.rst").read_text(encoding="utf-8")


@contextmanager
def a_busy_machine():
    settings.register_profile("busy", deadline=None, database=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("busy")
    try:
        yield
    finally:
        settings.load_profile("default")


def test_the_example_finds_its_planted_bug_and_shows_a_small_message():
    example = dedent(re.search(r"code-block:: python\n\n(.*?)\n\S", TEXT, re.DOTALL)[1])
    names = {"__name__": "example"}
    with a_busy_machine():
        exec(compile(example, "docs/testing.rst", "exec"), names)
    with pytest.raises(AssertionError) as failure, a_busy_machine():
        names["test_the_host_returns_every_field"]()
    shown = re.search(r"<pos-1987-ascii\s+0800\s+([^>]*)>", "\n".join(failure.value.__notes__))[1]
    fields = re.findall(r"(\d+)=", shown)
    assert "55" in fields
    assert len(fields) <= 5


def test_every_kind_of_mutation_is_in_the_table():
    table = TEXT.partition("kind of mutation")[2].partition("switch-fuzz\n")[0]
    assert set(KINDS) == {row[:21].strip() for row in table.splitlines() if row[:1].islower()}


def test_every_option_is_in_the_table_with_its_default():
    for option in main.params:
        if option.opts[0] in ("host", "--version"):
            continue
        row = re.search(rf"^``{option.opts[0]}.*", TEXT, re.MULTILINE)[0]
        if option.name not in ("slow", "header", "file"):
            assert str(option.default).removesuffix(".0") in row
