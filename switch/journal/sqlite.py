"""The journal in files: one writer thread commits whatever has gathered (group commit), then acknowledges.

The engine's thread only appends to lists and reads them back."""

import fcntl
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
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
from switch.journal.retire import retire
from switch.journal.segments import LogError
from switch.journal.settings import JournalSettings

log = structlog.get_logger()

_CANNOT_OPEN = (sqlite3.Error, OSError, LogError, WrongKeysError, NewerVersionError, DamagedError, InvalidTag)
_LARGEST_GROUP = 5000  # units in one frame
_REPLAY_LINES = 5.0  # seconds between the lines about a long replay
_Unit = tuple[Sequence[Record], object]


class SqliteStore:
    """`lines` receives one JSON line per finished transaction, rendered by the writer.

    `delivered` are the answers known to have been handed over before a restart; `same_boot` says whether that
    knowledge is complete. `recovery` is what was found when the file was opened, `replayed` how many groups the index
    was behind its log. `disk` holds the log, a folder beside `path` by default. `on_death` is called when
    the writer ends by an error of its own: no unit is acknowledged after that.
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
        on_death: Callable[[], None] | None = None,
    ) -> None:
        self._settings = settings = settings or JournalSettings()
        self._on_death = on_death
        begun = time.monotonic()
        self._lock = exclusive(path)
        self._disk: Disk | None = None
        self._connection: sqlite3.Connection | None = None
        try:
            make_private(path)
            self._disk = disk or FolderDisk(segments_folder(path))
            self._connection = connection = schema.connect(str(path))
            if settings.check:
                opening.quick_check(connection)
            opening.prepare(connection, keys)
            self._committer, self.replayed = opening.join_log(connection, keys, self._disk, settings, _Replaying())
            self.recovery: Recovery = recovery.recover(
                connection, self._committer, keys, delivered or set(), same_boot=same_boot
            )
        except _CANNOT_OPEN as error:
            self._release()
            raise JournalError(f"{path}: {str(error) or 'a sealed value was changed and does not open'}") from None
        self._seconds = round(time.monotonic() - begun, 3)
        self._lines = lines
        self._gathered: list[_Unit] = []
        self._queue: SimpleQueue[list[_Unit] | None] = SimpleQueue()
        self._acks: deque[tuple[object, Ack]] = deque()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._outstanding = 0
        self._thread = threading.Thread(target=self._write, name="journal-writer", daemon=True)
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
        """A second call does nothing."""
        if self._event < 0:
            return
        self.flush()
        self._queue.put(None)
        self._thread.join()
        os.close(self._event)
        self._event = -1
        self._release()

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._disk is not None:
            self._disk.close()
        os.close(self._lock)

    def opened(self) -> dict[str, float | int]:
        """What the opening found, and the seconds it took: for one line of the log."""
        found = self.recovery
        return {
            "seconds": self._seconds,
            "replayed": self.replayed,
            "pending": len(found.pending),
            "undelivered": len(found.undelivered),
            "queued": len(found.saf),
            "assumed_delivered": found.assumed_delivered,
        }

    # -- the writer's side

    def _write(self) -> None:
        try:
            self._write_until_closed()
        except BaseException as error:  # nothing is acknowledged any more: someone must end the process, and says so
            log.critical("journal writer died", reason=reason(error))
            if self._on_death is not None:
                self._on_death()

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
                self._write_group(units)

    def _write_group(self, units: list[_Unit]) -> None:
        for start in range(0, len(units), _LARGEST_GROUP):
            group = units[start : start + _LARGEST_GROUP]
            self._acknowledge(group, self._committer.commit([unit for unit, _ in group]))
        if self._committer.begun:
            self._committer.begun = False
            self._retire()

    def _retire(self) -> None:
        """What cannot be moved away stays: the next new segment tries again."""
        archive = self._settings.archive_segments
        assert self._connection is not None and self._disk is not None
        try:
            retire(self._connection, self._disk, self._settings.keep_segments, Path(archive) if archive else None)
        except (OSError, sqlite3.Error) as error:
            log.warning("old segments stay", reason=reason(error))

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


class _Replaying:
    """Tells of a replay that takes long."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _REPLAY_LINES

    def __call__(self, segment: int, segments: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _REPLAY_LINES
            log.info("journal replaying", segment=segment + 1, segments=segments)


def segments_folder(path: Path) -> Path:
    """Where the segments of the journal `path` lie: beside it."""
    return path.with_name(path.name + ".segments")


def make_private(path: Path) -> None:
    """Before SQLite opens it: the write-ahead log takes over the mode of the database."""
    path.touch()
    path.chmod(0o600)


def exclusive(path: Path) -> int:
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
