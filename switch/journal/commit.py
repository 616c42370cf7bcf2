"""One group of units: applied to the index, durable in the log, committed to the index, which is thus never ahead."""

import sqlite3
from collections.abc import Sequence

import msgspec
import structlog

from switch.crypto.datakeys import DataKeys
from switch.journal.apply import Applier
from switch.journal.records import Ack, PruneTombstones, Record
from switch.journal.segments import LogError, Progress, SegmentLog
from switch.journal.settings import JournalSettings
from switch.journal.wire import Logged, decode_group, encode_group, encode_unit

log = structlog.get_logger()

_POSITION = "UPDATE meta SET value = ? WHERE key = 'position'"
_DAY = 86_400_000  # milliseconds
_Done = tuple[Ack, msgspec.Raw | None]


class Committer:
    """Used by one thread. `refused` counts the units refused since the journal began to fail; `begun` says that a new
    segment was: whoever retires old ones resets it."""

    def __init__(
        self, connection: sqlite3.Connection, keys: DataKeys, segments: SegmentLog, settings: JournalSettings
    ) -> None:
        self._connection = connection
        self._segments = segments
        self._applier = Applier(connection, keys)
        self._settings = settings
        self._stale = False
        self.begun = False
        self.failing = False
        self.refused = 0
        self.commits = 0

    # -- the units of the engine

    def commit(self, units: Sequence[Sequence[Record]]) -> list[Ack]:
        """The fate of each unit. A fault of the disk refuses all of them, a unit at fault only itself."""
        try:
            try:
                return self._transact(units)
            except Exception as error:
                if is_disk_fault(error):
                    raise
            return self._transact(units, each=True)
        except Exception as error:  # whatever it is: nothing was kept, and a dead writer answers nobody
            self._failed(error, len(units))
            return [Ack(ok=False)] * len(units)

    def _transact(self, units: Sequence[Sequence[Record]], *, each: bool = False) -> list[Ack]:
        """One transaction and at most one frame. Raises after everything was taken back."""
        durable = False
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            if self._stale:
                self._applier.reload()
                self._stale = False
            done = [self._apply_alone(unit) if each else self._apply(unit) for unit in units]
            done += [self._apply([prune]) for prune in self._pruning()]
            frames = [logged for _, logged in done if logged is not None]
            if frames:
                durable = True
                self._connection.execute(_POSITION, (self._segments.write(encode_group(frames)),))
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._take_back(error, durable=durable)
            raise
        if durable:
            self.begun |= self._segments.accept()
            self._works()
        self.commits += 1
        return [ack for ack, _ in done[: len(units)]]

    def _apply(self, unit: Sequence[Record]) -> _Done:
        ack, applied = self._applier.apply(unit)
        return ack, encode_unit(applied) if applied else None

    def _apply_alone(self, unit: Sequence[Record]) -> _Done:
        """A unit that fails leaves nothing behind and hurts no other."""
        self._connection.execute("SAVEPOINT unit")
        try:
            done = self._apply(unit)
        except Exception as error:
            if is_disk_fault(error):
                raise
            log.error("journal unit failed", reason=reason(error))
            self._connection.execute("ROLLBACK TO unit")
            self._applier.reload()
            done = (Ack(ok=False), None)
        self._connection.execute("RELEASE unit")
        return done

    def _pruning(self) -> list[PruneTombstones]:
        """A tenth too many tombstones, or one a day too old: the excess goes, in the same write."""
        applier, most = self._applier, self._settings.max_tombstones
        days = (applier.newest_tombstone - applier.oldest_tombstone) // _DAY
        if applier.tombstones <= most + most // 10 and days <= self._settings.tombstone_days:
            return []
        return [PruneTombstones(applier.newest_tombstone - self._settings.tombstone_days * _DAY, most)]

    def _take_back(self, error: BaseException, *, durable: bool) -> None:
        self._stale = True
        if durable and isinstance(error, Exception):  # anything else ends the process, or the simulated one
            self._segments.undo()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    # -- one alert when it begins, one when it is over

    def _failed(self, error: Exception, units: int) -> None:
        if not self.failing:
            log.error("journal failing", reason=reason(error), units=units)
        self.failing = True
        self.refused += units

    def _works(self) -> None:
        if self.failing:
            log.warning("journal answers again", refused=self.refused)
            self.failing, self.refused = False, 0

    # -- the start

    def replay(self, position: int, progress: Progress | None = None) -> int:
        """Brings the index from `position` to the end of the log; how many groups that took. Raises LogError."""
        count = 0
        for sequence, group in self._segments.replay(position, progress):
            try:
                units: list[list[Logged]] = decode_group(group)
            except msgspec.MsgspecError:
                raise LogError(f"frame {sequence}: written by a later version") from None
            self._connection.execute("BEGIN IMMEDIATE")
            for unit in units:
                self._applier.apply(unit)
            self._connection.execute(_POSITION, (sequence,))
            self._connection.execute("COMMIT")
            count += 1
        return count

    def insist(self, unit: Sequence[Record]) -> None:
        """A unit without which the journal cannot start; raises what went wrong."""
        self._transact([unit])


def is_disk_fault(error: Exception) -> bool:
    """Of the file or the disk, and no unit's: full, read-only, locked, corrupt."""
    damaged = type(error) is sqlite3.DatabaseError  # malformed, or no database; its subclasses tell of values
    return damaged or isinstance(error, OSError | sqlite3.OperationalError | LogError)


def reason(error: BaseException) -> str:
    """SQLite names tables and columns, the log its files, never values; other errors might."""
    named = isinstance(error, sqlite3.Error | OSError | LogError)
    return str(error) if named else type(error).__name__
