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
    oldest_kept = int(time.time() * 1000) - loaded.config.retention.duplicate_days * _DAY
    with closing(open_reader(loaded.journal)) as journal:
        copied = archive.copy(journal, file, before, oldest_kept)
    if await _is_running(loaded):
        return copied, await _remove(functools.partial(_ask, loaded, str(file)))
    return copied, await _remove_alone(loaded, file)


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


async def _remove_alone(loaded: Loaded, file: Path) -> int:
    """The journal's lock keeps a switch that starts meanwhile away."""
    keys = await open_keys(loaded, create=False)
    delivery = DeliveryLog(loaded.journal.with_suffix(".delivered"), boot_id())
    store = SqliteStore(
        loaded.journal,
        keys,
        delivered=delivery.known,
        same_boot=delivery.same_boot,
        settings=loaded.journal_settings,
    )

    async def step(after: int) -> tuple[int, int]:
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

    try:
        return await _remove(step)
    finally:
        store.close()
