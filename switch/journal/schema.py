"""The journal's tables and the mapping between a Transaction and its row."""

import json
import operator
import sqlite3
from pathlib import Path

import msgspec

from switch.crypto.datakeys import DataKeys
from switch.journal.records import Stored, Transaction
from switch.message import mask_pan

# The unique keys and card tokens of new rows fall anywhere in their indexes: these pages are held, and written rarely.
_CACHE_KIB = 64 * 1024
_CHECKPOINT_PAGES = 4000

# Columns that are fields of Transaction of the same name; the PAN has three columns of its own.
COLUMNS = tuple(name for name in Transaction.__struct_fields__ if name != "pan")
_values = operator.attrgetter(*COLUMNS)
INSERT = (
    f"INSERT INTO txn ({', '.join(COLUMNS)}, pan_sealed, pan_token, pan_masked)"  # noqa: S608 - names only
    f" VALUES ({', '.join('?' * (len(COLUMNS) + 3))}) ON CONFLICT (dedupe) DO NOTHING"
)


# Nothing is open about such a row: it has its outcome, its batches are closed and where they present it have their
# files, nothing is owed or given up for it.
FINISHED = """state != 'pending' AND (state != 'approved' OR delivered = 1 OR kind IN ('reversal', 'completion'))
 AND max(batch, reversed_batch) < (SELECT max(batch) FROM batch)
 AND (captured = 0 OR network = 'on-us' OR NOT EXISTS (
  SELECT 1 FROM batch WHERE batch.batch IN (txn.batch, txn.reversed_batch)
  AND NOT EXISTS (SELECT 1 FROM clearing_file WHERE clearing_file.batch = batch.batch)))
 AND NOT EXISTS (SELECT 1 FROM saf WHERE saf.txn_id = txn.txn_id AND saf.state IN ('queued', 'dead'))"""


def connect(path: str, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in WAL mode that waits for locks. Commits are not synced: the log is, before them."""
    if read_only:
        connection = sqlite3.connect(
            f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=10, isolation_level=None
        )
    else:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.row_factory = sqlite3.Row
    return connection


def bound_to(txn_id: int) -> bytes:
    """What a sealed PAN is bound to: its row."""
    return b"txn %d" % txn_id


def to_row(txn: Transaction, keys: DataKeys) -> tuple[object, ...]:
    """The values of INSERT."""
    values = _values(txn)
    sealed = keys.seal(txn.pan.encode(), bound_to(txn.txn_id))
    return (*values, sealed, keys.pan_token(txn.pan), mask_pan(txn.pan))


def from_row(row: sqlite3.Row, keys: DataKeys) -> Stored:
    """The transaction of a row of `SELECT * FROM txn`, its PAN opened."""
    fields = {name: row[name] for name in COLUMNS}
    fields["captured"] = bool(fields["captured"])
    fields["pan"] = keys.open(row["pan_sealed"], bound_to(row["txn_id"])).decode()
    return Stored(
        txn=Transaction(**fields),
        state=row["state"],
        response_code=row["response_code"],
        auth_code=row["auth_code"],
        reply=json.loads(row["reply"]),
        references=json.loads(row["refs"]),
        amount=row["effective"],
        completed=row["completed"],
    )


def to_json(value: dict[str, str]) -> str:
    return msgspec.json.encode(value).decode()
