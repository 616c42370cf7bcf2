"""`switch journal check`: the whole of the index and of every segment, read and told, nothing changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from switch.journal import frames, opening
from switch.journal.disk import Disk, FolderDisk
from switch.journal.errors import JournalError
from switch.journal.reader import open_reader
from switch.journal.segments import find_segments
from switch.journal.sqlite import segments_folder


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, what it holds, and what is wrong with it: "" when nothing is."""

    what: str
    holds: str
    fault: str = ""


def check(path: Path) -> Iterator[Finding]:
    """The index, then the segments, then whether they fit each other. Also while the switch runs."""
    position, index = _index(path)
    yield index
    folder = segments_folder(path)
    found = list(_segments(FolderDisk(folder))) if folder.is_dir() else []
    yield from (finding for _, finding in found)
    # An index behind its log is no fault: while the switch runs the log grows between the two looks.
    if found and position > found[-1][0]:
        yield Finding("index and log", f"the log ends at {found[-1][0]}", f"the index is at {position}")


def _index(path: Path) -> tuple[int, Finding]:
    try:
        with closing(open_reader(path)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
            position = int(opening.meta(connection).get("position", "0"))
            rows = connection.execute("SELECT count(*) FROM txn").fetchone()[0]
    except (sqlite3.Error, JournalError) as error:
        return 0, Finding(path.name, "", str(error))
    fault = "" if found == ["ok"] else "; ".join(found)
    return position, Finding(path.name, f"{rows} transactions, position {position} in the log", fault)


def _segments(disk: Disk) -> Iterator[tuple[int, Finding]]:
    found = find_segments(disk)
    expected = found[0].first if found else 0
    for number, segment in enumerate(found):
        data = disk.read(segment.name)
        sequence, _, end = frames.last_frame(data, segment.first)
        fault = _fault(data, end, last=number == len(found) - 1)
        if segment.first != expected:
            fault = f"expected the segment that begins at {expected}"
        expected = sequence + 1
        holds = f"{expected - segment.first} groups, {segment.first} to {sequence}, {end} bytes"
        if not fault and (end < len(data) or frames.is_unborn(data)):
            holds += ", then an end that is unfinished: being written, or cut off at the next start"
        yield sequence, Finding(segment.name, holds, fault)


def _fault(data: bytes, end: int, *, last: bool) -> str:
    if frames.parse_head(data) is None and not (last and frames.is_unborn(data)):
        return "offset 0: the head is corrupt"
    if end < len(data) and (not last or frames.later_frame(data, end) is not None):
        return f"offset {end}: a corrupt frame with sound ones behind it"
    return ""
