"""The Store on plain tables in memory, inline: the same SQL without a thread, for the engine's tests and simulation."""

import os
import sqlite3
from collections.abc import Sequence

from switch.crypto.datakeys import DataKeys
from switch.journal import recovery, schema
from switch.journal.apply import Applier
from switch.journal.disk import Disk, MemoryDisk
from switch.journal.records import Ack, Record, Recovery


class MemoryStore:
    """Commits in `flush`. `failing` makes every unit of a flush fail, as a full disk would.

    `disk` holds the segment log: a second store on it goes on where the first one stopped.
    """

    def __init__(
        self, keys: DataKeys, disk: Disk | None = None, delivered: set[int] | None = None, *, same_boot: bool = False
    ) -> None:
        self.connection = schema.connect(":memory:")
        recovery.prepare(self.connection, keys)
        self.recovery: Recovery = recovery.load(self.connection, keys, delivered or set(), same_boot=same_boot)
        self.disk = disk or MemoryDisk()
        self.failing = False
        self._applier = Applier(self.connection, keys)
        self._gathered: list[tuple[Sequence[Record], object]] = []
        self._acks: list[tuple[object, Ack]] = []
        self._event = os.eventfd(0, os.EFD_NONBLOCK)

    @property
    def backlog(self) -> int:
        return len(self._gathered) + len(self._acks)

    def submit(self, unit: Sequence[Record], token: object) -> None:
        self._gathered.append((unit, token))

    def flush(self) -> None:
        for unit, token in self._gathered:
            self._acks.append((token, Ack(ok=False) if self.failing else self._write(unit)))
        if self._gathered:
            os.eventfd_write(self._event, 1)
            self._gathered = []

    def _write(self, unit: Sequence[Record]) -> Ack:
        try:
            return self._applier.transact([unit])[0]
        except sqlite3.Error:
            return Ack(ok=False)

    def take(self) -> list[tuple[object, Ack]]:
        if self._acks:
            os.eventfd_read(self._event)
        taken, self._acks = self._acks, []
        return taken

    def fileno(self) -> int:
        return self._event

    def close(self) -> None:
        self.connection.close()
        os.close(self._event)
