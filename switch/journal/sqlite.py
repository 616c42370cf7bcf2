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

from switch.journal import recovery, schema
from switch.journal.apply import Applier
from switch.journal.keys import DataKeys
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
            connection = schema.connect(str(path))
            recovery.prepare(connection, keys)
            self.recovery: Recovery = recovery.load(connection, keys, delivered or set(), same_boot=same_boot)
        except (sqlite3.Error, recovery.WrongKeysError) as error:
            os.close(self._lock)
            raise JournalError(f"{path}: {error}") from None
        path.chmod(0o600)
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
            text = "".join(
                render(record) for (unit, _), ack in zip(units, acks, strict=True) if ack.ok for record in unit
            )
            if text:
                self._lines.write(text)
                self._lines.flush()

    def _commit(self, units: list[_Unit]) -> list[Ack]:
        """All units in one transaction; when that fails each in its own, so that one bad unit hurts no other."""
        try:
            return self._transact([unit for unit, _ in units])
        except sqlite3.Error as error:
            log.error("journal commit failed", reason=str(error), units=len(units))
        return [self._commit_one(unit) for unit, _ in units]

    def _commit_one(self, unit: Sequence[Record]) -> Ack:
        try:
            return self._transact([unit])[0]
        except sqlite3.Error as error:
            log.error("journal unit failed", reason=str(error))
            return Ack(ok=False)

    def _transact(self, units: list[Sequence[Record]]) -> list[Ack]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            acks = [self._applier.apply(unit) for unit in units]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._applier.reload()
            raise
        self.commits += 1
        return acks


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
