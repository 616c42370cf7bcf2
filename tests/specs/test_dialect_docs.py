"""docs/dialects says what the spec files say: every page is there, current, and no other one."""

from pathlib import Path

import pytest
from switch.tools.make_dialect_docs import pages

from switch.message import load_spec, shipped_specs

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "dialects"
MADE = pages()


def test_there_is_a_page_for_every_spec_and_table_and_no_other() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(MADE)


@pytest.mark.parametrize("name", sorted(MADE))
def test_the_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == MADE[name], "run: python -m switch.tools.make_dialect_docs"


@pytest.mark.parametrize("name", shipped_specs())
def test_the_page_names_every_field_and_its_sources(name: str) -> None:
    rows = [line.split("  ") for line in MADE[f"{name}.rst"].splitlines()]
    listed = {row[0].strip() for row in rows}
    assert {key for key in load_spec(name).fields if key.isdecimal() and key != "1"} <= listed
    sources = load_spec(name).about["sources"]
    assert sources
    assert all(f"* {source}" in MADE[f"{name}.rst"] for source in sources)


def test_the_page_says_class_wire_length_and_mask() -> None:
    visa = MADE["visa.rst"]
    assert (
        "2      Primary account number                      n ..19     packed, 0 left  1 byte, binary  first 6, last 4"
        in visa
    )
    assert "28     Amount, transaction fee                     x+n 8      EBCDIC" in visa


def test_every_row_of_a_table_is_as_wide_as_its_rule() -> None:
    for name, text in MADE.items():
        rule = ""
        for line in text.splitlines():
            if line.startswith("==") and "  " in line:
                rule = line
            assert len(line) <= max(len(rule), 118) or line.startswith(("..", "*")), (name, line)
            rule = rule if line else ""
