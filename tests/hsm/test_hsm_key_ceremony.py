"""docs/key_ceremony.rst says what is: every command prints what stands below it; then the HSM takes over."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from switch.daemon import hsmd
from switch.hsm.config import open_commands

PAGE = Path(__file__).parents[2] / "docs" / "key_ceremony.rst"
SHELL = f'switch() {{ "{sys.executable}" -m switch "$@"; }}\n'
SECRETS = re.compile(r"<<'END'\n((?:[0-9A-F ]+|[a-z -]+\w)\n)END\n")


def sessions(text: str) -> list[tuple[str, str]]:
    """The commands of the page with what stands below each; lines with `>` and here-documents belong to a command."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^\.\. code-block:: console\n\n((?:    .*\n|\n)+)", text, re.MULTILINE):
        lines = "".join(f"{line[4:]}\n" for line in block.rstrip("\n").split("\n"))
        for part in re.split(r"^\$ ", lines, flags=re.MULTILINE)[1:]:
            command = re.match(r".*<<'END'\n(?:.*\n)*?END\n|(?:.*\\\n> )*.*\n", part)
            assert command
            found.append((command[0].replace("\\\n> ", ""), part[command.end() :].rstrip("\n")))
    return found


def run(command: str, folder: Path) -> str:
    path = os.pathsep.join((str(PAGE.parents[1]), os.environ.get("PYTHONPATH", "")))
    done = subprocess.run(
        ["/bin/sh", "-c", SHELL + command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.rstrip("\n")


def test_the_ceremony_goes_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = sessions(text)
    assert len(shown) >= 18
    secrets = [found.strip() for command, _ in shown for found in SECRETS.findall(command)]
    assert len(secrets) == 8  # two passphrases, three components of the LMK, three of the ZMK
    for command, output in shown[:-1]:
        printed = run(command, tmp_path)
        assert printed == output, command
        assert not any(secret in printed for secret in secrets)
    # What stays behind holds no secret but in the files it was put into, and nobody else can read those.
    for file in tmp_path.iterdir():
        kept = re.match("officer|custodian|zmk", file.name)
        assert bool(kept) == any(secret in file.read_text() for secret in secrets), file
        assert not kept or file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "lmk-00.json.audit").stat().st_mode & 0o777 == 0o600
    # The HSM under this configuration answers with the page's LMK and knows the ZPK that the page puts into service.
    hsm = open_commands(hsmd.load(tmp_path / "hsm.toml"))
    assert hsm.handle(b"NC")[:20] == b"ND0061453314CC76F1A6"
    zpk = re.search(r'zpk = "(U\w+)"', text)
    assert zpk
    assert hsm.handle(f"BUFF1{zpk[1]};001;001".encode()) == b"BV00F12A5F"
    run(shown[-1][0], tmp_path)
    assert not list(tmp_path.glob("zmk-*"))
