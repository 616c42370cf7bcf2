"""Writes what a closed batch presents: one file per network, checked against the journal before it gets its name.

The bytes depend on the batch and the settings only; see docs/clearing.rst."""

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag

from switch.clearing.errors import ClearingError
from switch.clearing.files import differences
from switch.clearing.formats import FORMATS, Format
from switch.clearing.outbox import Outbox
from switch.clearing.part import Part
from switch.clearing.presentment import make_presentment
from switch.clearing.series import Series
from switch.clearing.settings import ClearingSettings
from switch.clearing.totals import FileTotals
from switch.crypto.datakeys import DataKeys
from switch.journal import reader

Progress = Callable[[int], None]
_PROGRESS_STEP = 100


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that stands under its name; `totals` were read back from it, `sha256` is in hexadecimal."""

    path: Path
    network: str
    totals: FileTotals
    sha256: str


def write_batch(
    connection: sqlite3.Connection,
    keys: DataKeys,
    batch: int,
    folder: Path,
    settings: ClearingSettings,
    progress: Progress | None = None,
) -> list[WrittenFile]:
    """The files of a closed batch, read back and tied to the journal; they replace those of an earlier run.

    Every network gets a file, also one without transactions. `progress` is told now and then, and at the end, how many
    transactions were written. Raises ClearingError, and then no file was given its name, unless renaming failed midway.
    """
    day = _business_day(connection, batch)
    captured = reader.captured_totals(connection, batch)
    unknown = captured.keys() - {known.network for known in FORMATS}
    if unknown:
        raise ClearingError(f"batch {batch}", f"expected no transactions of {', '.join(sorted(unknown))}")
    with Outbox(folder) as outbox:
        try:
            series = [Series(known, Part(known.network, day, batch, 1), outbox, settings) for known in FORMATS]
            _write(connection, keys, batch, series, settings, progress)
            written = [_read_back(item, name, outbox, settings) for item in series for name in item.names]
            wrong = differences(captured, [file.totals for file in written])
            if wrong:
                raise ClearingError(f"batch {batch}", f"expected what the journal holds: {'; '.join(wrong)}")
            for item in series:
                _refuse_strangers(folder, item)
            outbox.publish()
        except OSError as error:
            raise ClearingError(str(folder), f"expected to write there: {error.strerror}") from None
    return written


def _business_day(connection: sqlite3.Connection, batch: int) -> date:
    """The latest business date captured in the batch; where nothing was, the UTC date at which it was closed."""
    dates = reader.batch_dates(connection, batch)
    if dates is None or not dates[0]:
        raise ClearingError(f"batch {batch}", "expected a closed batch")
    closed, latest = dates
    try:
        return date.fromisoformat(latest) if latest else datetime.fromtimestamp(closed // 1000, UTC).date()
    except ValueError:
        raise ClearingError(f"batch {batch}", "expected YYYY-MM-DD", field="business_date") from None


def _write(
    connection: sqlite3.Connection,
    keys: DataKeys,
    batch: int,
    series: list[Series],
    settings: ClearingSettings,
    progress: Progress | None,
) -> None:
    by_network = {item.format.network: item for item in series}
    count = 0
    try:
        for stored, reversal in reader.iter_captured(connection, batch, keys):
            assert stored.txn is not None, "the journal yields transactions only"
            item = by_network[stored.txn.network]
            item.add(make_presentment(stored, reversal, item.format.bin_of(settings), settings))
            count += 1
            if progress is not None and count % _PROGRESS_STEP == 0:
                progress(count)
    except InvalidTag:
        raise ClearingError("journal", "expected card numbers that these data keys open") from None
    for item in series:
        item.close()
    if progress is not None:
        progress(count)


def _read_back(series: Series, name: str, outbox: Outbox, settings: ClearingSettings) -> WrittenFile:
    """What the file on the disk says, which must be what was meant."""
    temporary = outbox.temporary(name)
    totals = series.format.totals(temporary, settings.rules)
    meant = series.meant[name]
    read = (totals.presentments, totals.reversals, dict(totals.currencies))
    if read != (meant.presentments, meant.reversals, meant.currencies):
        raise ClearingError(name, "expected to read back what was written")
    with temporary.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    return WrittenFile(outbox.final(name), series.format.network, totals, digest)


def _refuse_strangers(folder: Path, series: Series) -> None:
    """A part that an earlier run wrote under other settings would present its transactions twice."""
    known: Format = series.format
    pattern = series.first.file_name(known.suffix).replace("-01.", "-*.")
    strangers = sorted(path.name for path in folder.glob(pattern) if path.name not in series.names)
    if strangers:
        raise ClearingError(strangers[0], "expected no file of this batch that this run does not write")
