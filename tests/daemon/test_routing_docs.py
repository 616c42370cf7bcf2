"""docs/routing.rst says what is: every command is run, and prints what stands below it; its tables are the code's."""

import os
import re
import subprocess
import sys
from pathlib import Path

from switch.engine.bincells import COLUMNS
from switch.engine.rulesettings import RouteSettings, RuleSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "routing.rst").read_text()
SHELL = f'switch() {{ "{sys.executable}" -m switch "$@"; }}\n'


def sessions():
    """The commands of the page with what stands below each; a here-document belongs to its command."""
    found, document = [], False
    for block in re.findall(r"\.\. code-block:: console\n\n((?:    .*\n|\n)+)", PAGE):
        for line in block.splitlines():
            text = f"{line.removeprefix('    ')}\n"
            if not document and text.startswith("$ "):
                found.append([text[2:], ""])
                document = "<<'END'" in text
            else:
                found[-1][0 if document else 1] += text
                document = document and text != "END\n"
    return found


def test_the_commands_of_the_page_print_what_it_shows(tmp_path):
    path = os.pathsep.join((str(DOCS.parent), os.environ.get("PYTHONPATH", "")))
    shown = sessions()
    assert len(shown) == 6
    for command, output in shown:
        done = subprocess.run(
            ["/bin/sh", "-c", SHELL + command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout + done.stderr).strip() == output.strip(), command


def test_the_tables_have_every_column_and_key():
    first_cells = " ".join(line[:26] for line in PAGE.splitlines())
    for name in (*COLUMNS, *RouteSettings.__struct_fields__, *RuleSettings.__struct_fields__):
        assert re.search(rf"\b{name}\b", first_cells) or f"``{name}``" in PAGE, name
