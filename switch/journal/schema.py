"""The journal's tables and the mapping between a Transaction and its row."""

import json
import sqlite3
from pathlib import Path

import msgspec

from switch.crypto.datakeys import DataKeys
from switch.journal.records import Stored, Transaction
from switch.message import mask_pan

VERSION = "1"

TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS txn (
  txn_id INTEGER PRIMARY KEY, dedupe TEXT NOT NULL UNIQUE, received INTEGER NOT NULL, business_date TEXT NOT NULL,
  interface TEXT NOT NULL, mti TEXT NOT NULL, kind TEXT NOT NULL, processing_code TEXT NOT NULL,
  amount INTEGER NOT NULL, currency TEXT NOT NULL, stan TEXT NOT NULL, transmission TEXT NOT NULL,
  local_time TEXT NOT NULL, local_date TEXT NOT NULL, year TEXT NOT NULL, rrn TEXT NOT NULL,
  terminal_id TEXT NOT NULL, merchant_id TEXT NOT NULL, name_location TEXT NOT NULL, country TEXT NOT NULL,
  mcc TEXT NOT NULL, entry_mode TEXT NOT NULL, condition TEXT NOT NULL, acquirer TEXT NOT NULL, eci TEXT NOT NULL,
  network TEXT NOT NULL, host TEXT NOT NULL, out_stan TEXT NOT NULL, out_transmission TEXT NOT NULL,
  captured INTEGER NOT NULL, original INTEGER NOT NULL,
  pan_sealed BLOB NOT NULL, pan_token TEXT NOT NULL, pan_masked TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending', response_code TEXT NOT NULL DEFAULT '', auth_code TEXT NOT NULL DEFAULT '',
  reply TEXT NOT NULL DEFAULT '{}', refs TEXT NOT NULL DEFAULT '{}', reason TEXT NOT NULL DEFAULT '',
  answered INTEGER NOT NULL DEFAULT 0, latency_us INTEGER NOT NULL DEFAULT 0, batch INTEGER NOT NULL DEFAULT 0,
  reversed_batch INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS txn_terminal ON txn (terminal_id, stan);
CREATE INDEX IF NOT EXISTS txn_pan ON txn (pan_token);
CREATE INDEX IF NOT EXISTS txn_open ON txn (state) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS txn_undelivered ON txn (txn_id) WHERE state = 'approved' AND delivered = 0;
CREATE INDEX IF NOT EXISTS txn_captured ON txn (batch) WHERE captured = 1;
CREATE INDEX IF NOT EXISTS txn_taken_back ON txn (reversed_batch) WHERE captured = 1 AND reversed_batch > 0;
CREATE TABLE IF NOT EXISTS saf (
  saf_id INTEGER PRIMARY KEY, txn_id INTEGER NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL,
  payload_sealed BLOB NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'queued',
  response_code TEXT NOT NULL DEFAULT '', UNIQUE (txn_id, kind)
);
CREATE INDEX IF NOT EXISTS saf_queued ON saf (saf_id) WHERE state = 'queued';
CREATE TABLE IF NOT EXISTS pin_tries (pan_token TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombstone (dedupe TEXT PRIMARY KEY, received INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (batch INTEGER PRIMARY KEY, closed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS clearing_file (
  batch INTEGER NOT NULL, network TEXT NOT NULL, path TEXT NOT NULL, records INTEGER NOT NULL,
  amount INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (batch, network)
) WITHOUT ROWID;
"""

# Columns that are fields of Transaction of the same name; the PAN has three columns of its own.
COLUMNS = tuple(name for name in Transaction.__struct_fields__ if name != "pan")
INSERT = (
    f"INSERT INTO txn ({', '.join(COLUMNS)}, pan_sealed, pan_token, pan_masked)"  # noqa: S608 - names only
    f" VALUES ({', '.join('?' * (len(COLUMNS) + 3))}) ON CONFLICT (dedupe) DO NOTHING"
)


def connect(path: str, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in WAL mode that waits for locks; writers commit with synchronous FULL."""
    if read_only:
        connection = sqlite3.connect(
            f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=10, isolation_level=None
        )
    else:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    connection.row_factory = sqlite3.Row
    return connection


def bound_to(txn_id: int) -> bytes:
    """What a sealed PAN is bound to: its row."""
    return b"txn %d" % txn_id


def to_row(txn: Transaction, keys: DataKeys) -> tuple[object, ...]:
    """The values of INSERT."""
    values = tuple(getattr(txn, name) for name in COLUMNS)
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
    )


def to_json(value: dict[str, str]) -> str:
    return msgspec.json.encode(value).decode()
