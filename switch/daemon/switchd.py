"""The switch as a process: opens the HSM, the keys and the journal, serves until a signal, drains."""

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import structlog
import trio

from switch.cardnumbers import mask_text
from switch.crypto.datakeys import DataKeys
from switch.daemon import admin
from switch.daemon.config import Loaded
from switch.daemon.process import flush_output, on_signals
from switch.daemon.reload import Reloader
from switch.hsm import datakeys
from switch.hsm.client import HsmClient, HsmUnavailable
from switch.journal import archive
from switch.journal.delivery import DeliveryLog, boot_id
from switch.journal.reader import open_reader
from switch.journal.records import Cleared
from switch.journal.sqlite import SqliteStore
from switch.notify import notify
from switch.switching.clock import Clock
from switch.switching.runtime import Switch

log = structlog.get_logger()

_HSM_PAUSE = 0.5
_ABANDONED = 1
# SQLite's integers have no more.
_MOST_DIGITS = 19
# sysexits(3): EX_IOERR. The supervisor starts the process again, and the journal is replayed.
_NO_JOURNAL = 74


async def open_keys(loaded: Loaded, *, create: bool) -> DataKeys:
    """The journal's data keys, opened by the HSM. With `create` they are made there when the file does not exist.

    Raises DataKeyError and HsmUnavailable.
    """
    hsm, path = loaded.config.hsm, loaded.path(loaded.config.data_keys)
    async with HsmClient(hsm.host, hsm.port, hsm.header_length, hsm.watch_timeout, addresses=hsm.hosts) as client:
        if create and not _exists(path):
            log.info("making data keys", file=path.name)
            return await datakeys.create(client, path)
        return await datakeys.load(client, path)


async def run(loaded: Loaded) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once.

    Raises DataKeyError, JournalError, AddressError and AdminError, each with one clear line.
    """
    async with trio.open_nursery() as nursery:
        stopper = _Stopper(nursery.cancel_scope.cancel)
        nursery.start_soon(on_signals, stopper.stop, _abandon)
        reloader = Reloader(loaded)
        await nursery.start(reloader.on_hangup)
        keys = await _wait_for_keys(loaded)
        with _journal(loaded, keys) as (store, delivery):
            switch = Switch(
                loaded.settings,
                loaded.bins,
                store,
                keys,
                delivery,
                store.recovery,
                Clock(day=loaded.config.business_day),
                chance=random.random,
            )
            stopper.call = switch.stop
            reloader.engine = switch.engine
            await _serve(loaded, switch, reloader)
        nursery.cancel_scope.cancel()


class _Stopper:
    """What the first signal does: until there is a switch to drain, end; then drain it."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call

    def stop(self) -> None:
        notify("STOPPING=1")
        self.call()


async def _wait_for_keys(loaded: Loaded) -> DataKeys:
    complained = False
    while True:
        try:
            return await open_keys(loaded, create=True)
        except HsmUnavailable as error:
            if not complained:
                log.warning("waiting for the HSM", reason=str(error))
                complained = True
        await trio.sleep(_HSM_PAUSE)


@contextmanager
def _journal(loaded: Loaded, keys: DataKeys) -> Iterator[tuple[SqliteStore, DeliveryLog]]:
    """The store and the delivery log of the previous life folded into it. Transaction lines go to standard error."""
    delivery = DeliveryLog(loaded.journal.with_suffix(".delivered"), boot_id())
    with open(2, "w", closefd=False, encoding="utf-8") as lines:
        store = SqliteStore(
            loaded.journal,
            keys,
            lines=lines,
            delivered=delivery.known,
            same_boot=delivery.same_boot,
            settings=loaded.journal_settings,
            on_death=_die,
        )
        log.info("journal opened", **store.opened())
        delivery.start()
        try:
            yield store, delivery
        finally:
            store.close()
            delivery.close()


async def _serve(loaded: Loaded, switch: Switch, reloader: Reloader) -> None:
    begun = time.monotonic()

    async def status() -> dict[str, Any]:
        return {"pid": os.getpid(), "uptime_s": round(time.monotonic() - begun, 1), **switch.status()}

    async def close_batch() -> dict[str, Any]:
        return {"batch": await switch.close_batch()}

    async def note_cleared(batch: str, records: str, **texts: str) -> dict[str, Any]:
        await switch.note_cleared(Cleared(batch=int(batch), records=int(records), **texts))
        return {}

    async def remove_archived(file: str, after: str) -> dict[str, Any]:
        numbers, last = await trio.to_thread.run_sync(_removable, loaded.journal, Path(file), int(after))
        if numbers:
            await switch.remove_archived(numbers)
        return {"removed": len(numbers), "last": last}

    async def work(task_status: trio.TaskStatus[Any]) -> None:
        await switch.run(task_status)
        nursery.cancel_scope.cancel()

    verbs: admin.Verbs = {
        "status": status,
        "close-batch": close_batch,
        "note-cleared": note_cleared,
        "reload": reloader.reload,
        "remove-archived": remove_archived,
        **saf_verbs(switch),
    }
    with admin.bind(loaded.path(loaded.config.admin.socket)) as sock:
        async with trio.open_nursery() as nursery:
            await nursery.start(work)
            nursery.start_soon(admin.serve, sock, loaded.config.admin, verbs)
            notify("READY=1")


def _removable(journal: Path, file: Path, after: int) -> tuple[list[int], int]:
    with closing(open_reader(journal)) as connection:
        return archive.removable(connection, file, after)


def saf_verbs(switch: Switch) -> dict[str, Callable[..., Awaitable[dict[str, Any]]]]:
    """What operators do to queued messages, for the admin socket."""

    async def saf_retry(number: str) -> dict[str, Any]:
        if not await switch.retry_queued(_number(number), admin.operator.get()):
            raise admin.AdminError(f"{number}: expected the number of a dead letter")
        return {"retried": int(number)}

    async def saf_drop(number: str, reason: str) -> dict[str, Any]:
        if not reason.strip():
            raise admin.AdminError("expected a reason")
        if not await switch.drop_queued(_number(number), admin.operator.get(), mask_text(reason.strip())):
            raise admin.AdminError(f"{number}: expected the number of a queued or dead message")
        return {"dropped": int(number)}

    return {"saf-retry": saf_retry, "saf-drop": saf_drop}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS):
        raise admin.AdminError("expected a number")
    return int(text)


def _abandon() -> None:
    log.warning("abandoned by a second signal")
    flush_output()
    os._exit(_ABANDONED)


def _die() -> None:
    """The journal's writer is dead, so no payment can end well here any more."""
    log.critical("ended: the journal has no writer", status=_NO_JOURNAL)
    flush_output()
    os._exit(_NO_JOURNAL)


def _exists(path: Path) -> bool:
    return path.exists()
