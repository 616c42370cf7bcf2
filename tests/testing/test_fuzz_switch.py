"""switch-fuzz against the real switch: a lab of its own processes, both listeners, nothing found."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[1] / "lab" / "conftest.py"

FUZZ = [sys.executable, "-c", "from switch.tools.fuzz import main; main()"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = runpy.run_path(str(LAB))["LabProcess"](tmp_path_factory.mktemp("fuzzed"), "--payments", "1")
    for line in lab.process.stdout:
        lab.output += line
        if "up until Ctrl-C" in line:
            break
    assert lab.process.poll() is None, lab.output
    yield lab
    lab.end()


@pytest.mark.parametrize(("spec", "place"), [("pos-1987-ascii", 0), ("pos-1987-ascii-binary", 1)])
def test_the_switch_stands_valid_and_broken_messages(lab, tmp_path, spec, place):
    words = [f"127.0.0.1:{lab.base + place}", "--spec", spec, "--examples", "300", "--seed", "3", "--parallel", "4"]
    words += ["--timeout", "10", "--slow", "10", "--mti", "0100,0200,0400,0800", "--out", str(tmp_path / "out")]
    done = subprocess.run([*FUZZ, *words], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "out").exists()
