"""Where passphrases and components come from: a terminal without echo, a variable, a file, a file descriptor."""

import getpass
import os
import sys
from pathlib import Path

TERMINAL = "terminal"
FORMS = "terminal, env:NAME, file:PATH or fd:NUMBER"
_MOST_BYTES = 4096


class SecretError(ValueError):
    """A secret that could not be had; the message never holds it."""


def read_secret(source: str, prompt: str, *, twice: bool = False) -> str:
    """One line without its end from a source as FORMS has it; `twice` asks a terminal again. Raises SecretError."""
    form, _, name = source.partition(":")
    if source == TERMINAL:
        return _ask(prompt, twice=twice)
    if form == "env" and name:
        return _environment(name)
    if form == "file" and name:
        return _file(Path(name))
    if form == "fd" and name.isdecimal():
        return _descriptor(int(name))
    raise SecretError(f"{prompt}: expected {FORMS}")


def located(source: str, folder: Path) -> str:
    """A source whose file, if it is one, is relative to `folder`."""
    return f"file:{folder / source.removeprefix('file:')}" if source.startswith("file:") else source


def _ask(prompt: str, *, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise SecretError(f"{prompt}: no terminal to ask at: name another source, env:NAME, file:PATH or fd:NUMBER")
    answer = getpass.getpass(f"{prompt}: ")
    if twice and getpass.getpass(f"{prompt}, again: ") != answer:
        raise SecretError(f"{prompt}: not the same twice")
    return answer


def _environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"{name}: no such environment variable")
    return value


def _file(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & 0o077:
                raise SecretError(f"{path}: others may read or write it: expected mode 0600 or 0400")
            return _line(file.read(_MOST_BYTES), str(path))
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}") from None


def _descriptor(number: int) -> str:
    """Up to the end of a line: several secrets may come one after the other."""
    line = b""
    try:
        while not line.endswith(b"\n") and len(line) < _MOST_BYTES:
            byte = os.read(number, 1)
            if not byte:
                break
            line += byte
    except OSError as error:
        raise SecretError(f"fd:{number}: {error.strerror}") from None
    return _line(line, f"fd:{number}")


def _line(data: bytes, where: str) -> str:
    try:
        return data.decode().split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretError(f"{where}: expected text") from None
