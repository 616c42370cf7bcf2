"""Opening the journal: schema, the check of its keys, and what a previous life left unfinished."""

import sqlite3

import msgspec

from switch.crypto.datakeys import DataKeys
from switch.journal import schema
from switch.journal.apply import saf_bound_to
from switch.journal.records import Recovery, SafPut


class WrongKeysError(Exception):
    """The data keys are not those the journal was written with."""


def prepare(connection: sqlite3.Connection, keys: DataKeys) -> None:
    """Creates what is missing; raises WrongKeysError before anything could be sealed under other keys."""
    connection.executescript(schema.TABLES)
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if meta.get("version", schema.VERSION) != schema.VERSION:
        raise WrongKeysError(f"written by schema version {meta['version']}, expected {schema.VERSION}")
    check = keys.check_value()
    if meta.get("keys", check) != check:
        raise WrongKeysError("the data keys are not the ones this journal was written with")
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?), ('keys', ?)", (schema.VERSION, check))
    connection.execute("INSERT INTO batch (batch) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM batch)")


def load(connection: sqlite3.Connection, keys: DataKeys, delivered: set[int], *, same_boot: bool) -> Recovery:
    """What is open. An approval whose answer was certainly not sent is told from one that may have been:

    after the death of the process the delivery log is complete, after a crash of the machine it is not.
    """
    connection.execute("BEGIN IMMEDIATE")
    marks = [(txn_id,) for txn_id in delivered]
    connection.executemany("UPDATE txn SET delivered = 1 WHERE txn_id = ?", marks)
    undelivered = connection.execute(
        "SELECT * FROM txn WHERE state = 'approved' AND delivered = 0 AND kind != 'reversal' ORDER BY txn_id"
    ).fetchall()
    assumed = 0
    if not same_boot:
        assumed, undelivered = len(undelivered), []
        connection.execute("UPDATE txn SET delivered = 1 WHERE state = 'approved' AND delivered = 0")
    connection.execute("COMMIT")
    pending = connection.execute("SELECT * FROM txn WHERE state = 'pending' ORDER BY txn_id").fetchall()
    queued = connection.execute("SELECT * FROM saf WHERE state = 'queued' ORDER BY saf_id").fetchall()
    counters = connection.execute(
        "SELECT (SELECT coalesce(max(txn_id), 0) FROM txn), (SELECT coalesce(max(saf_id), 0) FROM saf)"
    ).fetchone()
    return Recovery(
        next_txn_id=counters[0] + 1,
        next_saf_id=counters[1] + 1,
        pending=[schema.from_row(row, keys) for row in pending],
        undelivered=[schema.from_row(row, keys) for row in undelivered],
        saf=[_saf(row, keys) for row in queued],
        pin_tries=dict(connection.execute("SELECT pan_token, count FROM pin_tries").fetchall()),
        assumed_delivered=assumed,
    )


def _saf(row: sqlite3.Row, keys: DataKeys) -> SafPut:
    payload = msgspec.json.decode(keys.open(row["payload_sealed"], saf_bound_to(row["saf_id"])))
    return SafPut(
        saf_id=row["saf_id"],
        txn_id=row["txn_id"],
        kind=row["kind"],
        host=row["host"],
        payload=payload,
        attempts=row["attempts"],
    )
