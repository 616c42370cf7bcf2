"""switch-fuzz against scripted hosts: each planted bug is found, made small, replayed, and written as a test."""

import os
import re
import runpy
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from switch.message import compile_spec, load_spec
from switch.testing import build
from switch.testing.fuzz_case import Peer, read_case
from switch.testing.fuzz_examples import Example, examples
from switch.testing.fuzz_run import Bounds, Fuzzer, replay
from switch.testing.messages import optional_fields

FUZZ = [sys.executable, "-c", "from switch.tools.fuzz import main; main()"]


def fuzz(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FUZZ, *words], capture_output=True, text=True, check=False, timeout=300)


def run(host, out: Path, *words: str, examples: int = 40) -> subprocess.CompletedProcess[str]:
    settings = ["--timeout", "2", "--slow", "1.2", "--failures", "1", "--seed", "1", "--out", str(out)]
    return fuzz(host.address, "--examples", str(examples), *settings, *words)


def run_pytest(test: Path) -> int:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(test)]
    return subprocess.run(words, capture_output=True, check=False, timeout=120).returncode


def run_written(test: Path) -> None:
    runpy.run_path(str(test))["test_the_host_stands_0001"]()


def test_a_sound_host_passes(host_with, tmp_path):
    done = run(host_with("none"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
    assert "valid" in done.stdout
    assert "answered" in done.stdout


@pytest.mark.parametrize(
    ("bug", "outcome"),
    [
        ("silence on broken", "silence"),
        ("close", "close"),
        ("type", "wrong reply"),
        ("stan", "wrong reply"),
        ("echo", "wrong reply"),
        ("other", "reply to another request"),
        ("unreadable", "unreadable reply"),
        ("slow", "slow answer"),
        ("stuck", "stops serving"),
    ],
)
def test_a_planted_bug_is_found_replayed_and_gone_when_fixed(host_with, tmp_path, bug, outcome):
    host = host_with(bug)
    done = run(host, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert outcome in done.stdout
    file, test = tmp_path / "case-0001.json", tmp_path / "test_fuzz_0001.py"
    host.become(bug)
    assert replay(read_case(file), host.address).outcome == outcome
    host.become(bug)
    with pytest.raises(AssertionError):
        run_written(test)
    host.become("none")
    assert replay(read_case(file), host.address).good
    run_written(test)


def test_a_crash_is_found_and_replayed(host_with, tmp_path):
    host = host_with("crash")
    done = run(host, tmp_path)
    assert (done.returncode, "crash: connection refused" in done.stdout) == (1, True), done.stdout
    assert "the host is gone" in done.stdout
    host.become("crash")
    again = fuzz("--replay", str(tmp_path / "case-0001.json"), host.address)
    assert again.stdout.startswith("crash")
    host.become("crash")
    assert run_pytest(tmp_path / "test_fuzz_0001.py") == 1
    host.become("none")
    assert run_pytest(tmp_path / "test_fuzz_0001.py") == 0


async def test_a_failure_is_made_small(host_with):
    host, codec = host_with("silence"), compile_spec(load_spec("pos-1987-ascii"))
    fields = {"t": "0800", "7": "0611191024", "11": "000001", "70": "301", "48": "0102XY", "60": "1", "63": "2"}
    example = Example(build(codec, fields | {"37": "123456789012", "100": "12345"}), None)
    peer = Peer(spec="pos-1987-ascii", timeout=1.0, slow=1.0)
    probe = build(codec, {"t": "0800", "7": "0611191024", "11": "000002", "70": "301"})
    fuzzer = Fuzzer(host.address, peer, probe, Bounds(seconds=120), lambda _found: None)
    (case,) = (await fuzzer.run([[example]], 1)).cases
    assert (case.reproduced, case.found.outcome) == (True, "silence")
    assert {*codec.decode(bytes.fromhex(case.shots[-1].data))} - {"p", "1"} == {"t", "7", "11", "48", "70"}


def test_the_same_seed_writes_the_same_case(host_with, tmp_path):
    host = host_with("echo")
    run(host, tmp_path / "a")
    host.become("echo")
    run(host, tmp_path / "b")
    assert (tmp_path / "a/case-0001.json").read_bytes() == (tmp_path / "b/case-0001.json").read_bytes()


def test_files_are_the_owners_and_the_output_says_so_without_card_data(host_with, tmp_path):
    done = run(host_with("type"), tmp_path)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "mode 0600" in done.stdout
    assert not re.search(r"[0-9]{12,}", done.stdout.replace(str(tmp_path), "") + done.stderr)
    assert not re.search(r"[0-9]{12,}", (tmp_path / "test_fuzz_0001.py").read_text())


@pytest.mark.parametrize(
    "words",
    [
        ["127.0.0.1:1"],
        ["nonsense"],
        ["127.0.0.1:1", "--mti", "0110"],
        ["127.0.0.1:1", "--framing", "len9"],
        ["127.0.0.1:1", "--spec", "no-such-spec"],
        ["127.0.0.1:1", "--replay", "/no/such/file"],
        ["127.0.0.1:1", "--examples", "0"],
    ],
)
def test_what_cannot_be_run_exits_2(words):
    done = fuzz(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_replay_file_that_is_none_exits_2(tmp_path):
    file = tmp_path / "case.json"
    file.write_bytes(msgspec.json.encode({"format": 1}))
    done = fuzz("--replay", str(file), "127.0.0.1:1")
    assert (done.returncode, "no replay file" in done.stderr) == (2, True)


def test_every_optional_field_has_been_sent_after_a_hundred_messages():
    codec = compile_spec(load_spec("pos-1987-ascii"))
    (batch,) = examples(codec, ["0100", "0200"], 100, 7)
    valid = [example.message for example in batch if example.mutation is None]
    for message in valid:
        codec.view(message.raw).check()
    sent = {field for message in valid for field in message.fields}
    secret = {field for field, op in codec.ops.items() if "mask" in op.entry}
    assert {*optional_fields(codec)} - secret - sent == set()
    assert min(len(message.fields) for message in valid) > 10
