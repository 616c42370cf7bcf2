"""Commands and keys of public implementations and captures, answered as published or refused for a stated reason."""

from collections.abc import Callable
from typing import Any

import pytest

from switch.hsm.commands import HostCommands, Policy
from switch.hsm.lmk import decrypt_key

Vectors = Callable[[str], list[dict[str, Any]]]

# Published answers that this HSM refuses, and the error it gives instead.
REFUSED = {
    "v206": "69",  # ISO 0 to Diebold would unbind the PIN from the account
    "v223": "75",  # its ZPK is a single-length key written twice
}


def command(vector: dict[str, Any]) -> bytes:
    given = vector["inputs"]
    return given["command_ascii"].encode() if "command_ascii" in given else bytes.fromhex(given["command_hex"])


def shown(reply: bytes, vector: dict[str, Any]) -> str:
    """A reply as the vectors write it: an ARPC in hexadecimal digits."""
    if vector["op"] == "wire_KQ":
        return reply[:4].decode() + reply[4:].hex().upper()
    return reply.decode("latin-1")


def test_every_published_command_is_answered_as_published_or_refused(vectors: Vectors) -> None:
    for vector in vectors("wire_"):
        reply = shown(HostCommands().handle(command(vector)), vector)
        expected = vector["expected"]
        if vector["id"] in REFUSED:
            expected = expected[:2] + REFUSED[vector["id"]]
        assert reply == expected, vector["id"]


def test_a_published_command_with_a_repeated_key_is_answered_where_the_policy_takes_such_keys(vectors: Vectors) -> None:
    vector = next(vector for vector in vectors("wire_CI"))
    reply = HostCommands(policy=Policy(repeated_keys=True)).handle(command(vector))
    assert reply.decode() == vector["expected"]


def test_an_order_of_commands_does_not_matter_on_one_hsm(vectors: Vectors) -> None:
    hsm = HostCommands()
    wire = [vector for vector in vectors("wire_") if vector["id"] not in REFUSED]
    for vector in (*wire, *reversed(wire)):
        assert shown(hsm.handle(command(vector)), vector) == vector["expected"], vector["id"]


def test_published_keys_open_under_the_test_lmk(vectors: Vectors) -> None:
    for vector in vectors("variant_lmk_unwrap"):
        found = decrypt_key(vector["inputs"]["field"], vector["inputs"]["key_type"])
        assert found.hex().upper() == vector["expected"], vector["id"]


@pytest.mark.parametrize(
    "code",
    ["CA", "CC", "CW", "CY", "DC", "EC", "DG", "BU", "A6", "A8", "B2", "M8", "DA", "EA", "BK", "DU", "FW", "G0"]
    + ["GO", "GQ", "KQ", "KW", "M0", "M6"],
)
def test_a_published_answer_stands_behind_each_of_these_commands(code: str, vectors: Vectors) -> None:
    assert any(v["op"] == f"wire_{code}" and v["id"] not in REFUSED for v in vectors("wire_"))
