"""Specs, fixtures and tools are found from a wheel, an editable install and a bare checkout."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PROBE = """
import json, pathlib, switch
from switch import resources
from switch.message import compile_spec, load_spec
names = ["visa", "mastercard", "pos-1987-ascii", "pos-1987-ascii-binary", "iso-1993-ascii"]
compiled = [compile_spec(load_spec(name)).name for name in names]
cards = json.loads(resources.read_text("fixtures", "cards.json"))["cards"]
bins = resources.read_text("fixtures", "bins.csv")
print(pathlib.Path(switch.__file__).parent, len(compiled), len(cards) > 10, bins.startswith("prefix"))
"""


def _run(python: Path | str, *arguments: str, cwd: Path, **environment: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    done = subprocess.run([str(python), *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """What git has of this checkout, and what is not committed yet: built there, so that nothing is left here."""
    folder = tmp_path_factory.mktemp("source")
    names = ("switch", "specs", "fixtures", "tools", "setup.cfg", "pyproject.toml", "README.rst", "LICENSE")
    for name in names:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        ".",
        cwd=source,
    )
    return next(folder.glob("*.whl"))


def _environment(folder: Path) -> Path:
    """A new environment that borrows the dependencies of this one and nothing else."""
    venv.create(folder, with_pip=False)
    site = next((folder / "lib").glob("python*/site-packages"))
    ours = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    for item in ours.iterdir():
        # `__editable__` is this checkout; everything else of the environment is a dependency.
        if "iso8583_switch" not in item.name and not (site / item.name).exists():
            (site / item.name).symlink_to(item)
    return folder / "bin" / "python"


def _install(python: Path, *arguments: str, cwd: Path) -> None:
    quiet = ("--disable-pip-version-check", "--python", str(python), "install", "-q", "--no-deps")
    _run(sys.executable, "-m", "pip", *quiet, *arguments, cwd=cwd)


def test_a_wheel_brings_its_specs_and_fixtures(wheel, tmp_path):
    python = _environment(tmp_path / "env")
    _install(python, "--no-index", str(wheel), cwd=tmp_path)
    where, *found = _run(python, "-c", _PROBE, cwd=tmp_path).split()
    assert Path(where).is_relative_to(tmp_path / "env")
    assert found == ["5", "True", "True"]
    assert "purchase" in _run(tmp_path / "env/bin/switch-terminal", "--help", cwd=tmp_path)
    assert "lab" in _run(tmp_path / "env/bin/switch", "--help", cwd=tmp_path)


def test_an_editable_install_finds_them_in_the_checkout(source, tmp_path):
    python = _environment(tmp_path / "env")
    _install(python, "--no-build-isolation", "-e", str(source), cwd=tmp_path)
    where, *found = _run(python, "-c", _PROBE, cwd=tmp_path).split()
    assert Path(where) == source / "switch"
    assert found == ["5", "True", "True"]


def test_a_bare_checkout_finds_them_beside_the_package(source, tmp_path):
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    # Isolated, so that the editable install of this environment plays no part: only its dependencies do.
    probe = f"import sys; sys.path[:0] = [{str(source)!r}]; sys.path.append({ours!r})\n{_PROBE}"
    where, *found = _run(sys.executable, "-I", "-S", "-c", probe, cwd=tmp_path).split()
    assert Path(where) == source / "switch"
    assert found == ["5", "True", "True"]
