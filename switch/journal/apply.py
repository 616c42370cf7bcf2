"""Turns units of records into SQL, inside the writer's transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from switch.crypto.datakeys import DataKeys
from switch.journal import schema
from switch.journal.records import (
    Ack,
    Archived,
    Cleared,
    CloseBatch,
    Completed,
    Delivered,
    Intent,
    Lookup,
    Outcome,
    PinTries,
    PruneTombstones,
    Reversed,
    SafAttempt,
    SafDone,
    SafDrop,
    SafPut,
    SafRetry,
    Stored,
    Tombstone,
)
from switch.journal.schema import FINISHED
from switch.journal.wire import Ended, Logged, is_durable

_OUTCOME = """UPDATE txn SET state = ?, response_code = ?, auth_code = ?, reply = ?, refs = ?, answered = ?,
 latency_us = ?, batch = ?, effective = ? WHERE txn_id = ? AND state = 'pending'"""
# A first reversal wins; a decline has nothing to take back.
_REVERSED = """UPDATE txn SET state = 'reversed', reason = ?, reply = ?, response_code = ?,
 reversed_batch = CASE WHEN state = 'approved' THEN ? ELSE 0 END
 WHERE txn_id = ? AND state IN ('approved', 'pending')"""
_TOO_MANY = """DELETE FROM tombstone WHERE dedupe IN (SELECT dedupe FROM tombstone ORDER BY received, dedupe
 LIMIT max(0, (SELECT count(*) FROM tombstone) - ?))"""
_HIGHEST = tuple(
    f"INSERT INTO meta VALUES ('{name}', (SELECT coalesce(max({name}), 0) FROM {table}))"  # noqa: S608 - fixed names
    " ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))"
    for name, table in (("txn_id", "txn"), ("saf_id", "saf"))
)
# Whatever the archive says: what is open, undelivered or still owed never leaves.
_REMOVED = f"DELETE FROM txn WHERE txn_id = ? AND {FINISHED} RETURNING batch, reversed_batch"  # noqa: S608
_BY_TERMINAL = """SELECT * FROM txn WHERE interface = ? AND terminal_id = ? AND kind NOT IN ('reversal', 'completion')
 AND {} = ?
 ORDER BY txn_id DESC LIMIT 1"""


def saf_bound_to(saf_id: int) -> bytes:
    """What a sealed payload is bound to: its row."""
    return b"saf %d" % saf_id


def saf_from_row(row: sqlite3.Row, keys: DataKeys) -> SafPut:
    """The message of a row of `SELECT * FROM saf`, its payload opened."""
    payload = msgspec.json.decode(keys.open(row["payload_sealed"], saf_bound_to(row["saf_id"])))
    return SafPut(
        saf_id=row["saf_id"],
        txn_id=row["txn_id"],
        kind=row["kind"],
        host=row["host"],
        payload=payload,
        attempts=row["attempts"],
    )


class Applier:
    """Used by the writer thread only."""

    def __init__(self, connection: sqlite3.Connection, keys: DataKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._batch = 0
        self._tombstones: set[str] = set()
        self._handlers: dict[type, Callable[[Any], Ack | None]] = {
            Intent: self._intent,
            Outcome: self._outcome,
            Reversed: self._reversed,
            Completed: self._completed,
            SafPut: self._saf_put,
            SafAttempt: self._saf_attempt,
            SafDone: self._saf_done,
            SafRetry: self._saf_retry,
            SafDrop: self._saf_drop,
            PinTries: self._pin_tries,
            Tombstone: self._tombstone,
            PruneTombstones: self._prune,
            Archived: self._archived,
            Delivered: self._delivered,
            CloseBatch: self._close_batch,
            Cleared: self._cleared,
            Lookup: self._lookup,
            Ended: lambda record: self._end(record.txn_id, record),
        }
        self.reload()

    def reload(self) -> None:
        """What is kept in memory is read again: at the start, and after a rollback."""
        self._batch = self._connection.execute("SELECT max(batch) FROM batch").fetchone()[0]
        self._tombstones = {row[0] for row in self._connection.execute("SELECT dedupe FROM tombstone")}
        bounds = self._connection.execute("SELECT min(received), max(received) FROM tombstone").fetchone()
        self.oldest_tombstone, self.newest_tombstone = bounds[0] or 0, bounds[1] or 0

    @property
    def tombstones(self) -> int:
        """How many there are."""
        return len(self._tombstones)

    def apply(self, unit: Sequence[Logged]) -> tuple[Ack, list[Logged]]:
        """Writes a unit; its Ack and the records that changed something. A duplicate intent ends it."""
        answer, applied = Ack(ok=True), []
        for record in unit:
            result = self._handlers[type(record)](record)
            if result is not None:
                answer = result
                if result.duplicate is not None:
                    break
            if is_durable(record):
                applied.append(record)
        return answer, applied

    def _intent(self, record: Intent) -> Ack | None:
        dedupe = record.txn.dedupe
        if dedupe in self._tombstones:
            return Ack(ok=True, duplicate=Stored(txn=None, state="tombstone"))
        cursor = self._connection.execute(schema.INSERT, schema.to_row(record.txn, self._keys))
        if cursor.rowcount:
            return None
        row = self._connection.execute("SELECT * FROM txn WHERE dedupe = ?", (dedupe,)).fetchone()
        return Ack(ok=True, duplicate=schema.from_row(row, self._keys))

    def _outcome(self, record: Outcome) -> None:
        self._end(record.txn.txn_id, record)

    def _end(self, txn_id: int, record: Outcome | Ended) -> None:
        self._connection.execute(
            _OUTCOME,
            (
                record.state,
                record.response_code,
                record.auth_code,
                schema.to_json(record.reply),
                schema.to_json(record.references),
                record.answered,
                record.latency_us,
                self._batch,
                record.amount,
                txn_id,
            ),
        )

    def _reversed(self, record: Reversed) -> None:
        self._connection.execute(
            _REVERSED, (record.reason, schema.to_json(record.reply), record.response_code, self._batch, record.txn_id)
        )

        self._connection.execute("UPDATE txn SET completed = 0 WHERE completed = ? AND completed > 0", (record.txn_id,))

    def _completed(self, record: Completed) -> None:
        self._connection.execute("UPDATE txn SET completed = ? WHERE txn_id = ?", (record.by, record.txn_id))

    def _saf_put(self, record: SafPut) -> None:
        sealed = self._keys.seal(msgspec.json.encode(record.payload), saf_bound_to(record.saf_id))
        self._connection.execute(
            "INSERT INTO saf (saf_id, txn_id, kind, host, payload_sealed) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (txn_id, kind) DO NOTHING",
            (record.saf_id, record.txn_id, record.kind, record.host, sealed),
        )

    def _saf_attempt(self, record: SafAttempt) -> None:
        self._connection.execute("UPDATE saf SET attempts = ? WHERE saf_id = ?", (record.attempts, record.saf_id))

    def _saf_done(self, record: SafDone) -> None:
        self._connection.execute(
            "UPDATE saf SET state = ?, response_code = ? WHERE saf_id = ? AND state = 'queued'",
            (record.state, record.response_code, record.saf_id),
        )

    def _saf_retry(self, record: SafRetry) -> Ack:
        row = self._connection.execute(
            "UPDATE saf SET state = 'queued', attempts = 0 WHERE saf_id = ? AND state = 'dead' RETURNING *",
            (record.saf_id,),
        ).fetchone()
        return self._acted(row, "retry", record, "")

    def _saf_drop(self, record: SafDrop) -> Ack:
        row = self._connection.execute(
            "UPDATE saf SET state = 'dropped' WHERE saf_id = ? AND state IN ('queued', 'dead') RETURNING *",
            (record.saf_id,),
        ).fetchone()
        return self._acted(row, "drop", record, record.reason)

    def _acted(self, row: sqlite3.Row | None, action: str, record: SafRetry | SafDrop, reason: str) -> Ack:
        if row is None:
            return Ack(ok=True)
        self._connection.execute(
            "INSERT INTO operator_action (at, operator, action, saf_id, reason) VALUES (?, ?, ?, ?, ?)",
            (record.at, record.operator, action, record.saf_id, reason),
        )
        return Ack(ok=True, saf=saf_from_row(row, self._keys))

    def _pin_tries(self, record: PinTries) -> None:
        """None is the same as no row: only cards with wrong tries have one."""
        if not record.count:
            self._connection.execute("DELETE FROM pin_tries WHERE pan_token = ?", (record.pan_token,))
            return
        self._connection.execute(
            "INSERT INTO pin_tries VALUES (?, ?) ON CONFLICT (pan_token) DO UPDATE SET count = excluded.count",
            (record.pan_token, record.count),
        )

    def _tombstone(self, record: Tombstone) -> None:
        self._connection.execute("INSERT OR IGNORE INTO tombstone VALUES (?, ?)", (record.dedupe, record.received))
        self._tombstones.add(record.dedupe)
        self.oldest_tombstone = self.oldest_tombstone or record.received
        self.newest_tombstone = max(self.newest_tombstone, record.received)

    def _prune(self, record: PruneTombstones) -> None:
        self._connection.execute("DELETE FROM tombstone WHERE received < ?", (record.before,))
        self._connection.execute(_TOO_MANY, (record.keep,))
        self.reload()

    def _archived(self, record: Archived) -> None:
        """The highest numbers are kept: none may be given twice."""
        for statement in _HIGHEST:
            self._connection.execute(statement)
        for id_ in record.txn_ids:
            row = self._connection.execute(_REMOVED, (id_,)).fetchone()
            if row is not None:
                self._connection.execute("DELETE FROM saf WHERE txn_id = ?", (id_,))
                self._connection.executemany(
                    "UPDATE batch SET archived = archived + 1 WHERE batch = ?", [(n,) for n in set(row) if n]
                )

    def _delivered(self, record: Delivered) -> None:
        self._connection.executemany(
            "UPDATE txn SET delivered = 1 WHERE txn_id = ?", [(id_,) for id_ in record.txn_ids]
        )

    def _close_batch(self, record: CloseBatch) -> Ack:
        closed = self._batch
        self._connection.execute("UPDATE batch SET closed = ? WHERE batch = ?", (record.at, closed))
        self._connection.execute("INSERT INTO batch (batch) VALUES (?)", (closed + 1,))
        self._batch = closed + 1
        return Ack(ok=True, closed_batch=closed)

    def _cleared(self, record: Cleared) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO clearing_file (batch, name, network, records, sha256) VALUES (?, ?, ?, ?, ?)",
            (record.batch, record.name, record.network, record.records, record.sha256),
        )

    def _lookup(self, record: Lookup) -> Ack:
        row = self._find(record)
        return Ack(ok=True, found=schema.from_row(row, self._keys) if row else None)

    def _find(self, record: Lookup) -> sqlite3.Row | None:
        execute = self._connection.execute
        found: sqlite3.Row | None
        if record.dedupe:
            found = execute("SELECT * FROM txn WHERE dedupe = ?", (record.dedupe,)).fetchone()
        elif record.txn_id:
            found = execute("SELECT * FROM txn WHERE txn_id = ?", (record.txn_id,)).fetchone()
        else:
            column, value = ("rrn", record.rrn) if record.rrn else ("stan", record.stan)
            query = _BY_TERMINAL.format(column)
            found = execute(query, (record.interface, record.terminal_id, value)).fetchone()
        return found
