"""The three commands, through click and through a real process: output, streams, status."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from switch.cli import main

ROOT = Path(__file__).resolve().parents[2]
WARNING = "warning: --unmask shows"


def _switch(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


@pytest.fixture
def files(tmp_path, purchase, echo, flow, write_pcap) -> Path:
    (tmp_path / "one.bin").write_bytes(purchase)
    (tmp_path / "two.hex").write_text(purchase.hex(" ") + "\n" + echo.hex() + "\n")
    (tmp_path / "traffic.pcap").write_bytes(write_pcap([flow().packet(1, purchase + echo)]))
    return tmp_path


def test_a_message_is_explained_from_an_argument_a_file_and_standard_input(purchase, files):
    texts = [
        _switch("explain", purchase.hex()),
        _switch("explain", *purchase.hex(" ").split()),
        _switch("explain", "-f", str(files / "one.bin")),
        _switch("explain", stdin=purchase),
        _switch("explain", "-", stdin=purchase.hex().encode()),
    ]
    for result in texts:
        assert result.exit_code == 0, result.output
        assert "pos-1987-ascii, len2" in result.stdout
        assert "12.34 EUR" in result.stdout
        assert result.stderr == ""
    bodies = {result.stdout.split("\n", 1)[1] for result in texts}
    assert len(bodies) == 1


def test_lines_in_a_pipe_are_plain_and_not_folded(purchase):
    lines = _switch("explain", purchase.hex()).stdout.splitlines()
    assert "\x1b" not in "".join(lines)
    assert any(len(line) > 100 for line in lines)
    assert next(line for line in lines if " length " in line).split() == [
        "0-1",
        "length",
        "Frame",
        "length",
        purchase[:2].hex(),
        "len2:",
        str(len(purchase) - 2),
        "bytes",
        "follow",
    ]


def test_lines_on_a_terminal_are_coloured_and_say_the_same(purchase):
    plain = _switch("explain", purchase.hex()).stdout
    environment = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    coloured = CliRunner().invoke(main, ["explain", purchase.hex()], env=environment, color=True).stdout
    assert "\x1b[" in coloured
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


def test_several_messages_are_counted(files):
    result = _switch("explain", "-f", str(files / "two.hex"))
    assert result.exit_code == 0
    assert "message 1: " in result.stdout
    assert "message 2: " in result.stdout
    assert result.stdout.endswith("2 messages, 2 decoded\n")
    both = _switch("explain", "-f", str(files / "traffic.pcap"), "-f", str(files / "one.bin"))
    assert both.stdout.endswith("3 messages, 3 decoded\n")


def test_json_is_one_object_per_message_with_every_key(files, purchase):
    lines = _switch("explain", "--json", "-f", str(files / "traffic.pcap")).stdout.splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["message"], second["message"]) == (1, 2)
    assert first["place"] == "packet 1, 10.0.0.1:40000 > 10.0.0.2:8583"
    assert first["decoded"] is True
    (amount,) = [field for field in first["fields"] if field["path"] == "4"]
    assert amount == {
        "path": "4", "offset": purchase.index(b"000000001234"), "length": 12, "raw": b"000000001234".hex(),
        "value": "000000001234", "name": "Amount, transaction", "meaning": "12.34 EUR",
    }  # fmt: skip
    (pan,) = [field for field in first["fields"] if field["path"] == "2"]
    assert (pan["value"], pan["raw"]) == ("411111******1111", "**" * 18)


def test_a_fault_is_status_1_with_its_place(purchase):
    result = _switch("explain", "--spec", "pos-1987-ascii", purchase[2:-3].hex())
    assert result.exit_code == 1
    assert "fault: pos-1987-ascii: field 55 at byte " in result.stdout
    error = json.loads(_switch("explain", "--json", "--spec", "pos-1987-ascii", purchase[2:-3].hex()).stdout)["error"]
    assert (error["path"], error["needed"] - error["available"]) == ("55", 3)
    assert _switch("explain", "hello").exit_code == 1
    assert _switch("explain", stdin=b"").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("explain", "--framing", "len3", "00"), "framing 'len3': expected one of"),
        (("explain", "--spec", "nothing", "00"), "specs/nothing.json: no such spec"),
        (("explain", "-f", "/no/such/file"), "No such file"),
        (("explain", "--max-input", "3", "30303030"), "argument: more than 3 bytes"),
        (("build", "t=0800"), "expected one --spec NAME"),
        (("build", "--spec", "visa", "4111111111111111"), "argument 1: expected field=value"),
        (("build", "--spec", "visa", "t=0800", "4=12"), "field 4"),
        (("build", "--spec", "visa", "t=0800", "--header", "xyz"), "--header: expected hexadecimal digits"),
        (("build", "--spec", "visa"), "expected a JSON object"),
        (("diff", "0800", "0800"), "the first message cannot be decoded"),
    ],
)
def test_wrong_usage_is_status_2_and_one_clear_line(arguments, words):
    result = _switch(*arguments, stdin=b"not json")
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert "4111111111111111" not in result.output
    assert result.stdout == ""


def test_unmasking_is_asked_for_and_warned_of(purchase, secrets):
    masked = _switch("explain", purchase.hex())
    assert WARNING not in masked.output
    for secret in secrets.values():
        assert secret not in masked.output
    unmasked = _switch("explain", "--unmask", purchase.hex())
    assert unmasked.stderr.startswith(WARNING)
    for secret in secrets.values():
        assert secret in unmasked.stdout
    assert _switch("explain", "--json", "--unmask", purchase.hex()).stderr.startswith(WARNING)


def test_a_message_is_built_explained_and_changed(codec):
    made = _switch("build", "--spec", "pos-1987-ascii", "--framing", "len2", "--mti", "0200", "3=000000", "48.92=123")
    assert made.exit_code == 0
    view = codec("pos-1987-ascii").view(bytes.fromhex(made.stdout.strip()), 2)
    assert (view.mti, view["3"], view["48.92"]) == ("0200", "000000", "123")
    changed = _switch("build", "--like", made.stdout.strip(), "3=010000")
    assert codec("pos-1987-ascii").view(bytes.fromhex(changed.stdout.strip()), 2)["3"] == "010000"
    difference = _switch("diff", made.stdout.strip(), changed.stdout.strip())
    assert difference.exit_code == 1
    assert difference.stdout.split() == ["~", "3.1", "Transaction", "type", "00", "|", "01"]
    assert _switch("diff", made.stdout.strip(), made.stdout.strip()).exit_code == 0


def test_a_message_is_built_from_json_in_a_file_and_on_standard_input(tmp_path, codec):
    fields = {"t": "0800", "7": "0611191024", "11": "000001", "70": "301"}
    raw = codec("pos-1987-ascii").encode(fields)
    (tmp_path / "message.json").write_text(json.dumps(fields))
    from_file = _switch("build", "--spec", "pos-1987-ascii", "-f", str(tmp_path / "message.json"))
    assert bytes.fromhex(from_file.stdout.strip()) == raw
    as_bytes = _switch("build", "--spec", "pos-1987-ascii", "--raw", stdin=json.dumps(fields).encode())
    assert as_bytes.stdout_bytes == raw
    as_base64 = _switch("build", "--spec", "pos-1987-ascii", "--base64", stdin=json.dumps(fields).encode())
    assert base64.b64decode(as_base64.stdout) == raw
    overridden = _switch("build", "--spec", "pos-1987-ascii", "-f", str(tmp_path / "message.json"), "70=001")
    assert codec("pos-1987-ascii").view(bytes.fromhex(overridden.stdout.strip()))["70"] == "001"


def test_a_difference_as_json(codec):
    pos = codec("pos-1987-ascii")
    left, right = (
        pos.encode({"t": "0800", "7": "0611191024", "11": each, "70": "301"}).hex() for each in ("000001", "000002")
    )
    result = _switch("diff", "--json", left, right)
    assert json.loads(result.stdout) == {
        "path": "11", "name": "System trace audit number", "left": "000001", "right": "000002", "note": "",
    }  # fmt: skip


def test_a_real_process_does_the_same(files, purchase):
    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        return subprocess.run(
            [sys.executable, "-m", "switch", *arguments], input=stdin, capture_output=True, env=environment, check=False
        )

    done = run("explain", stdin=purchase)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"12.34 EUR" in done.stdout
    made = run("build", "--like", purchase.hex(), "--raw")
    assert made.stdout == purchase
    done = run("explain", "-f", str(files / "traffic.pcap"))
    assert done.stdout.endswith(b"2 messages, 2 decoded\n")


def test_a_reader_that_goes_away_is_no_traceback(purchase, tmp_path):
    (tmp_path / "many.bin").write_bytes(purchase * 400)
    command = f"{sys.executable} -m switch explain -f {tmp_path / 'many.bin'} | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
    assert done.stdout.startswith(b"message 1: pos-1987-ascii, len2")
    assert b"Traceback" not in done.stderr


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}


def test_every_command_is_listed_and_can_be_asked_for():
    listed = _switch("--help")
    assert listed.exit_code == 0
    for name in ("build", "check", "clearing", "ctl", "diff", "explain", "hsm", "issuer", "journal", "lab", "node",
                 "run", "spec"):  # fmt: skip
        assert f"\n  {name} " in listed.stdout
        assert _switch(name, "--help").exit_code == 0
    assert _switch("nothing").exit_code == 2


@pytest.mark.parametrize("command", [("explain", "--help"), ("build", "--help"), ("diff", "--help"), ("spec", "list")])
def test_a_command_on_messages_imports_no_daemon(command):
    code = (
        "import sys\nfrom switch.cli import main\n"
        f"try:\n    main({list(command)!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted(set(sys.modules) & {'trio', 'structlog', 'cryptography', 'switch.daemon', 'switch.clearing', "
        "'switch.journal', 'switch.lab'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=_environment())
    assert done.stdout.splitlines()[-1] == b"[]"


@pytest.mark.parametrize("how", [["-m", "switch"], ["-m", "switch.cli"], ["tools/fuzz.py"], ["tools/terminal.py"]])
def test_every_command_runs_without_being_installed(how):
    command = [sys.executable, *how, "--help"]
    done = subprocess.run(command, capture_output=True, check=False, env=_environment(), cwd=ROOT)
    assert done.returncode == 0
    assert done.stdout.startswith(b"Usage: ")


def test_the_fuzzer_says_what_is_wrong_with_a_header():
    command = [sys.executable, "tools/fuzz.py", "127.0.0.1:1", "--header", "zz"]
    done = subprocess.run(command, capture_output=True, check=False, env=_environment(), cwd=ROOT)
    assert (done.returncode, done.stderr) == (2, b"error: --header: expected hexadecimal digits\n")


def test_what_no_host_takes_is_built_only_when_forced():
    wrong = ("build", "--spec", "pos-1987-ascii", "t=9999", "3=12ab!!")
    refused = _switch(*wrong)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: pos-1987-ascii: field t: no such message type")
    assert "field 3: expected digits" in refused.stderr
    assert "--force" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert "12ab" not in refused.stderr
    forced = _switch(*wrong, "--force")
    assert forced.exit_code == 0
    assert bytes.fromhex(forced.stdout.strip()) == b"9999200000000000000012ab!!"
    assert "note: pos-1987-ascii: field 3: expected digits\n" in forced.stderr


def test_a_change_that_no_host_takes_is_refused_too(echo):
    assert _switch("build", "--like", echo.hex(), "11=00000x").exit_code == 2
    assert b"00000x" in bytes.fromhex(_switch("build", "--force", "--like", echo.hex(), "11=00000x").stdout.strip())
    assert _switch("build", "--spec", "postilion", "t=9220").exit_code == 0


def test_an_interface_with_a_tpdu_has_one_by_default(codec):
    made = _switch("build", "--spec", "pos-1987-bcd", "--framing", "len2", "t=0800", "11=000001")
    assert made.exit_code == 0
    assert made.stderr == "note: pos-1987-bcd begins with a TPDU: 6000000000; h=... says otherwise\n"
    assert codec("pos-1987-bcd").view(bytes.fromhex(made.stdout.strip()), 2)["h"] == "6000000000"
    other = _switch("build", "--spec", "pos-1987-bcd", "h=6000010002", "t=0800", "11=000001")
    assert (other.stdout[:10], other.stderr) == ("6000010002", "")
