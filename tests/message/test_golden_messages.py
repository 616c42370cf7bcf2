"""Messages that other people's projects published: we read what they read and write what they wrote."""

import json
from dataclasses import replace
from typing import Any

import pytest

from switch import resources
from switch.message import Codec, View, build_ber_tlv, compile_spec, load_spec, parse_ber_tlv

GOLDEN = json.loads(resources.read_text("fixtures", "golden_messages.json"))


def _codec(message: dict[str, Any]) -> Codec:
    spec = load_spec(message["spec"])
    return compile_spec(replace(spec, fields={**spec.fields, **message["changes"]}))


@pytest.mark.parametrize("message", GOLDEN["messages"], ids=lambda message: message["about"])
def test_a_public_message_is_read_as_its_source_reads_it(message: dict[str, Any]) -> None:
    decoded = _codec(message).decode(bytes.fromhex(message["hex"]))
    assert {key: value for key, value in decoded.items() if key not in ("p", "1")} == message["fields"]


@pytest.mark.parametrize(
    "message",
    # The one with a secondary bitmap that names nothing is written without it.
    [message for message in GOLDEN["messages"] if not message["about"].startswith("A secondary bitmap without")],
    ids=lambda message: message["about"],
)
def test_a_public_message_is_written_as_its_source_wrote_it(message: dict[str, Any]) -> None:
    assert _codec(message).encode(message["fields"]).hex() == message["hex"].lower()


@pytest.mark.parametrize("entry", GOLDEN["fields"], ids=lambda entry: entry["source"])
def test_a_public_field_is_written_as_its_source_wrote_it(entry: dict[str, Any]) -> None:
    codec = compile_spec(load_spec(entry["spec"]))
    raw = codec.encode({"t": "0100", entry["field"]: entry["value"]})
    assert raw[-len(entry["hex"]) // 2 :].hex() == entry["hex"]
    view: View = codec.view(raw)
    assert view[entry["field"]] == entry["value"]


@pytest.mark.parametrize("entry", GOLDEN["sub_elements"], ids=lambda entry: entry["source"])
def test_public_sub_elements_are_read_and_written(entry: dict[str, Any]) -> None:
    codec = compile_spec(load_spec(entry["spec"]))
    value = bytes.fromhex(entry["hex"]).decode("cp500")
    assert codec.parse_sub(entry["field"], value) == entry["subs"]
    assert codec.build_sub(entry["field"], entry["subs"]) == value


@pytest.mark.parametrize("entry", GOLDEN["ber_tlv"], ids=lambda entry: entry["source"])
def test_public_ber_tlv_is_read_and_written(entry: dict[str, Any]) -> None:
    assert parse_ber_tlv(entry["hex"]) == entry["tags"]
    assert build_ber_tlv(entry["tags"]) == entry["hex"].upper()
