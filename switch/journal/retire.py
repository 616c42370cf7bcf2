"""Old segments: they go once the index holds what they say, durably."""

import errno
import sqlite3
from pathlib import Path

from switch.journal import frames
from switch.journal.disk import Disk, FolderDisk
from switch.journal.segments import find_segments


def retire(connection: sqlite3.Connection, disk: Disk, keep: int, archive: Path | None) -> int:
    """Moves all but the latest `keep` segments to `archive`, or deletes them; how many. Raises OSError.

    None while a reader keeps the index from being written back whole: the next new segment tries again.
    """
    old = find_segments(disk)[:-keep] if keep else []
    if not old:
        return 0
    busy, pages, written = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if busy or pages != written:
        return 0
    for segment in old:
        if archive is not None:
            _keep_copy(archive / segment.name, disk.read(segment.name), segment.first)
        disk.remove(segment.name)
    return len(old)


def _keep_copy(path: Path, data: bytes, first: int) -> None:
    if path.exists():  # of a try that failed; or of another journal, or of this one before a backup took its place
        found = path.read_bytes()
        _, _, end = frames.last_frame(found, first)
        if frames.parse_head(found) is not None and found[:end] != data[:end]:
            raise FileExistsError(errno.EEXIST, "a segment of another log has this name", str(path))
        path.unlink()
    FolderDisk(path.parent).open(path.name, data)
