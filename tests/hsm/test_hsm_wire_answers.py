"""Every published command sent to one HSM over TCP, pipelined on one connection, and every reply as published."""

import json
from typing import Any

import trio

from switch.resources import read_text

# Published answers that are refused, and why: see test_hsm_known_answers.
REFUSED = {"v206": "69", "v223": "75"}
WIRE = [v for v in json.loads(read_text("fixtures", "hsm_vectors.json"))["vectors"] if v["op"].startswith("wire_")]


def framed(number: int, vector: dict[str, Any]) -> bytes:
    given = vector["inputs"]
    ascii_text = given.get("command_ascii")
    command = ascii_text.encode() if ascii_text else bytes.fromhex(given["command_hex"])
    return (4 + len(command)).to_bytes(2) + f"{number:04d}".encode() + command


def reply_to(vector: dict[str, Any]) -> bytes:
    expected: str = vector["expected"]
    if vector["id"] in REFUSED:
        return (expected[:2] + REFUSED[vector["id"]]).encode()
    if vector["op"] == "wire_KQ":  # an ARPC is written as hexadecimal digits
        return expected[:4].encode() + bytes.fromhex(expected[4:])
    return expected.encode()


async def test_every_published_command_is_answered_over_tcp(address: tuple[str, int]) -> None:
    found: dict[str, bytes] = {}
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(b"".join(framed(number, vector) for number, vector in enumerate(WIRE)))
        data = b""
        with trio.fail_after(30):
            while len(found) < len(WIRE):
                data += await stream.receive_some()
                while len(data) >= 2 and len(data) >= 2 + int.from_bytes(data[:2]):
                    end = 2 + int.from_bytes(data[:2])
                    found[WIRE[int(data[2:6])]["id"]] = data[6:end]
                    data = data[end:]
    assert found == {vector["id"]: reply_to(vector) for vector in WIRE}
