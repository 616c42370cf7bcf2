"""specs/schema.json is what the code makes, and all that ships or stands in the docs is valid by it and loads."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from switch.tools.make_schema import render

from switch import resources
from switch.message import SpecError, load_spec, shipped_specs
from switch.message.schema import json_schema

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "specs.rst"
CHECK = jsonschema.Draft202012Validator(json_schema())
HEADS: dict[str, Any] = {
    "h": {"data_enc": "b", "len_type": 0, "max_len": 0},
    "t": {"data_enc": "ascii"},
    "p": {"data_enc": "b"},
    "1": {"data_enc": "b"},
}


def _examples() -> list[dict[str, Any]]:
    """The JSON blocks of the page: fields or whole specs."""
    blocks = re.findall(r"^( *)\.\. code-block:: json\n\n((?:\1    .*\n|\n)+)", PAGE.read_text("utf-8"), re.MULTILINE)
    return [json.loads(block) for _, block in blocks]


def test_the_schema_in_specs_is_current() -> None:
    assert resources.read_text("specs", "schema.json") == render(), "run: python -m switch.tools.make_schema"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("name", shipped_specs())
def test_a_shipped_spec_is_valid(name: str) -> None:
    CHECK.validate(json.loads(resources.read_text("specs", f"{name}.json")))
    CHECK.validate(json.loads(json.dumps(dict(load_spec(name).fields))))


def test_the_page_has_an_example_for_each_kind_of_structure() -> None:
    kinds = re.findall(r'"kind": "(\w+)"', PAGE.read_text(encoding="utf-8"))
    assert set(kinds) >= {"positional", "tlv", "bertlv", "bitmap", "dataset"}


@pytest.mark.parametrize("example", _examples(), ids=lambda example: str(list(example)[:2]))
def test_an_example_of_the_page_is_valid_and_loads(example: dict[str, Any]) -> None:
    spec = example if "t" in example else {**HEADS, "48": example}
    CHECK.validate(spec)
    load_spec(spec)


@pytest.mark.parametrize(
    "field",
    [
        {"data_enc": "ascii", "len_type": -1, "max_len": 3},
        {"data_enc": "ascii", "len_type": 0},
        {"data_enc": "ascii", "len_type": 0, "max_len": 3, "class": "s"},
        {"data_enc": "ascii", "len_type": 0, "max_len": 3, "sub": {"kind": "tlv", "tag": 9, "len": 1}},
        {"data_enc": "ascii", "len_type": 0, "max_len": 3, "sub": {"kind": "bertlv", "tag": 1}},
    ],
)
def test_what_the_schema_refuses_loading_refuses_too(field: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        CHECK.validate({**HEADS, "48": field})
    with pytest.raises(SpecError):
        load_spec({**HEADS, "48": field})
