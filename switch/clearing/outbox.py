"""Files that appear whole or not at all: written under a temporary name, fsynced, renamed. Knows no file format.

One process at a time writes into a folder; what a killed one left behind is removed by the next."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from switch.clearing.errors import ClearingError

_TEMPORARY = ".part"


class Outbox:
    """A context over a folder, which is made with mode 0700 if need be; its files have mode 0600.

    Leaving it removes what was not published. Raises ClearingError when the folder cannot be used or is in use.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle = -1
        self._begun: list[str] = []
        self._open: list[BinaryIO] = []

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ClearingError(str(self._folder), f"expected a folder to write to: {error.strerror}") from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in self._folder.glob(f".*{_TEMPORARY}"):
                left.unlink()
        except BlockingIOError:
            os.close(self._handle)
            raise ClearingError(str(self._folder), "expected no other process that writes here") from None
        except OSError as error:
            os.close(self._handle)
            raise ClearingError(str(self._folder), f"expected a folder to write to: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for out in self._open:
            with suppress(OSError):  # what could not be written is thrown away with its file
                out.close()
        for name in self._begun:
            self.temporary(name).unlink(missing_ok=True)
        os.close(self._handle)

    def temporary(self, name: str) -> Path:
        """Where the file `name` is until it is published; hidden, and without its ending."""
        return self._folder / f".{name}{_TEMPORARY}"

    def final(self, name: str) -> Path:
        """Where the file `name` is once it is published."""
        return self._folder / name

    def create(self, name: str) -> BinaryIO:
        """A file to write, which leaving the context closes; raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self.temporary(name), flags, 0o600)
        self._begun.append(name)
        out = os.fdopen(handle, "wb", buffering=1 << 20)
        self._open.append(out)
        return out

    def complete(self, out: BinaryIO) -> None:
        """Closes a file once its bytes are on the disk; raises OSError."""
        out.flush()
        os.fsync(out.fileno())
        out.close()

    def publish(self) -> None:
        """Gives all files their names, which is on the disk when this returns; raises OSError."""
        while self._begun:
            name = self._begun[0]
            self.temporary(name).replace(self.final(name))
            del self._begun[0]
        os.fsync(self._handle)
