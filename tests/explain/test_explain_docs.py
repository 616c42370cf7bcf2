"""docs/explain.rst and docs/spec_howto.rst say what is: every command is run, and prints what stands below it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
# The command of this checkout, whether or not it is installed.
SHELL = f'switch() {{ "{sys.executable}" -m switch "$@"; }}\n'


def sessions(page: Path) -> list[tuple[str, str]]:
    """The commands of the page with what stands below each; a here-document belongs to its command."""
    found: list[tuple[str, str]] = []
    inside, document = False, False
    for line in page.read_text().splitlines():
        text = f"{line.removeprefix('    ')}\n"
        if line.startswith(".. code-block:: "):
            inside = line.endswith("console")
        elif inside and document:
            found[-1] = found[-1][0] + text, ""
            document = text != "END\n"
        elif inside and line.startswith("    $ "):
            found.append((text.removeprefix("$ "), ""))
            document = "<<'END'" in line
        elif inside and line.startswith("    "):
            command, output = found[-1]
            found[-1] = command, output + text
        elif line and not line.startswith(" "):
            inside = False
    return found


@pytest.mark.parametrize(("page", "at_least"), [("explain.rst", 10), ("spec_howto.rst", 8)])
def test_the_commands_of_the_page_print_what_it_shows(tmp_path, page, at_least):
    path = os.pathsep.join((str(DOCS.parent), os.environ.get("PYTHONPATH", "")))
    shown = sessions(DOCS / page)
    assert len(shown) >= at_least
    for command, output in shown:
        done = subprocess.run(
            ["/bin/sh", "-c", SHELL + command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout + done.stderr == output, command


def test_the_page_shows_no_whole_card_number_but_the_one_it_builds():
    assert (DOCS / "explain.rst").read_text().count("4111111111111111") == 2
