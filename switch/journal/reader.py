"""Read-only access to the journal while the switch runs: listing, one transaction, totals, what is to be cleared."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from switch.crypto.datakeys import DataKeys
from switch.journal import schema
from switch.journal.errors import JournalError
from switch.journal.records import Stored

# The filters of `switch journal list`, by column.
FILTERS = (
    "state",
    "network",
    "response_code",
    "terminal_id",
    "rrn",
    "stan",
    "batch",
    "pan_token",
    "kind",
    "business_date",
)
_HIDDEN = ("pan_sealed", "pan_token", "dedupe", "payload_sealed")


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; raises JournalError when there is no journal."""
    if not path.exists():
        raise JournalError(f"{path}: no journal here")
    try:
        connection = schema.connect(str(path), read_only=True)
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}") from None
    try:
        connection.execute("SELECT 1 FROM txn LIMIT 1")
    except sqlite3.Error as error:
        connection.close()
        raise JournalError(f"{path}: {error}") from None
    return connection


def list_transactions(
    connection: sqlite3.Connection, limit: int, since: int = 0, **filters: str | int
) -> list[dict[str, Any]]:
    """The latest `limit` transactions after `since`, oldest first, filtered by columns of FILTERS."""
    where = _where("txn", filters, FILTERS)
    rows = connection.execute(
        f"SELECT * FROM txn WHERE txn_id > :since{where} ORDER BY txn_id DESC LIMIT :limit",  # noqa: S608 - fixed names
        {"since": since, "limit": limit, **filters},
    ).fetchall()
    return [_public(row) for row in reversed(rows)]


def _where(table: str, filters: Iterable[str], allowed: Sequence[str]) -> str:
    """Further conditions on columns of `table`, each with its named parameter; ValueError for others than `allowed`."""
    if not set(filters) <= set(allowed):
        raise ValueError(f"expected filters among {', '.join(allowed)}")
    return "".join(f" AND {table}.{column} = :{column}" for column in filters)


def show_transaction(connection: sqlite3.Connection, txn_id: int) -> dict[str, Any] | None:
    """One transaction with its queued messages, None when there is none of that number."""
    row = connection.execute("SELECT * FROM txn WHERE txn_id = ?", (txn_id,)).fetchone()
    if row is None:
        return None
    saf = connection.execute("SELECT * FROM saf WHERE txn_id = ? ORDER BY saf_id", (txn_id,)).fetchall()
    return _public(row) | {"store_and_forward": [_public(item) for item in saf]}


def _public(row: sqlite3.Row) -> dict[str, Any]:
    found = {key: row[key] for key in row.keys() if key not in _HIDDEN}  # noqa: SIM118 - a Row iterates over values
    for column in ("reply", "refs"):
        if column in found:
            found[column] = json.loads(found[column])
    return found


SAF_FILTERS = ("state", "host", "kind")
_SAF = """SELECT saf.saf_id, saf.txn_id, saf.kind, saf.host, saf.state, saf.attempts, saf.response_code,
 txn.pan_masked, txn.amount, txn.currency, txn.rrn, txn.terminal_id
 FROM saf LEFT JOIN txn USING (txn_id) WHERE saf.saf_id > :since{} ORDER BY saf.saf_id LIMIT :limit"""


def list_queued(
    connection: sqlite3.Connection, limit: int, since: int = 0, **filters: str | int
) -> list[dict[str, Any]]:
    """Queued messages, the oldest `limit` after the number `since`, with what their transactions say of them."""
    query = _SAF.format(_where("saf", filters, SAF_FILTERS))
    rows = connection.execute(query, {"since": since, "limit": limit, **filters}).fetchall()
    return [dict(row) for row in rows]


def operator_actions(connection: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """The latest `limit` things that operators did to queued messages, oldest first; `at` is epoch milliseconds."""
    rows = connection.execute("SELECT * FROM operator_action ORDER BY action_id DESC LIMIT ?", (limit,)).fetchall()
    return [dict(row) for row in reversed(rows)]


def outcome_counts(connection: sqlite3.Connection) -> list[tuple[str, str, str, int]]:
    """(network, state, response code, count), for all transactions."""
    rows = connection.execute(
        "SELECT network, state, response_code, count(*) FROM txn GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ).fetchall()
    return [tuple(row) for row in rows]


# What a batch presents: its captured approvals that were not reversed before it closed, and, as reversals, what an
# earlier batch had presented and was reversed in this one.
_PRESENTED = """captured = 1 AND network != 'on-us' AND (
 (batch = :batch AND (state = 'approved' OR reversed_batch > :batch)) OR
 (reversed_batch = :batch AND batch < :batch))"""


def captured_totals(connection: sqlite3.Connection, batch: int) -> dict[str, dict[str, tuple[int, int]]]:
    """Per network and currency, (count, unsigned sum) of what a batch presents."""
    totals: dict[str, dict[str, tuple[int, int]]] = {}
    for network, currency, count, amount in connection.execute(
        f"SELECT network, currency, count(*), sum(coalesce(effective, amount)) FROM txn WHERE {_PRESENTED}"  # noqa: S608 - fixed text
        " GROUP BY network, currency ORDER BY network, currency",
        {"batch": batch},
    ):
        totals.setdefault(network, {})[currency] = (count, amount)
    return totals


def net_approved(connection: sqlite3.Connection) -> dict[str, int]:
    """Per currency, what issuers should hold: approved debits less approved refunds, not reversed."""
    rows = connection.execute(
        "SELECT currency, sum(CASE kind WHEN 'refund' THEN -1 ELSE 1 END * coalesce(effective, amount)) FROM txn"
        " WHERE state = 'approved' AND kind IN ('sale', 'cash', 'refund') GROUP BY currency"
    ).fetchall()
    return dict(tuple(row) for row in rows)


def queued(connection: sqlite3.Connection) -> dict[str, int]:
    """How many queued messages are in each state."""
    return dict(tuple(row) for row in connection.execute("SELECT state, count(*) FROM saf GROUP BY state"))


def iter_captured(connection: sqlite3.Connection, batch: int, keys: DataKeys) -> Iterator[tuple[Stored, bool]]:
    """What a batch presents, with PANs opened and amounts as approved: for the clearing files only.

    True marks a reversal.
    """
    for row in connection.execute(
        f"SELECT * FROM txn WHERE {_PRESENTED} ORDER BY txn_id",  # noqa: S608 - fixed text
        {"batch": batch},
    ):
        stored = schema.from_row(row, keys)
        yield msgspec.structs.replace(stored, txn=stored.approved), row["batch"] < batch


def latest_closed_batch(connection: sqlite3.Connection) -> int:
    """The number of the batch that was closed last, 0 when none was."""
    found: int = connection.execute("SELECT coalesce(max(batch), 0) FROM batch WHERE closed > 0").fetchone()[0]
    return found


def archived_of(connection: sqlite3.Connection, batch: int) -> int:
    """How many transactions of a batch have left for an archive: its files can no longer be written again."""
    row = connection.execute("SELECT archived FROM batch WHERE batch = ?", (batch,)).fetchone()
    return row[0] if row else 0


def batch_dates(connection: sqlite3.Connection, batch: int) -> tuple[int, str] | None:
    """When a batch was closed (epoch milliseconds, 0 while it is open) and the latest business date captured in it.

    The date is "" when nothing was captured; None when there is no such batch.
    """
    row = connection.execute("SELECT closed FROM batch WHERE batch = ?", (batch,)).fetchone()
    if row is None:
        return None
    date = connection.execute(
        "SELECT coalesce(max(business_date), '') FROM txn WHERE captured = 1 AND batch = ?", (batch,)
    ).fetchone()[0]
    return row["closed"], date
