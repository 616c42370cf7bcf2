"""Finds the data folders `specs/` and `fixtures/` in a wheel, an editable install and a bare checkout."""

from importlib import resources
from importlib.abc import Traversable
from pathlib import Path


def folder(name: str) -> Traversable:
    """The data folder `name` ("specs" or "fixtures").

    Installed, it is the package `switch.<name>`; in a bare checkout it lies beside the package.
    """
    try:
        return resources.files(f"switch.{name}")
    except ModuleNotFoundError:
        return Path(__file__).resolve().parent.parent / name


def read_text(name: str, file: str) -> str:
    """The text of `file` in the data folder `name`; FileNotFoundError names what was looked for."""
    return (folder(name) / file).read_text(encoding="utf-8")
