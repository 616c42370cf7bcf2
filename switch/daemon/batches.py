"""Clearing as an operator does it: close the batch in the running switch and write its files."""

from contextlib import closing

from switch.clearing import WrittenFile, write_batch
from switch.clearing.batch import Progress
from switch.clearing.errors import ClearingError
from switch.daemon import admin
from switch.daemon.config import Loaded
from switch.daemon.switchd import open_keys
from switch.journal import reader


async def close(loaded: Loaded) -> int:
    """Closes the open batch of the running switch; its number. Raises AdminError."""
    config = loaded.config.admin
    closed = await admin.ask(loaded.path(config.socket), "close-batch", config.timeout)
    number: int = closed["batch"]
    return number


async def write(loaded: Loaded, batch: int | None = None, progress: Progress | None = None) -> list[WrittenFile]:
    """Writes the files of a closed batch, the latest by default: the same bytes every time.

    Raises ClearingError, DataKeyError, HsmUnavailable and JournalError.
    """
    keys = await open_keys(loaded, create=False)
    folder = loaded.path(loaded.config.clearing_folder)
    with closing(reader.open_reader(loaded.journal)) as connection:
        number = reader.latest_closed_batch(connection) if batch is None else batch
        if not number:
            raise ClearingError(str(loaded.journal), "expected a closed batch")
        if archived := reader.archived_of(connection, number):
            raise ClearingError(f"batch {number}", f"{archived} of its transactions are archived: its files stand")
        return write_batch(connection, keys, number, folder, loaded.config.clearing, progress)
