"""The journal in SQLite: one writer thread commits whatever has gathered (group commit), then acknowledges.

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
from switch.journal import recovery, schema
from switch.journal.apply import Applier
from switch.journal.lines import render
from switch.journal.records import Ack, Record, Recovery

log = structlog.get_logger()

_Unit = tuple[Sequence[Record], object]


class JournalError(Exception):
    """The journal cannot be opened: the message says which file and why."""


class SqliteStore:
    """`lines` receives one JSON line per finished transaction, rendered by the writer.

    `delivered` are the answers known to have been handed over before a restart; `same_boot` says whether that
    knowledge is complete. `recovery` is what was found when the file was opened.
    """

    def __init__(
        self,
        path: Path,
        keys: DataKeys,
        *,
        lines: TextIO | None = None,
        delivered: set[int] | None = None,
        same_boot: bool = False,
    ) -> None:
        self._lock = _exclusive(path)
        try:
            _make_private(path)
            connection = schema.connect(str(path))
        except (sqlite3.Error, OSError) as error:
            os.close(self._lock)
            raise JournalError(f"{path}: {error}") from None
        try:
            recovery.prepare(connection, keys)
            self.recovery: Recovery = recovery.load(connection, keys, delivered or set(), same_boot=same_boot)
        except (sqlite3.Error, recovery.WrongKeysError, InvalidTag) as error:
            connection.close()
            os.close(self._lock)
            raise JournalError(f"{path}: {str(error) or 'a sealed value was changed and does not open'}") from None
        self._applier = Applier(connection, keys)
        self._connection = connection
        self._lines = lines
        self._gathered: list[_Unit] = []
        self._queue: SimpleQueue[list[_Unit] | None] = SimpleQueue()
        self._acks: deque[tuple[object, Ack]] = deque()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._outstanding = 0
        self.commits = 0
        self._thread = threading.Thread(target=self._write_until_closed, name="journal-writer", daemon=True)
        self._thread.start()

    # -- the engine's side

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
        self._connection.close()
        os.close(self._event)
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
                self._acknowledge(units, self._commit(units))

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
            log.error("transaction lines lost", reason=_reason(error))

    def _commit(self, units: list[_Unit]) -> list[Ack]:
        """All units in one transaction; when one of them is at fault each in its own, so that it hurts no other."""
        try:
            return self._transact([unit for unit, _ in units])
        except sqlite3.OperationalError as error:  # disk full, locked: no unit's fault, and a retry costs each its wait
            log.error("journal commit failed", reason=_reason(error), units=len(units))
            return [Ack(ok=False)] * len(units)
        except Exception as error:
            log.error("journal commit failed", reason=_reason(error), units=len(units))
        return [self._commit_one(unit) for unit, _ in units]

    def _commit_one(self, unit: Sequence[Record]) -> Ack:
        try:
            return self._transact([unit])[0]
        except Exception as error:  # whatever it is: a dead writer answers nobody
            log.error("journal unit failed", reason=_reason(error))
            return Ack(ok=False)

    def _transact(self, units: list[Sequence[Record]]) -> list[Ack]:
        acks = self._applier.transact(units)
        self.commits += 1
        return acks


def _reason(error: Exception) -> str:
    """SQLite names tables and columns, never values; other errors might."""
    return str(error) if isinstance(error, sqlite3.Error | OSError) else type(error).__name__


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
