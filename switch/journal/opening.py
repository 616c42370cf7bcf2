"""Opening a journal: its tables, its keys, its log, and the index brought to the end of the log."""

import os
import sqlite3

import structlog

from switch.crypto.datakeys import DataKeys
from switch.journal import frames
from switch.journal.commit import Committer
from switch.journal.disk import Disk
from switch.journal.errors import DamagedError, WrongKeysError
from switch.journal.migrations import migrate
from switch.journal.segments import LogError, Progress, SegmentLog, find_segments
from switch.journal.settings import JournalSettings

log = structlog.get_logger()


def prepare(connection: sqlite3.Connection, keys: DataKeys) -> None:
    """Makes the tables those of this version; raises before anything could be sealed under other keys."""
    before, after = migrate(connection)
    if 0 < before < after:
        log.info("journal migrated", before=before, after=after)
    check = keys.check_value()
    if meta(connection).get("keys", check) != check:
        raise WrongKeysError("the data keys are not the ones this journal was written with")
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('keys', ?)", (check,))
    connection.execute("INSERT INTO batch (batch) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM batch)")


def meta(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM meta").fetchall())


def quick_check(connection: sqlite3.Connection) -> None:
    """SQLite's check of the structure of the file, without the contents of the indexes; raises DamagedError."""
    found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        raise DamagedError(f"damaged: {'; '.join(found)}")


def log_id_on(disk: Disk) -> bytes | None:
    """The id of the journal that the segments on `disk` are of, None when there is no sound one."""
    for segment in find_segments(disk):
        found = frames.parse_head(disk.read(segment.name))
        if found is not None:
            return found[0]
    return None


def join_log(
    connection: sqlite3.Connection,
    keys: DataKeys,
    disk: Disk,
    settings: JournalSettings,
    progress: Progress | None = None,
) -> tuple[Committer, int]:
    """The index at the end of its log, and how many groups it was behind. Raises LogError."""
    known = meta(connection)
    if "archive_of" in known:
        raise LogError("an archive, not a journal")
    if "log" not in known:
        if log_id_on(disk) is not None:
            raise LogError("segments whose index is not here: `switch journal rebuild` makes it from them")
        known["log"] = os.urandom(frames.LOG_ID).hex()
        connection.execute("INSERT INTO meta VALUES ('log', ?)", (known["log"],))
    segments = SegmentLog(disk, keys, bytes.fromhex(known["log"]), settings.segment_bytes)
    committer = Committer(connection, keys, segments, settings)
    count = committer.replay(int(known["position"]), progress)
    if segments.empty and known["position"] != known["base"]:
        raise LogError(f"no segments, but the index is at {known['position']} of them")
    return committer, count
