"""Records that an operator's command writes while no switch runs. A running one is asked to write them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import trio

from switch.crypto.datakeys import DataKeys
from switch.daemon import admin
from switch.daemon.config import Loaded
from switch.journal.delivery import DeliveryLog, boot_id
from switch.journal.errors import JournalError
from switch.journal.records import Record
from switch.journal.sqlite import SqliteStore

_PATIENCE = 30.0


async def is_running(loaded: Loaded) -> bool:
    """Whether a switch answers."""
    config = loaded.config.admin
    try:
        await admin.ask(loaded.path(config.socket), "status", config.timeout)
    except admin.AdminError:
        return False
    return True


@contextmanager
def opened(loaded: Loaded, keys: DataKeys) -> Iterator[SqliteStore]:
    """The journal, with what the last life knew of its deliveries; raises JournalError, while a switch has it too.

    Nothing more is assumed to be delivered, after a loss of power neither: the next start does that, and warns.
    """
    known = DeliveryLog(loaded.journal.with_suffix(".delivered"), boot_id()).known
    store = SqliteStore(loaded.journal, keys, delivered=known, same_boot=True, settings=loaded.journal_settings)
    try:
        yield store
    finally:
        store.close()


async def write(loaded: Loaded, store: SqliteStore, unit: Sequence[Record]) -> None:
    """A unit, durable on return; raises JournalError."""
    store.submit(unit, None)
    store.flush()
    with trio.move_on_after(_PATIENCE):
        await trio.lowlevel.wait_readable(store.fileno())
    taken = store.take()
    if not taken or not all(ack.ok for _, ack in taken):
        raise JournalError(f"{loaded.journal}: the journal did not take it")
