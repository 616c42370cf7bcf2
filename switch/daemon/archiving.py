"""Archiving as an operator does it: with the running switch, or without one."""

import functools
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from switch.daemon import admin, journalling
from switch.daemon.config import Loaded
from switch.daemon.switchd import open_keys
from switch.journal import archive
from switch.journal.reader import open_reader
from switch.journal.records import Archived
from switch.journal.sqlite import SqliteStore

_DAY = 86_400_000  # milliseconds


async def run(loaded: Loaded, before: str, file: Path) -> tuple[int, int]:
    """Copies what is due to the absolute path `file`, then has it removed; how many were copied and how many removed.

    Raises JournalError, AdminError, DataKeyError and HsmUnavailable. What was copied and not removed is found again.
    """
    if await journalling.is_running(loaded):
        return _copy(loaded, before, file), await _remove(functools.partial(_ask, loaded, str(file)))
    keys = await open_keys(loaded, create=False)
    with journalling.opened(loaded, keys) as store:  # its lock keeps a switch that starts meanwhile away
        return _copy(loaded, before, file), await _remove(functools.partial(_remove_some, loaded, file, store))


def _copy(loaded: Loaded, before: str, file: Path) -> int:
    retention, now = loaded.config.retention, int(time.time() * 1000)
    repeated = now - retention.duplicate_days * _DAY
    held = min(repeated, now - retention.completion_days * _DAY)
    with closing(open_reader(loaded.journal)) as journal:
        return archive.copy(journal, file, before, repeated, held)


async def _ask(loaded: Loaded, file: str, after: int) -> tuple[int, int]:
    config = loaded.config.admin
    arguments = {"file": file, "after": str(after)}
    found = await admin.ask(loaded.path(config.socket), "remove-archived", config.timeout, arguments)
    return found["removed"], found["last"]


async def _remove(step: Callable[[int], Awaitable[tuple[int, int]]]) -> int:
    removed, last = await step(0)
    while last:
        count, last = await step(last)
        removed += count
    return removed


async def _remove_some(loaded: Loaded, file: Path, store: SqliteStore, after: int) -> tuple[int, int]:
    with closing(open_reader(loaded.journal)) as journal:
        numbers, last = archive.removable(journal, file, after)
    if numbers:
        await journalling.write(loaded, store, [Archived(numbers)])
    return len(numbers), last
