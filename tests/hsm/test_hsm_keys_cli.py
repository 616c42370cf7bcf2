"""`switch keys` and `switch hsm console`: what they print, what they refuse in one line, and that nothing leaks."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from switch.cli import main
from switch.crypto import tdes
from switch.hsm import lmkfile
from switch.hsm.lmk import decrypt_key, encrypt_key, wrap
from switch.hsm.lmkmake import lmk_of

FIRST, SECOND = "the first officer's words", "words of the second officer"
COMPONENTS = [bytes(range(at, at + 16)).hex().upper() for at in (1, 70, 200)]
KEY = tdes.odd_parity(bytes(a ^ b ^ c for a, b, c in zip(*map(bytes.fromhex, COMPONENTS), strict=True)))
ZMK = tdes.odd_parity(bytes(range(60, 76)))
TEST = ("--lmk", "test-variant")
Keys = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lmkfile, "COST", 2**14)
    monkeypatch.setenv("O1", FIRST)
    monkeypatch.setenv("O2", SECOND)
    monkeypatch.delenv("SWITCH_CONFIG", raising=False)
    for place, component in enumerate(COMPONENTS, 1):
        monkeypatch.setenv(f"C{place}", component)
    monkeypatch.chdir(tmp_path)
    return tmp_path


OFFICERS = ("--officer-1", "env:O1", "--officer-2", "env:O2")
PARTS = [word for place in (1, 2, 3) for word in ("--component", f"env:C{place}")]


def keys(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments])


def good(*arguments: str) -> dict[str, str]:
    found = keys(*arguments, "--json")
    assert found.exit_code == 0, found.output
    decoded: dict[str, str] = json.loads(found.stdout)
    return decoded


@pytest.fixture
def lmk_file(folder: Path) -> Path:
    path = folder / "lmk.json"
    lmkfile.create(path, "variant", "00", bytes(range(32)), (FIRST, SECOND))
    return path


def test_each_verb_prints_the_key_under_the_lmk_and_its_check_value(folder: Path) -> None:
    check = tdes.key_check_value(KEY)[:6]
    formed = good("form", "--type", "ZPK", *PARTS, "--expect", check, *TEST)
    assert formed["check_value"] == check
    assert formed["key"] == encrypt_key(KEY, "001")
    assert good("form", "--type", "001", *PARTS, *TEST) == formed
    zmk = encrypt_key(ZMK, "000")
    out = good("export", formed["key"], "--type", "ZPK", "--zmk", zmk, "--zmk-scheme", "x", *TEST)
    assert out == {"type": "ZPK", "under_zmk": wrap(ZMK, KEY, "X"), "check_value": check}
    assert good("import", out["under_zmk"], "--type", "ZPK", "--zmk", zmk, *TEST)["key"] == formed["key"]
    assert good("check", formed["key"], "--type", "ZPK", *TEST)["cmac_check_value"] == tdes.cmac_check_value(KEY)[:10]
    long_zmk = good("generate", "--type", "ZMK", "--scheme", "t", *TEST)["key"]
    made = good("generate", "--type", "ZPK", "--scheme", "t", "--zmk", long_zmk, *TEST)
    assert tdes.key_check_value(decrypt_key(made["key"], "001"))[:6] == made["check_value"]
    assert made["under_zmk"][0] == "T"
    block = good("translate", formed["key"], "--type", "ZPK", "--from", "test-variant", "--lmk", "test-aes")
    assert block["key"].startswith("S1")
    shown = keys("check", block["key"], "--lmk", "test-aes").stdout
    assert shown.startswith(f"check value: {check}\n")
    assert "usage: P0\nkinds: ZPK TPK\n" in shown


def test_components_go_into_files_of_0600_and_form_the_same_key(folder: Path) -> None:
    before = os.umask(0)
    try:
        made = keys("components", "--type", "ZMK", "--write-to", "part", "--json", *TEST)
    finally:
        os.umask(before)
    files = sorted(folder.glob("part-*"))
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
    parts = [word for file in files for word in ("--component", f"file:{file}")]
    assert good("form", "--type", "ZMK", *parts, *TEST) == json.loads(made.stdout)
    assert not any(file.read_text().strip() in made.output for file in files)
    again = keys("components", "--type", "ZMK", "--write-to", "part", *TEST)
    assert (again.exit_code, "File exists" in again.stderr) == (2, True)


def test_components_are_not_printed_where_nobody_sits(folder: Path) -> None:
    for arguments in (
        ("components", "--type", "ZMK", *TEST),
        ("lmk", "create", "new.json", "--kind", "variant", *OFFICERS),
    ):
        found = keys(*arguments)
        assert found.exit_code == 2
        assert "shown on a terminal only" in found.stderr
        assert not re.search("[0-9A-F]{16}", found.output)
    assert not (folder / "new.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["generate", "--type", "ZPK"], "expected --lmk or --config"),
        (["generate", "--type", "XXX", *TEST], "--type: expected one of ZMK"),
        (["generate", "--type", "ZPK", "--scheme", "S", *TEST], "(error 26)"),
        (["generate", "--type", "ZPK", "--zmk", "U00", *TEST], "(error 15)"),
        (["generate", "--type", "ZPK", "--lmk", "absent.json"], "absent.json: No such file"),
        (["generate", "--type", "ZPK", "--lmk", "lmk.json"], "no terminal to ask at"),
        (["form", "--type", "ZPK", *TEST], "component 1 of 3: no terminal to ask at"),
        (["form", "--type", "ZPK", "--component", "env:C1", *TEST], "expected 2 or 3 components"),
        (["form", "--type", "ZPK", "--component", "env:NONE", *TEST], "NONE: no such environment variable"),
        (["form", "--type", "ZPK", "--component", "env:O1", *TEST], "component 1 of 1: expected hexadecimal digits"),
        (["form", "--type", "ZPK", "--component", "file:open", *TEST], "open: others may read or write it"),
        (["form", "--type", "ZPK", "--scheme", "T", *PARTS, *TEST], "expected a component of 48 digits (error 27)"),
        (["form", "--type", "ZPK", *PARTS, "--expect", "000000", *TEST], "expected 000000"),
        (["import", "X" + "0" * 32, "--type", "ZPK", "--zmk", encrypt_key(ZMK, "000"), *TEST], "(error 75)"),
        (["import", "R", "--type", "ZPK", "--zmk", encrypt_key(ZMK, "000"), *TEST], "(error 15)"),
        (["export", encrypt_key(KEY, "003"), "--type", "ZPK", "--zmk", encrypt_key(ZMK, "000"), *TEST], "(error 10)"),
        (["translate", "U", "--type", "ZPK", *TEST], "expected --from or --from-id"),
        (["check", encrypt_key(KEY, "001"), *TEST], "expected a kind of key"),
        (["check", "S0", "--lmk", "test-keyblock"], "(error 15)"),
        (["check", "U", "--type", "ZPK", "-c", "hsm.toml", "--id", "07"], "LMK 07: not in the configuration"),
        (["lmk", "show", "lmk.json", "--officer-1", "env:O1", "--officer-2", "env:O1"], "does not open"),
        (["lmk", "show", "lmk.json", "--officer-1", "file:open", "--officer-2", "env:O1"], "others may read"),
        (["lmk", "create", "lmk.json", "--kind", "variant"], "lmk.json: File exists"),
        (["lmk", "create", "n.json", "--kind", "variant", *PARTS, *OFFICERS], "expected components of 64 digits"),
        (["lmk", "create", "n.json", "--kind", "variant", "--id", "x", "--write-to", "p", *OFFICERS], "number"),
    ],
    ids=lambda value: " ".join(value[:4]) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_goes_wrong_is_one_line_and_status_2(lmk_file: Path, arguments: list[str], said: str) -> None:
    Path("open").write_text(COMPONENTS[0])
    Path("open").chmod(0o644)
    Path("hsm.toml").write_text("port = 0\n")
    found = keys(*arguments)
    lines = [line for line in found.stderr.splitlines() if not line.startswith("component ") or "error" in line]
    assert found.exit_code == 2, found.output
    assert isinstance(found.exception, SystemExit)
    assert said in lines[-1]
    assert found.stdout == ""
    assert len([line for line in lines if line.lower().startswith("error")]) == 1
    assert not any(secret in found.output for secret in (*COMPONENTS, FIRST, SECOND))


def test_no_secret_is_printed_or_logged_by_any_verb(lmk_file: Path) -> None:
    lmk = lmk_of("variant", "00", bytes(range(32)))
    opened = ("--lmk", str(lmk_file), *OFFICERS)
    said = []
    formed = keys("form", "--type", "ZMK", *PARTS, *opened)
    zmk = re.findall("^key: (.*)$", formed.stdout, re.MULTILINE)[0]
    made = keys("generate", "--type", "ZPK", "--zmk", zmk, "--zmk-scheme", "R", *opened)
    key, under = (re.findall(f"^{name}: (.*)$", made.stdout, re.MULTILINE)[0] for name in ("key", "under zmk"))
    said += [formed, made, keys("import", under, "--type", "ZPK", "--zmk", zmk, *opened)]
    said += [keys("check", key, "--type", "ZPK", *opened), keys("export", key, "--type", "ZPK", "--zmk", zmk, *opened)]
    said.append(keys("translate", key, "--type", "ZPK", "--from", str(lmk_file), "--from-officer-1", "env:O1",
                     "--from-officer-2", "env:O2", *opened))  # fmt: skip
    assert [each.exit_code for each in said] == [0] * 6
    keys("lmk", "show", str(lmk_file), "--officer-1", "env:O1", "--officer-2", "env:C1")
    log = Path(f"{lmk_file}.audit")
    text = log.read_text() + "".join(each.output for each in said)
    clear = decrypt_key(key, "001", lmk)  # type: ignore[arg-type]
    hidden = [KEY, clear, bytes(range(32)), *lmk.pairs.values(), *map(bytes.fromhex, COMPONENTS)]  # type: ignore[union-attr]
    for secret in (*(each.hex() for each in hidden), FIRST, SECOND):
        assert secret.lower() not in text.lower()
    assert log.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["event"], line["officers"]) for line in lines] == [
        ("key formed", [1, 2]), ("key generated", [1, 2]), ("key imported", [1, 2]), ("key exported", [1, 2]),
        ("key translated", [1, 2]), ("LMK did not open", []),
    ]  # fmt: skip
    assert all(re.match(r"\d{4}-\d\d-\d\dT", line["time"]) for line in lines)
    assert not any(field in log.read_text() for field in (key, zmk, under))


def console(script: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["hsm", *arguments], input=script)


def test_the_console_opens_the_lmk_once_for_many_lines(lmk_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    really = lmkfile.open_file

    def counted(path: Path, passphrases: tuple[str, str]) -> object:
        opened.append(path)
        return really(path, passphrases)

    monkeypatch.setattr("switch.hsm.openlmks.open_file", counted)
    script = f"# a script\n\ngenerate --type ZPK\nform --type ZPK {' '.join(PARTS)}\nquit\ngenerate --type XYZ\n"
    found = console(script, "console", "--lmk", str(lmk_file), *OFFICERS)
    assert found.exit_code == 0, found.output
    assert found.stdout.count("key: U") == 2
    assert len(opened) == 1


def test_a_script_ends_at_its_first_fault(folder: Path) -> None:
    for bad in ("frobnicate", "generate --type XYZ", "check U00 --type ZPK", "generate 'open", "generate --type"):
        found = console(f"{bad}\ngenerate --type ZPK\n", "console", *TEST)
        assert (found.exit_code, "key: " in found.stdout) == (2, False), found.output
        assert found.stderr.count("error: ") == 1, found.stderr


def test_the_console_has_the_lmks_and_the_policy_of_a_configuration(lmk_file: Path) -> None:
    text = '[lmk]\n00 = "lmk.json"\n01 = "test-keyblock"\n[officers]\n1 = "env:O1"\n2 = "env:O2"\n'
    Path("hsm.toml").write_text(f"pci_key_types = true\n{text}")
    script = "generate --type TPK\ngenerate --type TPK --id 01 --json\ngenerate --type TPK --id 02\n"
    for arguments in (("console", "-c", "hsm.toml"), ("-c", "hsm.toml", "console")):
        found = console(script, *arguments)
        assert found.exit_code == 2
        assert found.stderr.splitlines()[-1] == "error: LMK 02: not loaded"
        key = re.findall("^key: (U.*)$", found.stdout, re.MULTILINE)[0]
        check = re.findall("^check value: (.{6})$", found.stdout, re.MULTILINE)[0]
        lmk = lmk_of("variant", "00", bytes(range(32)))
        assert tdes.key_check_value(decrypt_key(key, "70D", lmk))[:6] == check  # type: ignore[arg-type]
        assert '"key":"S00072P0TN00E0001' in found.stdout


def at_a_terminal(arguments: list[str], answers: list[tuple[bytes, str]], folder: Path) -> tuple[int, str]:
    """Status and screen of a command that has a terminal of its own; each answer waits for its prompt."""
    control, terminal = pty.openpty()
    # A session leader that opens a terminal has it as its own, which is where getpass asks.
    wrapper = 'exec "$@" <"$TERMINAL" >"$TERMINAL" 2>&1'
    process = subprocess.Popen(
        ["/bin/sh", "-c", wrapper, "sh", sys.executable, "-m", "switch", *arguments],
        env={**os.environ, "TERMINAL": os.ttyname(terminal), "TERM": "xterm"},
        cwd=folder, start_new_session=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    screen, seen = os.read(control, 65536), 0
    os.close(terminal)  # not before the child has opened it; from here on it ends with the child
    try:
        for prompt, answer in [*answers, (b"\x00 until it ends", "")]:
            while prompt not in screen[seen:]:
                screen += os.read(control, 65536)
            seen = len(screen)
            os.write(control, f"{answer}\n".encode())
    except OSError:
        pass  # the terminal has ended
    finally:
        os.close(control)
    return process.wait(), screen.decode()


def test_at_a_terminal_components_are_shown_once_and_passphrases_never(folder: Path) -> None:
    answers = [(b"custodian 1 alone at the screen", ""), (b"written down", "")]
    answers += [(b"custodian 2 alone", ""), (b"written down", ""), (b"custodian 3 alone", ""), (b"written down", "")]
    answers += [(b"officer 1:", FIRST), (b"again:", FIRST), (b"officer 2:", SECOND), (b"again:", SECOND)]
    status, screen = at_a_terminal(["keys", "lmk", "create", "lmk.json", "--kind", "keyblock-3des"], answers, folder)
    assert status == 0, screen
    shown = ["".join(found.split()) for found in re.findall(r"^((?:[0-9A-F]{4} ?){12})\r?$", screen, re.MULTILINE)]
    checks = re.findall(r"^check value ([0-9A-F]{6})\r?$", screen, re.MULTILINE)
    assert [tdes.key_check_value(bytes.fromhex(part))[:6] for part in shown] == checks
    assert len(shown) == 3
    assert screen.count("\x1b[3J") == 3
    assert FIRST not in screen
    assert SECOND not in screen
    secret = b"\x00" * 24
    for part in shown:
        secret = tdes.xor(secret, bytes.fromhex(part))
    assert lmkfile.open_file(folder / "lmk.json", (FIRST, SECOND))[1].secret == secret  # type: ignore[union-attr]
    assert (folder / "lmk.json").stat().st_mode & 0o777 == 0o600


def test_at_a_terminal_typed_components_are_not_echoed(folder: Path) -> None:
    answers = [(f"component {place} of 3:".encode(), part) for place, part in enumerate(COMPONENTS, 1)]
    status, screen = at_a_terminal(["keys", "form", "--type", "ZPK", *TEST], answers, folder)
    assert status == 0, screen
    assert f"key: {encrypt_key(KEY, '001')}" in screen
    assert not any(part in screen for part in COMPONENTS)


def test_a_passphrase_that_differs_the_second_time_makes_no_file(folder: Path) -> None:
    answers = [(b"officer 1:", FIRST), (b"again:", SECOND)]
    arguments = ["keys", "lmk", "create", "lmk.json", "--kind", "variant", "--write-to", "part"]
    status, screen = at_a_terminal(arguments, answers, folder)
    assert (status, "not the same twice" in screen, (folder / "lmk.json").exists()) == (2, True, False)


@pytest.mark.parametrize(
    "command", ["keys", "keys lmk", "keys lmk create", "keys form", "hsm console", "hsm authorise"]
)
def test_each_command_explains_itself(command: str) -> None:
    found = CliRunner().invoke(main, [*command.split(), "--help"])
    assert found.exit_code == 0
    assert "LMK" in found.stdout
