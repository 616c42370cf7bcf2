"""`switch-bench journal`: how many units a second the writer makes durable, beside SQLite with synchronous FULL."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import click

from switch.crypto.datakeys import DataKeys
from switch.journal import opening, schema
from switch.journal.apply import Applier
from switch.journal.disk import FolderDisk
from switch.journal.records import Ack, Intent, Outcome, Record, Transaction
from switch.journal.settings import JournalSettings

_KEYS = DataKeys(bytes(range(32)), bytes(range(32, 64)))
_Unit = Sequence[Record]


class _SlowFolder(FolderDisk):
    """A disk whose syncs take at least `seconds`."""

    def __init__(self, folder: Path, seconds: float) -> None:
        super().__init__(folder)
        self._seconds = seconds

    def sync(self, name: str) -> None:
        begun = time.perf_counter()
        super().sync(name)
        time.sleep(max(0.0, self._seconds - (time.perf_counter() - begun)))


def _payment(number: int) -> list[_Unit]:
    """The two units of an approved sale; each card comes back after 5,000 payments."""
    texts = dict.fromkeys(name for name in Transaction.__struct_fields__ if name not in ("captured", "original"))
    values: dict[str, object] = {name: f"{name:.8}" for name in texts} | {
        "txn_id": number, "received": 1_795_521_600_000 + number, "amount": 1234, "captured": True,
        "dedupe": f"pos|TERM{number % 400:04}|{number:06}|1|1124120000", "pan": f"411111{number % 5000:09}1",
        "terminal_id": f"TERM{number % 400:04}", "stan": f"{number % 1_000_000:06}", "business_date": "2026-11-24",
    }  # fmt: skip
    txn = Transaction(**values)  # type: ignore[arg-type] # texts where texts belong
    reply = {"39": "00", "37": "000000000001", "38": "A1B2C3"}
    outcome = Outcome(
        txn=txn, state="approved", response_code="00", answered=1_795_521_600_500, latency_us=900, reply=reply
    )
    return [[Intent(txn)], [outcome]]


def _logged(folder: Path, sync: float) -> tuple[sqlite3.Connection, Callable[[Sequence[_Unit]], list[Ack]]]:
    index = schema.connect(str(folder / "journal.db"))
    opening.prepare(index, _KEYS)
    committer, _ = opening.join_log(index, _KEYS, _SlowFolder(folder / "segments", sync), JournalSettings())
    return index, committer.commit


def _synchronous(folder: Path, sync: float) -> tuple[sqlite3.Connection, Callable[[Sequence[_Unit]], list[Ack]]]:
    """What the journal was before it had a log."""
    index = schema.connect(str(folder / "journal.db"))
    index.execute("PRAGMA synchronous = FULL")
    opening.prepare(index, _KEYS)
    applier = Applier(index, _KEYS)

    def commit(units: Sequence[_Unit]) -> list[Ack]:
        index.execute("BEGIN IMMEDIATE")
        acks = [applier.apply(unit)[0] for unit in units]
        index.execute("COMMIT")
        time.sleep(sync)
        return acks

    return index, commit


def run(payments: int, groups: Sequence[int], sync: float, folder: str | None) -> None:
    """Prints a line per size of group: units a second, and microseconds of processor time for each."""
    click.echo(
        f"{'payments a group':>16}  {'FULL, units/s':>14} {'us':>6}  {'log, units/s':>14} {'us':>6}  {'ratio':>6}"
    )
    for size in groups:
        rates = []
        for maker in (_synchronous, _logged):
            with tempfile.TemporaryDirectory(dir=folder) as name:
                rates.append(_measure(maker, Path(name), payments, size, sync))
        (full, full_cpu), (log, log_cpu) = rates
        click.echo(f"{size:>16}  {full:>14,.0f} {full_cpu:>6.1f}  {log:>14,.0f} {log_cpu:>6.1f}  {log / full:>6.2f}")


def _measure(
    maker: Callable[[Path, float], tuple[sqlite3.Connection, Callable[[Sequence[_Unit]], list[Ack]]]],
    folder: Path,
    payments: int,
    size: int,
    sync: float,
) -> tuple[float, float]:
    connection, commit = maker(folder, sync)
    with closing(connection):
        batches = [
            [unit for number in range(start, min(start + size, payments)) for unit in _payment(number + 1)]
            for start in range(0, payments, size)
        ]
        begun, cpu = time.perf_counter(), time.process_time()
        for units in batches:
            if not all(ack.ok for ack in commit(units)):
                raise click.ClickException("the journal refused a unit")
        count = 2 * payments
        return count / (time.perf_counter() - begun), (time.process_time() - cpu) / count * 1e6
