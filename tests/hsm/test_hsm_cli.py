"""`switch hsm`: without a file, with one, `ping` and `status`; what goes wrong is one line and a status."""

import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from click.testing import CliRunner

from switch.cli import main
from switch.daemon import admin


async def run(*arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of `switch ARGUMENTS`, in a thread of its own."""
    found = await trio.to_thread.run_sync(partial(CliRunner().invoke, main, list(arguments)))
    return found.exit_code, found.stdout, found.stderr


@asynccontextmanager
async def hsm(
    arguments: Sequence[str], log: list[dict[str, Any]], *, files: int = 0, end: signal.Signals = signal.SIGTERM
) -> AsyncIterator[trio.Process]:
    """`switch hsm ARGUMENTS` as a process that listens, its log lines in `log`, with so many file descriptors."""
    command = [sys.executable, "-m", "switch", "hsm", *arguments]
    if files:
        command = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *command]
    environment = {name: value for name, value in os.environ.items() if name != "SWITCH_CONFIG"}
    listening = trio.Event()

    async def read(stream: trio.abc.ReceiveStream) -> None:
        rest = b""
        async for piece in stream:
            *lines, rest = (rest + piece).split(b"\n")
            log.extend(map(json.loads, lines))
            if any(line["event"] == "listening" for line in log):
                listening.set()

    async with trio.open_nursery() as nursery:
        process: trio.Process = await nursery.start(
            partial(trio.run_process, command, stderr=-1, check=False, env=environment)
        )
        assert process.stderr is not None
        nursery.start_soon(read, process.stderr)
        with trio.fail_after(30):
            await listening.wait()
        yield process
        process.send_signal(end)


async def test_it_runs_without_a_file_answers_a_ping_and_tells_what_it_did_at_the_end() -> None:
    log: list[dict[str, Any]] = []
    async with hsm(["--port", "0", "--header-length", "6", "--lmk", "test-keyblock"], log):
        (address,) = log[0]["addresses"]
        status, out, _ = await run("hsm", "ping", address, "--header-length", "6")
        assert status == 0
        check = log[0]["lmk_check"]
        assert out.startswith(f"{address}: LMK check value {check}")
        assert "firmware 0001-E000" in out
        assert out.rstrip().endswith(" ms")
        assert (await run("hsm", "ping", address, "--timeout", "0.2"))[0] == 2  # another header length
    assert log[-1]["event"] == "stopped"
    assert log[-1]["answers"]["NC 00"] == 2
    assert log[-1]["connections"]["opened"] == 2


async def test_a_running_hsm_tells_its_counts_over_its_socket(tmp_path: Path) -> None:
    file = tmp_path / "hsm.toml"
    file.write_text('port = 1500\nstatus_socket = "hsm.sock"\n')
    log: list[dict[str, Any]] = []
    async with hsm(["-c", str(file), "--port", "0"], log):
        assert (await run("hsm", "ping", log[0]["addresses"][0]))[0] == 0
        for arguments in (["hsm", "status", "-c", str(file)], ["hsm", "-c", str(file), "status"]):
            status, out, _ = await run(*arguments, "--json")
            assert status == 0
            assert json.loads(out)["answers"] == {"NC 00": 2}
        assert "answers NC 00" in (await run("hsm", "status", "-c", str(file)))[1]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_the_status_socket_goes_with_the_hsm_and_another_hsms_stays(end: signal.Signals, tmp_path: Path) -> None:
    file, other = tmp_path / "hsm.toml", tmp_path / "other.sock"
    file.write_text('port = 0\nstatus_socket = "hsm.sock"\n')
    own = tmp_path / "hsm.sock"
    for replaced in (False, True):
        async with hsm(["-c", str(file)], [], end=end):
            with trio.fail_after(10):
                while not own.exists():
                    await trio.lowlevel.checkpoint()
            if replaced:
                with admin.listening(other):
                    other.rename(own)
        assert own.exists() is replaced


async def test_without_file_descriptors_the_connected_are_served_and_newcomers_as_soon_as_there_are_some() -> None:
    log: list[dict[str, Any]] = []
    async with hsm(["--port", "0"], log, files=32):
        host, _, port = log[1]["addresses"][0].rpartition(":")
        dial = partial(trio.open_tcp_stream, host, int(port))
        async with await dial() as first:
            with trio.fail_after(20):
                crowd = [await dial() for _ in range(40)]
                while not any(line["event"] == "accepting pauses" for line in log):
                    assert await _echo(first)
                for _ in range(50):
                    assert await _echo(first)
                for stream in crowd:
                    await stream.aclose()
                while not any(line["event"] == "accepting again" for line in log):
                    async with await dial() as newcomer:
                        assert await _echo(newcomer)
                    await trio.sleep(0.01)
    told = [(line["event"], line.get("reason")) for line in log if line["event"].startswith("accepting")]
    assert told == [("accepting pauses", "Too many open files"), ("accepting again", None)]
    assert log[0] | {"event": "few file descriptors", "limit": 32} == log[0]


async def _echo(stream: trio.SocketStream) -> bool:
    with trio.fail_after(20):
        await stream.send_all(b"\x00\x0a0001B20000")
        return bytes(await stream.receive_some()) == b"\x00\x080001B300"


def test_what_goes_wrong_is_one_line_and_a_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switch.cli_hsm.prepare", lambda name: None)  # would set up the log of this process
    monkeypatch.delenv("SWITCH_CONFIG", raising=False)
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    files = {
        "unknown": "slots = 1\n",
        "header": "header_length = 256\n",
        "policy": "port = 0\n[policy]\nlenient = true\n",
        "production": "port = 0\nproduction = true\n",
        "tls": 'port = 0\n[tls]\ncertificate = "none"\nkey = "none"\nclient_ca = "none"\n',
        "silent": "port = 0\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for arguments, status, said in (
        (["-c", str(tmp_path / "unknown")], 78, "slots"),
        (["-c", str(tmp_path / "header")], 78, "header_length: "),
        (["-c", str(tmp_path / "policy")], 78, "policy.lenient: "),
        (["-c", str(tmp_path / "production")], 78, "production"),
        (["-c", str(tmp_path / "tls")], 78, "tls.certificate"),
        (["-c", str(tmp_path / "absent")], 78, "No such file"),
        (["--host", "127.0.0.1", "--port", str(port)], 2, f"cannot listen on 127.0.0.1:{port}: "),
        (["status", "-c", str(tmp_path / "silent")], 78, "status_socket: "),
        (["status"], 2, "--config"),
        (["ping", "nowhere"], 2, "nowhere: expected HOST:PORT"),
        (["ping", "127.0.0.1:1"], 2, "HSM 127.0.0.1:1 cannot be reached"),
        (["ping", "127.0.0.1:1", "--tls-ca", "x"], 2, "go together"),
    ):
        found = CliRunner().invoke(main, ["hsm", *arguments])
        lines = found.stderr.splitlines()
        assert (found.exit_code, said in lines[-1]) == (status, True), (arguments, found.output)
        assert isinstance(found.exception, SystemExit)
    taken.close()


@pytest.mark.parametrize("command", [[], ["ping"], ["status"]])
def test_each_command_explains_itself(command: list[str]) -> None:
    found = CliRunner().invoke(main, ["hsm", *command, "--help"])
    assert found.exit_code == 0
    assert "HSM" in found.stdout
