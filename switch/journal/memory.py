"""The Store inline, without a thread, its index in memory: the same log and the same SQL, for tests and simulation."""

import os
import sqlite3
from collections.abc import Sequence

from switch.crypto.datakeys import DataKeys
from switch.journal import opening, recovery, schema
from switch.journal.disk import Disk, MemoryDisk
from switch.journal.records import Ack, Record, Recovery
from switch.journal.settings import JournalSettings


class MemoryStore:
    """Commits in `flush`, all that was submitted as one group. `failing` makes every unit of a flush fail.

    `disk` holds the segment log. A second store on it replays it, as a restart does; raises LogError and OSError. An
    OSError of the disk refuses the group; a BaseException that is no Exception passes through: a crash at that call.
    """

    def __init__(
        self,
        keys: DataKeys,
        disk: Disk | None = None,
        delivered: set[int] | None = None,
        *,
        same_boot: bool = False,
        settings: JournalSettings | None = None,
    ) -> None:
        self._keys = keys
        self.disk = disk or MemoryDisk()
        self.connection: sqlite3.Connection = schema.connect(":memory:")
        opening.prepare(self.connection, keys)
        known = opening.log_id_on(self.disk)
        if known is not None:
            self.connection.execute("INSERT INTO meta VALUES ('log', ?)", (known.hex(),))
        self._committer, self.replayed = opening.join_log(
            self.connection, keys, self.disk, settings or JournalSettings()
        )
        self.recovery: Recovery = self.recover(delivered or set(), same_boot=same_boot)
        self.failing = False
        self._gathered: list[tuple[Sequence[Record], object]] = []
        self._acks: list[tuple[object, Ack]] = []
        self._event = os.eventfd(0, os.EFD_NONBLOCK)

    def recover(self, delivered: set[int], *, same_boot: bool) -> Recovery:
        """What a restart would find now, with these marks of the delivery log."""
        return recovery.recover(self.connection, self._committer, self._keys, delivered, same_boot=same_boot)

    @property
    def backlog(self) -> int:
        return len(self._gathered) + len(self._acks)

    def submit(self, unit: Sequence[Record], token: object) -> None:
        self._gathered.append((unit, token))

    def flush(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._acks += zip(
                (token for _, token in gathered), self._commit([unit for unit, _ in gathered]), strict=True
            )
            os.eventfd_write(self._event, 1)

    def _commit(self, units: list[Sequence[Record]]) -> list[Ack]:
        return [Ack(ok=False)] * len(units) if self.failing else self._committer.commit(units)

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
