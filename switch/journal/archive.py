"""Archiving: finished transactions of past business dates go to a file of their own, then leave the journal.

First the copy, durable; then the removal, by records in the log, of what the copy is seen to hold."""

import sqlite3
from contextlib import closing
from pathlib import Path

from switch.journal import opening, schema
from switch.journal.errors import JournalError
from switch.journal.migrations import NewerVersionError, migrate
from switch.journal.sqlite import make_private

_CHUNK = 500
# Holds an amount and waits for its completion, which looks for it here.
_HELD = "state = 'approved' AND substr(mti, 2, 1) = '1' AND kind IN ('sale', 'cash') AND completed = 0"
_DUE = f"""SELECT * FROM txn WHERE business_date < ? AND received < ? AND (received < ? OR NOT ({_HELD}))
 AND {schema.FINISHED} ORDER BY txn_id"""  # noqa: S608 - fixed text


def copy(journal: sqlite3.Connection, file: Path, before: str, received_before: int, held_before: int) -> int:
    """Copies what is due to `file`, a new archive or one of this journal; how many. It is durable on return.

    Due is what is finished, of a business date before `before`, and too old to be repeated: received before
    `received_before`, or before `held_before` when it waits for its completion (epoch ms). Raises JournalError.
    """
    try:
        make_private(file)
        with closing(sqlite3.connect(file, isolation_level=None)) as archive:
            # With less the copy could be rolled back by a loss of power, and be gone from both once it is removed.
            archive.execute("PRAGMA synchronous = EXTRA")
            _claim(archive, journal, file)
            archive.execute("BEGIN")
            count = 0
            for row in journal.execute(_DUE, (before, received_before, held_before)):
                _insert(archive, "txn", row)
                for item in journal.execute("SELECT * FROM saf WHERE txn_id = ?", (row["txn_id"],)):
                    _insert(archive, "saf", item)
                count += 1
            archive.execute("COMMIT")
    except (sqlite3.Error, OSError, NewerVersionError) as error:
        raise JournalError(f"{file}: {error}") from None
    return count


def _claim(archive: sqlite3.Connection, journal: sqlite3.Connection, file: Path) -> None:
    """The file says which journal it is of, and that it is an archive: no journal is opened on it."""
    migrate(archive)
    known = opening.meta(journal)
    archive.execute("INSERT OR IGNORE INTO meta VALUES ('archive_of', ?)", (known["log"],))
    archive.execute("INSERT OR IGNORE INTO meta VALUES ('keys', ?)", (known["keys"],))
    _check(opening.meta(archive), known, file)


def _check(found: dict[str, str], known: dict[str, str], file: Path) -> None:
    if "log" in found or found.get("archive_of") != known["log"] or found.get("keys") != known["keys"]:
        raise JournalError(f"{file}: expected an archive of this journal, or no file")


def _insert(archive: sqlite3.Connection, table: str, row: sqlite3.Row) -> None:
    columns = row.keys()
    archive.execute(
        f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608
        tuple(row),
    )


def removable(journal: sqlite3.Connection, file: Path, after: int) -> tuple[list[int], int]:
    """Up to 500 numbers above `after` that the archive holds as the journal does, and the last number looked at.

    ([], 0) at the end. Raises JournalError.
    """
    try:
        with closing(schema.connect(str(file), read_only=True)) as archive:
            _check(opening.meta(archive), opening.meta(journal), file)
            held = archive.execute(
                "SELECT * FROM txn WHERE txn_id > ? ORDER BY txn_id LIMIT ?", (after, _CHUNK)
            ).fetchall()
    except sqlite3.Error as error:
        raise JournalError(f"{file}: {error}") from None
    same = [row["txn_id"] for row in held if _holds(journal, row)]
    return same, held[-1]["txn_id"] if held else 0


def _holds(journal: sqlite3.Connection, row: sqlite3.Row) -> bool:
    found = journal.execute("SELECT * FROM txn WHERE txn_id = ?", (row["txn_id"],)).fetchone()
    return found is not None and tuple(found) == tuple(row)
