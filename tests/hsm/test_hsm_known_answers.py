"""Commands and keys of public implementations and captures, answered as published or refused for a stated reason."""

from collections.abc import Callable
from typing import Any

import pytest

from switch.hsm.commands import HostCommands
from switch.hsm.lmk import decrypt_key

Vectors = Callable[[str], list[dict[str, Any]]]

# Published answers that this HSM refuses, and the error it gives instead.
REFUSED = {
    "v206": "69",  # ISO 0 to Diebold would unbind the PIN from the account
    # commands that are not in the table
    "v220": "68",
    "v223": "68",
    "v231": "68",
    "v242": "68",
}


def command(vector: dict[str, Any]) -> bytes:
    given = vector["inputs"]
    return given["command_ascii"].encode() if "command_ascii" in given else bytes.fromhex(given["command_hex"])


def test_every_published_command_is_answered_as_published_or_refused(vectors: Vectors) -> None:
    for vector in vectors("wire_"):
        reply = HostCommands().handle(command(vector)).decode("latin-1")
        expected = vector["expected"]
        if vector["id"] in REFUSED:
            expected = expected[:2] + REFUSED[vector["id"]]
        assert reply == expected, vector["id"]


def test_an_order_of_commands_does_not_matter_on_one_hsm(vectors: Vectors) -> None:
    hsm = HostCommands()
    wire = [vector for vector in vectors("wire_") if vector["id"] not in REFUSED]
    for vector in (*wire, *reversed(wire)):
        assert hsm.handle(command(vector)).decode() == vector["expected"], vector["id"]


def test_published_keys_open_under_the_test_lmk(vectors: Vectors) -> None:
    for vector in vectors("variant_lmk_unwrap"):
        found = decrypt_key(vector["inputs"]["field"], vector["inputs"]["key_type"])
        assert found.hex().upper() == vector["expected"], vector["id"]


@pytest.mark.parametrize("code", ["CA", "CC", "CW", "CY", "DC", "EC", "DG", "BU", "A6", "A8", "B2", "M8"])
def test_a_published_answer_stands_behind_each_of_these_commands(code: str, vectors: Vectors) -> None:
    assert any(v["op"] == f"wire_{code}" and v["id"] not in REFUSED for v in vectors("wire_"))
