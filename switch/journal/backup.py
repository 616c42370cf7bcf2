"""A copy of the journal while it is written to; and a journal made anew from its log."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag

from switch.crypto.datakeys import DataKeys
from switch.durable import sync_folder
from switch.journal import opening, schema
from switch.journal.disk import FolderDisk
from switch.journal.errors import JournalError, WrongKeysError
from switch.journal.migrations import NewerVersionError
from switch.journal.reader import open_reader
from switch.journal.segments import LogError, Progress
from switch.journal.settings import JournalSettings
from switch.journal.sqlite import exclusive, make_private, segments_folder


def backup(path: Path, target: Path) -> int:
    """A copy of the index at one moment, checked and durable; its position in the log.

    It needs no segments: put in the place of a journal without any it starts a log of its own behind that position,
    and with the journal's own segments it is brought up to their end. Raises JournalError.
    """
    with closing(open_reader(path)) as source, _new_file(target), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("UPDATE meta SET value = (SELECT value FROM meta WHERE key = 'position') WHERE key = 'base'")
        copy.commit()
        if copy.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            raise JournalError(f"{target}: the copy is damaged, so the journal is: `switch journal check` tells")
        return int(opening.meta(copy)["position"])


def rebuild(
    path: Path, keys: DataKeys, target: Path, base: Path | None = None, progress: Progress | None = None
) -> int:
    """Makes the index of the journal `path` anew from its segments into the new file `target`; how many groups.

    `base`, a backup, stands for what segments that are gone have said. The journal must not be in use. Raises
    JournalError.
    """
    lock = exclusive(path)
    try:
        disk = FolderDisk(segments_folder(path))
        log_id = opening.log_id_on(disk)
        if log_id is None:
            raise JournalError(f"{segments_folder(path)}: no segments here")
        with _new_file(target), closing(schema.connect(str(target))) as index:
            if base is not None:
                with closing(open_reader(base)) as source:
                    source.backup(index)
            opening.prepare(index, keys)
            if "log" not in opening.meta(index):
                index.execute("INSERT INTO meta VALUES ('log', ?)", (log_id.hex(),))
            return opening.join_log(index, keys, disk, JournalSettings(), progress)[1]
    except (LogError, WrongKeysError, NewerVersionError, InvalidTag) as error:
        raise JournalError(f"{path}: {error or 'a sealed value does not open'}") from None
    finally:
        os.close(lock)


@contextmanager
def _new_file(target: Path) -> Iterator[None]:
    """`target` is made, and made durable, or is not there: a file that exists is never written over."""
    try:
        if target.exists():
            raise JournalError(f"{target}: expected a file that does not exist")
        make_private(target)
        try:
            yield
        except BaseException:
            target.unlink()
            raise
        with target.open("rb") as file:
            os.fsync(file.fileno())
        sync_folder(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"{target}: {error}") from None
