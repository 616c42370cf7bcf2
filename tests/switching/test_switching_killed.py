"""kill -9 of a real switch process in the middle of a burst: no approval without a record, every doubt reversed."""

import subprocess
import sys
from pathlib import Path

import pytest
import trio

VISA = "4111111111111111"


async def _start(world):
    hosts = [f"{name}={host.port}" for name, host in world.hosts.items()]
    script = Path(__file__).with_name("switch_process.py")
    command = [sys.executable, str(script), str(world.folder), str(world.hsm.port), *hosts]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    output = b""
    with trio.fail_after(20):
        while b"listens on" not in output or not output.endswith(b"\n"):
            output += await process.stdout.receive_some()
    return process, int(output.rpartition(b"listens on")[2])


@pytest.mark.parametrize("answers", [1, 30, 90])
async def test_a_killed_switch_has_a_record_of_every_approval_and_reverses_every_doubt(
    world, sale, journal, terminal_on, answers
):
    host = world.hosts["visa"]
    process, port = await _start(world)
    terminal = await terminal_on(port)
    await terminal.send(*[sale(VISA) for _ in range(150)])
    got = [await terminal.receive() for _ in range(answers)]
    process.kill()
    await process.wait()
    got += await terminal.receive_all()
    delivered = {answer["37"] for answer in got if answer["39"] == "00"}
    assert len(delivered) >= answers

    async with world.life() as life:
        await life.until(lambda: not life.switch.status()["queued"]["visa"] and not life.store.backlog)
    states = {row["rrn"]: row["state"] for row in journal()}
    asked = [view["37"] for view in host.of("1")]
    undone = [view["37"] for view in host.of("4") if view.mti == "0400"]
    assert len(set(asked)) == len(asked) and len(set(undone)) == len(undone)
    assert set(states.values()) <= {"approved", "reversed"}
    assert delivered <= {rrn for rrn, state in states.items() if state == "approved"}
    # Each request in doubt is reversed once, whether or not the host ever saw it; an approved one never.
    assert set(undone) == {rrn for rrn, state in states.items() if state == "reversed"}
    assert set(asked) <= states.keys()
