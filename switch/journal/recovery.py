"""What a previous life left unfinished."""

import sqlite3

from switch.crypto.datakeys import DataKeys
from switch.journal import schema
from switch.journal.apply import saf_from_row
from switch.journal.commit import Committer
from switch.journal.records import Delivered, Recovery

# Nobody takes back what was accepted for certain: its requester repeats until it has the answer.
_UNSENT = """SELECT * FROM txn WHERE state = 'approved' AND delivered = 0 AND kind NOT IN ('reversal', 'completion')
 ORDER BY txn_id"""

# What was archived had numbers too.
_HIGHEST = """SELECT
 max((SELECT coalesce(max(txn_id), 0) FROM txn), coalesce((SELECT value + 0 FROM meta WHERE key = 'txn_id'), 0)),
 max((SELECT coalesce(max(saf_id), 0) FROM saf), coalesce((SELECT value + 0 FROM meta WHERE key = 'saf_id'), 0))"""


def recover(
    connection: sqlite3.Connection, committer: Committer, keys: DataKeys, delivered: set[int], *, same_boot: bool
) -> Recovery:
    """What is open. An approval whose answer was certainly not sent is told from one that may have been:

    after the death of the process the delivery log is complete, after a crash of the machine it is not.
    """
    assumed = 0
    marks = sorted(delivered)
    if not same_boot:
        assumed = sum(row["txn_id"] not in delivered for row in connection.execute(_UNSENT))
        unsent = connection.execute("SELECT txn_id FROM txn WHERE state = 'approved' AND delivered = 0").fetchall()
        marks = sorted(delivered | {row[0] for row in unsent})
    if marks:
        committer.insist([Delivered(marks)])
    return _load(connection, keys, assumed)


def _load(connection: sqlite3.Connection, keys: DataKeys, assumed: int) -> Recovery:
    undelivered = connection.execute(_UNSENT).fetchall()
    pending = connection.execute("SELECT * FROM txn WHERE state = 'pending' ORDER BY txn_id").fetchall()
    queued = connection.execute("SELECT * FROM saf WHERE state = 'queued' ORDER BY saf_id").fetchall()
    counters = connection.execute(_HIGHEST).fetchone()
    return Recovery(
        next_txn_id=counters[0] + 1,
        next_saf_id=counters[1] + 1,
        pending=[schema.from_row(row, keys) for row in pending],
        undelivered=[schema.from_row(row, keys) for row in undelivered],
        saf=[saf_from_row(row, keys) for row in queued],
        pin_tries=dict(connection.execute("SELECT pan_token, count FROM pin_tries").fetchall()),
        assumed_delivered=assumed,
    )
