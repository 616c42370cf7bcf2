"""What the segment log asks of a disk. `FolderDisk` is a real one; the simulation passes a virtual one.

Every call may raise OSError. What `append` wrote may be lost, whole or from any byte on, until `sync` has returned."""

import errno
import os
from pathlib import Path
from typing import Protocol

from switch.durable import sync_folder, write_new


class Disk(Protocol):
    """One folder of files that grow at their ends. Names hold no path."""

    def list(self) -> list[str]:
        """The names of all files, sorted."""

    def read(self, name: str) -> bytes:
        """The whole file."""

    def open(self, name: str, head: bytes) -> None:
        """Makes a new file that begins with `head`, durable with its name on return; never writes over one."""

    def append(self, name: str, data: bytes) -> None:
        """Writes at the end. When it fails any part of `data` may be there."""

    def sync(self, name: str) -> None:
        """Everything appended to the file is durable when the call returns (fdatasync)."""

    def rewrite(self, name: str, offset: int, data: bytes) -> None:
        """Writes `data`, the end of the file from `offset` on, over itself: durable with the file's name when the call
        returns, even if a sync of them has failed before."""

    def truncate(self, name: str, size: int) -> None:
        """Cuts the file: durable when the call returns, and the next `read` asks the disk."""

    def remove(self, name: str) -> None:
        """The file is gone for good when the call returns."""

    def close(self) -> None:
        """Lets go of what is held; the files stay as they are."""


class FolderDisk:
    """A folder of mode 0700, made when there is none, its files of mode 0600. Keeps the last file it used open."""

    def __init__(self, folder: Path) -> None:
        new = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in new:
            sync_folder(each.parent)  # a file is as durable as the names on the way to it
        self._folder = folder
        self._name, self._descriptor = "", -1

    def list(self) -> list[str]:
        return sorted(entry.name for entry in self._folder.iterdir() if entry.is_file())

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def open(self, name: str, head: bytes) -> None:
        self.close()
        write_new(self._folder / name, head)

    def append(self, name: str, data: bytes) -> None:
        _write(self._opened(name), data)

    def sync(self, name: str) -> None:
        os.fdatasync(self._opened(name))

    def rewrite(self, name: str, offset: int, data: bytes) -> None:
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CLOEXEC)  # appending, it would write at the end
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            _write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(self._folder)

    def truncate(self, name: str, size: int) -> None:
        self.close()  # a descriptor on which a sync has failed may not tell of the next failure
        descriptor = self._opened(name)
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
        # What a failed sync has not brought to the disk still stands in the page cache as if it had.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def remove(self, name: str) -> None:
        self.close()
        (self._folder / name).unlink()
        sync_folder(self._folder)

    def close(self) -> None:
        descriptor, self._name, self._descriptor = self._descriptor, "", -1
        if descriptor >= 0:
            os.close(descriptor)

    def _opened(self, name: str) -> int:
        if name != self._name:
            self.close()
            self._descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            self._name = name
        return self._descriptor


class MemoryDisk:
    """Files in a dictionary, without faults: what a `MemoryStore` writes to unless it is given another disk."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}

    def list(self) -> list[str]:
        return sorted(self.files)

    def read(self, name: str) -> bytes:
        return bytes(self.files[name])

    def open(self, name: str, head: bytes) -> None:
        if name in self.files:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        self.files[name] = bytearray(head)

    def append(self, name: str, data: bytes) -> None:
        self.files[name] += data

    def sync(self, name: str) -> None:
        """Nothing is ever lost."""

    def rewrite(self, name: str, offset: int, data: bytes) -> None:
        assert self.files[name][offset:] == data, "it writes over the same bytes"

    def truncate(self, name: str, size: int) -> None:
        del self.files[name][size:]

    def remove(self, name: str) -> None:
        del self.files[name]

    def close(self) -> None:
        """Nothing is held."""


def _write(descriptor: int, data: bytes) -> None:
    """A full disk takes part of a write, and the next call says why."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
