"""Clearing as an operator does it: close the batch in the running switch, write its files, note that they stand."""

from collections.abc import Sequence
from contextlib import closing

import msgspec

from switch.clearing import WrittenFile, write_batch
from switch.clearing.batch import Progress
from switch.clearing.errors import ClearingError
from switch.crypto.datakeys import DataKeys
from switch.daemon import admin, journalling
from switch.daemon.config import Loaded
from switch.daemon.switchd import open_keys
from switch.journal import reader
from switch.journal.records import Cleared


async def close(loaded: Loaded) -> int:
    """Closes the open batch of the running switch; its number. Raises AdminError."""
    config = loaded.config.admin
    closed = await admin.ask(loaded.path(config.socket), "close-batch", config.timeout)
    number: int = closed["batch"]
    return number


async def write(loaded: Loaded, batch: int | None = None, progress: Progress | None = None) -> list[WrittenFile]:
    """Writes the files of a closed batch, the latest by default: the same bytes every time.

    The journal learns that they stand, without which it lets nothing of the batch be archived. Raises AdminError,
    ClearingError, DataKeyError, HsmUnavailable and JournalError.
    """
    keys = await open_keys(loaded, create=False)
    folder = loaded.path(loaded.config.clearing_folder)
    with closing(reader.open_reader(loaded.journal)) as connection:
        number = reader.latest_closed_batch(connection) if batch is None else batch
        if not number:
            raise ClearingError(str(loaded.journal), "expected a closed batch")
        if archived := reader.archived_of(connection, number):
            raise ClearingError(f"batch {number}", f"{archived} of its transactions are archived: its files stand")
        written = write_batch(connection, keys, number, folder, loaded.config.clearing, progress)
    await _note(loaded, keys, [_cleared(number, file) for file in written])
    return written


def _cleared(batch: int, file: WrittenFile) -> Cleared:
    totals = file.totals
    return Cleared(batch=batch, network=file.network, name=file.path.name, records=totals.records, sha256=file.sha256)


async def _note(loaded: Loaded, keys: DataKeys, files: Sequence[Cleared]) -> None:
    if not await journalling.is_running(loaded):
        with journalling.opened(loaded, keys) as store:
            await journalling.write(loaded, store, files)
        return
    config = loaded.config.admin
    for file in files:
        texts = {name: str(value) for name, value in msgspec.structs.asdict(file).items()}
        await admin.ask(loaded.path(config.socket), "note-cleared", config.timeout, texts)
