"""Which answers were handed to their links, in a file that outlives the process but not the machine.

Marks are written before the sockets are: an approval without a mark was certainly never sent."""

import errno
import os
from pathlib import Path

_MARK = 8
_LARGEST = 2**63 - 1  # SQLite's integers


def boot_id() -> str:
    """Tells one boot of this machine from the next."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class DeliveryLog:
    """`known` are the marks of the previous life, `same_boot` whether they are complete."""

    def __init__(self, path: Path, boot: str, fold_at: int = 50_000) -> None:
        self._path, self._old = path, path.with_suffix(".old")
        self._boot = boot.encode()
        self._fold_at = fold_at
        self._buffer: list[bytes] = []
        first, second = self._read(self._old), self._read(self._path)
        boots = {found[0] for found in (first, second) if found is not None}
        self.same_boot = boots == {self._boot}
        self.known: set[int] = set()
        for mark in (mark for found in (first, second) if found is not None for mark in found[1]):
            self.known.add(mark) if mark > 0 else self.known.discard(-mark)
        self._file = -1
        self._marks: list[int] = []
        self._unmarked: set[int] = set()

    def _read(self, path: Path) -> tuple[bytes, list[int]] | None:
        try:
            boot, _, body = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        whole = len(body) - len(body) % _MARK  # a torn last mark never left the process
        marks = (int.from_bytes(body[i : i + _MARK], "big", signed=True) for i in range(0, whole, _MARK))
        return boot, [mark for mark in marks if 0 < abs(mark) <= _LARGEST]  # a crash of the machine leaves anything

    def start(self) -> None:
        """Begins a new file: call it once `known` has been folded into the journal."""
        self._old.unlink(missing_ok=True)
        self._file = self._open()

    def _open(self) -> int:
        # It appears with its first line or not at all: a file without one would tell of no boot.
        new = self._path.with_suffix(".new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            first = self._boot + b"\n"
            if os.write(file, first) != len(first):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            new.rename(self._path)
        except OSError:
            os.close(file)
            raise
        return file

    def mark(self, txn_id: int) -> None:
        """The approval of `txn_id` is about to be handed to its link."""
        self._buffer.append(txn_id.to_bytes(_MARK, "big"))
        self._marks.append(txn_id)
        if self._unmarked:
            self._unmarked.discard(txn_id)

    def unmark(self, txn_id: int) -> None:
        """Its link could not write it and gave it back: a negative mark."""
        self._buffer.append((-txn_id).to_bytes(_MARK, "big", signed=True))
        self._unmarked.add(txn_id)

    def flush(self) -> None:
        """One write for all marks of the tick; call it before the sockets are written."""
        if self._buffer:
            rest = b"".join(self._buffer)
            while rest:  # a full disk takes part of a write: what follows must not land inside a mark
                rest = rest[os.write(self._file, rest) :]
                self._buffer = [rest]
            self._buffer = []

    def rotate(self, *, due: bool = False) -> list[int]:
        """Past the bound, or `due`: sets the marks aside and returns them; call `folded` when they are durable.

        After an OSError, as without room for another file, the marks go on where they are; the next call tries again.
        """
        if len(self._marks) < (1 if due else self._fold_at) or self._old.exists():
            return []
        self.flush()
        file = self._begun_anew()
        os.close(self._file)
        self._file = file
        marks, self._marks = self._marks, []
        unmarked, self._unmarked = self._unmarked, set()
        return [mark for mark in marks if mark not in unmarked] if unmarked else marks

    def _begun_anew(self) -> int:
        self._path.rename(self._old)
        try:
            return self._open()
        except OSError:
            self._old.rename(self._path)
            raise

    def folded(self) -> None:
        """What `rotate` returned is durable in the journal."""
        self._old.unlink(missing_ok=True)

    def close(self) -> None:
        self.flush()
        os.close(self._file)
