"""The tables, as the steps that made them: numbered, forward only. A step that was released is never changed."""

import sqlite3

_VERSION_1 = """
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

# The index knows its place in the log. Without a log so far, one that has rows begins behind the number 1, so that the
# numbers tell whether the log holds everything.
_VERSION_2 = """
ALTER TABLE batch ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
INSERT INTO meta SELECT 'position', CASE WHEN EXISTS (SELECT 1 FROM batch) THEN '1' ELSE '0' END;
INSERT INTO meta SELECT 'base', value FROM meta WHERE key = 'position';
"""

# What stands of an approval: NULL is the amount asked, a partial approval has less.
_VERSION_3 = """
ALTER TABLE txn ADD COLUMN effective INTEGER;
"""

# The completion of a pre-authorisation, 0 while it has none.
_VERSION_4 = """
ALTER TABLE txn ADD COLUMN completed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX txn_completed ON txn (completed) WHERE completed > 0;
"""

# What operators did to queued messages.
_VERSION_5 = """
CREATE TABLE operator_action (
  action_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, operator TEXT NOT NULL, action TEXT NOT NULL,
  saf_id INTEGER NOT NULL, reason TEXT NOT NULL
);
"""

# One row per file: of a network there may be several, and in several currencies. Nothing had written the table before.
# No wrong tries is no row.
_VERSION_6 = """
DELETE FROM pin_tries WHERE count = 0;
DROP TABLE clearing_file;
CREATE TABLE clearing_file (
  batch INTEGER NOT NULL, name TEXT NOT NULL, network TEXT NOT NULL, records INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (batch, name)
) WITHOUT ROWID;
"""

STEPS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)
VERSION = len(STEPS)


class NewerVersionError(Exception):
    """The file was written by a later version of this program."""


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables, 0 when there are none."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return 0
    row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return int(row[0]) if row else 0


def migrate(connection: sqlite3.Connection) -> tuple[int, int]:
    """Takes the tables to VERSION, each step whole or not at all; the versions before and after.

    Raises NewerVersionError before anything is changed.
    """
    found = version_of(connection)
    if found > VERSION:
        raise NewerVersionError(f"written by schema version {found}, expected at most {VERSION}: use that release")
    for number, step in enumerate(STEPS[found:], start=found + 1):
        connection.executescript("BEGIN IMMEDIATE;" + step)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (str(number),))
        connection.execute("COMMIT")
    return found, VERSION
