"""The journal in files: one writer thread commits whatever has gathered (group commit), then acknowledges.

The engine's thread only appends to lists and reads them back."""

import fcntl
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

import structlog
from cryptography.exceptions import InvalidTag

from switch.crypto.datakeys import DataKeys
from switch.journal import opening, recovery, schema
from switch.journal.commit import reason
from switch.journal.disk import Disk, FolderDisk
from switch.journal.errors import DamagedError, JournalError, WrongKeysError
from switch.journal.lines import render
from switch.journal.migrations import NewerVersionError
from switch.journal.records import Ack, Record, Recovery
from switch.journal.segments import LogError
from switch.journal.settings import JournalSettings

log = structlog.get_logger()

_CANNOT_OPEN = (sqlite3.Error, OSError, LogError, WrongKeysError, NewerVersionError, DamagedError, InvalidTag)
_Unit = tuple[Sequence[Record], object]


class SqliteStore:
    """`lines` receives one JSON line per finished transaction, rendered by the writer.

    `delivered` are the answers known to have been handed over before a restart; `same_boot` says whether that
    knowledge is complete. `recovery` is what was found when the file was opened, `replayed` how many groups the index
    was behind its log. `disk` holds the log, a folder beside `path` by default.
    """

    def __init__(
        self,
        path: Path,
        keys: DataKeys,
        *,
        lines: TextIO | None = None,
        delivered: set[int] | None = None,
        same_boot: bool = False,
        disk: Disk | None = None,
        settings: JournalSettings | None = None,
    ) -> None:
        settings = settings or JournalSettings()
        self._lock = _exclusive(path)
        self._disk: Disk | None = None
        self._connection: sqlite3.Connection | None = None
        try:
            _make_private(path)
            self._disk = disk or FolderDisk(segments_folder(path))
            self._connection = connection = schema.connect(str(path))
            if settings.check:
                opening.quick_check(connection)
            opening.prepare(connection, keys)
            self._committer, self.replayed = opening.join_log(connection, keys, self._disk, settings)
            self.recovery: Recovery = recovery.recover(
                connection, self._committer, keys, delivered or set(), same_boot=same_boot
            )
        except _CANNOT_OPEN as error:
            self._release()
            raise JournalError(f"{path}: {str(error) or 'a sealed value was changed and does not open'}") from None
        self._lines = lines
        self._gathered: list[_Unit] = []
        self._queue: SimpleQueue[list[_Unit] | None] = SimpleQueue()
        self._acks: deque[tuple[object, Ack]] = deque()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._outstanding = 0
        self._thread = threading.Thread(target=self._write_until_closed, name="journal-writer", daemon=True)
        self._thread.start()

    # -- the engine's side

    @property
    def commits(self) -> int:
        """How many transactions the writer has committed."""
        return self._committer.commits

    @property
    def backlog(self) -> int:
        return self._outstanding

    def submit(self, unit: Sequence[Record], token: object) -> None:
        self._outstanding += 1
        self._gathered.append((unit, token))

    def flush(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def take(self) -> list[tuple[object, Ack]]:
        try:
            os.eventfd_read(self._event)
        except BlockingIOError:
            return []
        taken = []
        while self._acks:
            taken.append(self._acks.popleft())
        self._outstanding -= len(taken)
        return taken

    def fileno(self) -> int:
        return self._event

    def close(self) -> None:
        self.flush()
        self._queue.put(None)
        self._thread.join()
        os.close(self._event)
        self._release()

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._disk is not None:
            self._disk.close()
        os.close(self._lock)

    # -- the writer's side

    def _write_until_closed(self) -> None:
        closing = False
        while not closing:
            units: list[_Unit] = []
            gathered = self._queue.get()
            while gathered is not None:
                units += gathered
                if self._queue.empty():
                    break
                gathered = self._queue.get()
            closing = gathered is None
            if units:
                self._acknowledge(units, self._committer.commit([unit for unit, _ in units]))

    def _acknowledge(self, units: list[_Unit], acks: list[Ack]) -> None:
        self._acks.extend((token, ack) for (_, token), ack in zip(units, acks, strict=True))
        os.eventfd_write(self._event, 1)
        if self._lines is not None:
            written = [unit for (unit, _), ack in zip(units, acks, strict=True) if ack.ok and ack.duplicate is None]
            self._print(written, self._lines)

    def _print(self, units: list[Sequence[Record]], lines: TextIO) -> None:
        try:
            lines.write("".join(render(record) for unit in units for record in unit))
            lines.flush()
        except Exception as error:  # a full log must not stop the writer; the journal has what the lines said
            log.error("transaction lines lost", reason=reason(error))


def segments_folder(path: Path) -> Path:
    """Where the segments of the journal `path` lie: beside it."""
    return path.with_name(path.name + ".segments")


def _make_private(path: Path) -> None:
    """Before SQLite opens it: the write-ahead log takes over the mode of the database."""
    path.touch()
    path.chmod(0o600)


def _exclusive(path: Path) -> int:
    """The lock that keeps a second daemon off the journal; dies with the process."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalError(f"{path}: another process has this journal open") from None
    return descriptor
