"""Messages that other people's projects published, through the specs as they ship: to their values and back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switch.message import Codec, MessageError

MESSAGES = json.loads(Path(__file__).with_name("messages.json").read_text(encoding="utf-8"))["messages"]
READABLE = [message for message in MESSAGES if "refused" not in message]
House = Callable[[str, dict[str, Any]], Codec]


def _about(message: dict[str, Any]) -> str:
    return f"{message['spec']}: {message['about']}"


@pytest.fixture(name="codec")
def of_message(message: dict[str, Any], shipped: Callable[[str], Codec], house: House) -> Codec:
    return house(message["spec"], message["changes"]) if "changes" in message else shipped(message["spec"])


@pytest.mark.parametrize("message", READABLE, ids=_about)
def test_a_public_message_is_read_to_the_values_of_its_source(message: dict[str, Any], codec: Codec) -> None:
    decoded = codec.decode(bytes.fromhex(message["hex"]))
    assert {key: value for key, value in decoded.items() if key not in ("p", "1")} == message["fields"]


@pytest.mark.parametrize("message", READABLE, ids=_about)
def test_its_elements_are_those_of_its_source(message: dict[str, Any], codec: Codec) -> None:
    view = codec.view(bytes.fromhex(message["hex"]))
    assert {path: view.get(path) for path in message["elements"]} == message["elements"]


@pytest.mark.parametrize("message", READABLE, ids=_about)
def test_a_public_message_is_written_byte_for_byte(message: dict[str, Any], codec: Codec) -> None:
    assert codec.encode(message["fields"]).hex() == message["hex"].lower()


@pytest.mark.parametrize("message", READABLE, ids=_about)
def test_fields_put_together_from_their_elements_keep_their_bytes(message: dict[str, Any], codec: Codec) -> None:
    raw = bytes.fromhex(message["hex"])
    view = codec.view(raw)
    # Positions that a field ends before are filled when it is put together: such a field is another one then.
    whole = [field for field in view.fields if view.names(field)[-1:] == _last(codec, field) or not _last(codec, field)]
    paths = [path for path in view.paths() if path.count(".") == 1 and path.partition(".")[0] in whole]
    assert view.splice({path: value for path in paths if (value := view.get(path)) is not None}) == raw


def _last(codec: Codec, field: str) -> tuple[str, ...]:
    sub = codec.spec.fields[field].get("sub", {})
    return tuple(sub["parts"])[-1:] if sub.get("kind") == "positional" and "repeat" not in sub else ()


@pytest.mark.parametrize("message", [one for one in MESSAGES if "refused" in one], ids=_about)
def test_a_message_that_its_source_refuses_is_refused(message: dict[str, Any], codec: Codec) -> None:
    with pytest.raises(MessageError, match=r"cut off|short"):
        codec.decode(bytes.fromhex(message["hex"]))
