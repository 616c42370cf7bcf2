"""`switch spec list|show|check`: what ships, what it says, what is wrong with a file."""

import json

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.message import load_spec, shipped_specs

BARE = {
    "h": {"data_enc": "b", "len_type": 0, "max_len": 0},
    "t": {"data_enc": "ascii"},
    "p": {"data_enc": "b"},
    "11": {"data_enc": "cp037", "len_type": 0, "max_len": 6, "class": "n"},
}


def _spec(*words: str):
    return CliRunner().invoke(main, ["spec", *words])


def test_all_that_ship_are_listed():
    lines = _spec("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_specs())
    assert all(len(line.split()) > 1 for line in lines)


@pytest.mark.parametrize("name", shipped_specs())
def test_every_field_of_what_ships_is_shown_with_a_name(name):
    lines = _spec("show", name).stdout.splitlines()
    width = lines[0].index("name")
    named = {line[:width].strip(): line[width:].strip() for line in lines[1:]}
    fields = {key for key in load_spec(name).fields if key.isdecimal() and key != "1"}
    assert fields <= named.keys()
    assert all(named[field] for field in fields)


def test_one_field_is_shown_with_what_is_inside():
    lines = _spec("show", "mastercard", "--field", "3").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["field", "3", "3.1", "3.2", "3.3"]


def test_a_file_of_ones_own_is_shown_and_checked(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(BARE))
    assert _spec("show", str(file)).stdout.splitlines()[1].split() == ["11", "n", "6", "cp037"]
    result = _spec("check", str(file), "visa")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == f"{file}: 1 fields, 0 with a structure inside; without a desc: 11"


def test_a_wrong_file_is_named_with_field_key_and_expectation(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({**BARE, "12": {"data_enc": "nonsense", "len_type": 0, "max_len": 6}}))
    result = _spec("check", "visa", str(file))
    assert result.exit_code == 1
    assert "visa: " in result.stdout
    assert result.stderr.startswith(f"error: {file}: field 12: data_enc: expected ")


@pytest.mark.parametrize("words", [("show", "none"), ("show", "visa", "--field", "77"), ("check",)])
def test_what_cannot_be_shown_is_one_line_and_status_2(words):
    result = _spec(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
