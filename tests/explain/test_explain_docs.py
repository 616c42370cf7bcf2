"""docs/explain.rst says what is: every command on the page is run as it stands, and prints what stands below it."""

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explain.rst"
# The command of this checkout, whether or not it is installed.
SHELL = f'switch() {{ "{sys.executable}" -m switch "$@"; }}\n'


def sessions() -> list[tuple[str, str]]:
    """The commands of the page with what stands below each."""
    found: list[tuple[str, str]] = []
    inside = False
    for line in PAGE.read_text().splitlines():
        if line.startswith(".. code-block:: "):
            inside = line.endswith("console")
        elif inside and line.startswith("    $ "):
            found.append((line.removeprefix("    $ "), ""))
        elif inside and line.startswith("    "):
            command, output = found[-1]
            found[-1] = command, f"{output}{line.removeprefix('    ')}\n"
        elif line and not line.startswith(" "):
            inside = False
    return found


def test_the_commands_of_the_page_print_what_it_shows(tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(PAGE.parents[1]), os.environ.get("PYTHONPATH", ""))),
    }
    shown = sessions()
    assert len(shown) >= 10
    for command, output in shown:
        done = subprocess.run(
            ["/bin/sh", "-c", SHELL + command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout + done.stderr == output, command


def test_the_page_shows_no_whole_card_number_but_the_one_it_builds():
    assert PAGE.read_text().count("4111111111111111") == 2
