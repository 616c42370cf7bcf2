"""Archiving as an operator does it: with the running switch, or without one."""

import functools
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import trio

from switch.daemon import admin
from switch.daemon.config import Loaded
from switch.daemon.switchd import open_keys
from switch.journal import archive
from switch.journal.delivery import DeliveryLog, boot_id
from switch.journal.errors import JournalError
from switch.journal.reader import open_reader
from switch.journal.records import Archived
from switch.journal.sqlite import SqliteStore

_DAY = 86_400_000  # milliseconds
_PATIENCE = 30.0


async def run(loaded: Loaded, before: str, file: Path) -> tuple[int, int]:
    """Copies what is due to the absolute path `file`, then has it removed; how many were copied and how many removed.

    Raises JournalError, AdminError, DataKeyError and HsmUnavailable. What was copied and not removed is found again.
    """
    if await _is_running(loaded):
        return _copy(loaded, before, file), await _remove(functools.partial(_ask, loaded, str(file)))
    keys = await open_keys(loaded, create=False)
    delivery = DeliveryLog(loaded.journal.with_suffix(".delivered"), boot_id())
    store = SqliteStore(
        loaded.journal,
        keys,
        delivered=delivery.known,
        same_boot=delivery.same_boot,
        settings=loaded.journal_settings,
    )  # its lock keeps a switch that starts meanwhile away
    try:
        return _copy(loaded, before, file), await _remove(functools.partial(_remove_some, loaded, file, store))
    finally:
        store.close()


def _copy(loaded: Loaded, before: str, file: Path) -> int:
    oldest_kept = int(time.time() * 1000) - loaded.config.retention.duplicate_days * _DAY
    with closing(open_reader(loaded.journal)) as journal:
        return archive.copy(journal, file, before, oldest_kept)


async def _is_running(loaded: Loaded) -> bool:
    config = loaded.config.admin
    try:
        await admin.ask(loaded.path(config.socket), "status", config.timeout)
    except admin.AdminError:
        return False
    return True


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
        store.submit([Archived(numbers)], None)
        store.flush()
        with trio.fail_after(_PATIENCE):
            await trio.lowlevel.wait_readable(store.fileno())
        if not all(ack.ok for _, ack in store.take()):
            raise JournalError(f"{loaded.journal}: could not remove what was archived")
    return len(numbers), last
