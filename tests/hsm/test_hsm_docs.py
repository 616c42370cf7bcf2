"""What docs/hsm.rst tells others to write runs as it stands there."""

import re
import textwrap
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from switch.hsm.config import HsmConfig
from switch.hsm.settings import HsmClientSettings

PAGE = (Path(__file__).parents[2] / "docs" / "hsm.rst").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading, up to the next one."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^[^\n]+\n-{{3,}}\n|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


async def test_the_raw_socket_example_runs(
    address: tuple[str, int], bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    text = section("How to point your own software at it").split(".. code-block:: python\n\n", 1)[1]
    code = textwrap.dedent("".join(line for line in text.splitlines(True) if line.startswith("    ") or line == "\n"))
    assert code.count("1500") == 1
    with trio.fail_after(10):
        await trio.to_thread.run_sync(partial(exec, code.replace("1500", str(address[1])), {}))
    first, second = (line for line in capsys.readouterr().out.splitlines() if line.startswith("b'"))  # beside the log
    assert first == repr(bench.ask("NC").encode())
    assert re.fullmatch(r"b'A100U[0-9A-F]{38}'", second)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    for title, kind in (("Configuration", HsmConfig), ("Client", HsmClientSettings)):
        text = section(title)
        for field in msgspec.structs.fields(kind):
            row = re.search(rf"^[^\n]*``{field.name}``.*$", text, re.MULTILINE)
            assert row, field.name
            plain = isinstance(field.default, (bool, int, float, str)) and field.name not in ("timeout", "port")
            if plain and field.default != "":
                shown = str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}"
                assert shown.removesuffix(".0") in row[0], field.name
