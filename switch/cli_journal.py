"""`switch journal` and `switch clearing`: what was done, and the files about it."""

import functools
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec
import trio
from rich.console import Console

from switch.clearing import FileTotals, describe_file, file_totals
from switch.cli_operating import config_option, money, one_clear_line, print_rows
from switch.crypto.datakeys import DataKeys
from switch.daemon import archiving, batches, switchd
from switch.daemon import config as switch_config
from switch.journal import backup, check, reader
from switch.journal.errors import JournalError

# Heading of `journal list`, and the journal's column.
_COLUMNS = {
    "number": "txn_id", "kind": "kind", "network": "network", "card": "pan_masked", "amount": "amount",
    "state": "state", "code": "response_code", "terminal": "terminal_id", "rrn": "rrn",
    "date": "business_date", "batch": "batch",
}  # fmt: skip


# -- the journal


@click.group()
def journal() -> None:
    """Read the journal, also while the switch runs."""


@journal.command("list")
@config_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--since", type=int, default=0, help="Only transactions with a higher number.")
@click.option("--state", type=click.Choice(["pending", "approved", "declined", "reversed", "timeout"]))
@click.option("--network")
@click.option("--code", "response_code", help="DE39.")
@click.option("--terminal", "terminal_id", help="DE41.")
@click.option("--rrn", help="DE37.")
@click.option("--stan", help="DE11.")
@click.option("--batch", type=int)
@click.option("--date", "business_date", help="The business date, YYYY-MM-DD.")
@click.option("--archive", type=click.Path(path_type=Path), help="Read this archive instead of the journal.")
@click.option("--kind", type=click.Choice(["sale", "cash", "refund", "balance", "completion", "reversal"]))
@click.option("--card", is_flag=True, help="Ask for a card number (not echoed) and list only its transactions.")
@click.option("--json", "as_json", is_flag=True, help="One object per line, with every column.")
@one_clear_line
def journal_list(
    *, config: Path, limit: int, since: int, card: bool, as_json: bool, archive: Path | None, **filters: Any
) -> None:
    """The latest transactions, oldest first, card numbers masked."""
    loaded = switch_config.load(config)
    chosen = {name: value for name, value in filters.items() if value is not None}
    if card:
        pan = click.prompt("card number", hide_input=True)
        chosen["pan_token"] = _keys(loaded).pan_token(pan)
    connection = reader.open_reader(archive or loaded.journal)
    rows = reader.list_transactions(connection, limit, since, **chosen)
    connection.close()
    print_rows(rows, _COLUMNS, as_json=as_json)


@journal.command("show")
@config_option
@click.option("--archive", type=click.Path(path_type=Path), help="Read this archive instead of the journal.")
@click.argument("number", type=int)
@one_clear_line
def journal_show(config: Path, archive: Path | None, number: int) -> None:
    """One transaction with what is queued for it, as JSON."""
    connection = reader.open_reader(archive or switch_config.load(config).journal)
    found = reader.show_transaction(connection, number)
    connection.close()
    if found is None:
        raise JournalError(f"transaction {number}: not in this journal")
    click.echo(msgspec.json.format(msgspec.json.encode(found)))


@journal.command("check")
@config_option
@one_clear_line
def journal_check(config: Path) -> None:
    """Read the whole journal and its log, also while the switch runs; exit 1 when something is wrong."""
    faults = 0
    for found in check.check(switch_config.load(config).journal):
        click.echo(f"{found.what}: {found.fault or 'sound'}" + (f" ({found.holds})" if found.holds else ""))
        faults += bool(found.fault)
    sys.exit(1 if faults else 0)


@journal.command("backup")
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@one_clear_line
def journal_backup(config: Path, file: Path) -> None:
    """Copy the journal to a new FILE, also while the switch runs."""
    position = backup.backup(switch_config.load(config).journal, file)
    click.echo(f"{file}: the journal up to group {position} of its log")


@journal.command("rebuild")
@config_option
@click.option("--base", type=click.Path(path_type=Path), help="A backup, for what segments that are gone have said.")
@click.argument("file", type=click.Path(path_type=Path))
@one_clear_line
def journal_rebuild(config: Path, base: Path | None, file: Path) -> None:
    """Make the journal anew from its log into a new FILE. The switch must not run, the HSM must."""
    loaded = switch_config.load(config)
    with Console(stderr=True).status("rebuilding") as status:
        count = backup.rebuild(
            loaded.journal,
            _keys(loaded),
            file,
            base,
            lambda number, total: status.update(f"rebuilding: segment {number + 1} of {total}"),
        )
    name = loaded.journal.name
    click.echo(
        f"{file}: {count} groups replayed; move {name}, {name}-wal and {name}-shm away and put it in their place"
    )


@journal.command("archive")
@config_option
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Business dates before this one.")
@click.argument("file", type=click.Path(path_type=Path))
@one_clear_line
def journal_archive(config: Path, before: datetime, file: Path) -> None:
    """Move finished transactions to the archive FILE, new or of this journal. Whether the switch runs or not."""
    copied, removed = trio.run(archiving.run, switch_config.load(config), f"{before:%Y-%m-%d}", file.absolute())
    click.echo(f"{file}: {copied} transactions copied, {removed} removed from the journal")


def _keys(loaded: switch_config.Loaded) -> DataKeys:
    return trio.run(functools.partial(switchd.open_keys, loaded, create=False))


# -- clearing


@click.group()
def clearing() -> None:
    """Close the batch and write, check and show clearing files."""


@clearing.command("close")
@config_option
@one_clear_line
def clearing_close(config: Path) -> None:
    """Close the open batch in the running switch and write its files."""
    loaded = switch_config.load(config)
    _write_files(loaded, trio.run(batches.close, loaded))


@clearing.command("write")
@config_option
@click.option("--batch", type=click.IntRange(1), help="The latest closed batch by default.")
@one_clear_line
def clearing_write(config: Path, batch: int | None) -> None:
    """Write the files of a closed batch again: the same bytes. The switch need not run, the HSM must."""
    _write_files(switch_config.load(config), batch)


def _write_files(loaded: switch_config.Loaded, batch: int | None) -> None:
    console = Console(stderr=True)
    with console.status("writing") as status:
        written = trio.run(batches.write, loaded, batch, lambda count: status.update(f"writing: {count} transactions"))
    _print_totals((file.path, file.totals) for file in written)


@clearing.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@one_clear_line
def clearing_check(files: tuple[Path, ...]) -> None:
    """Read files record by record, compare them with their trailers, print their totals."""
    _print_totals((file, file_totals(file)) for file in files)


@clearing.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@one_clear_line
def clearing_show(file: Path) -> None:
    """One line per record, card numbers masked."""
    for line in describe_file(file):
        click.echo(line)


def _print_totals(files: Iterable[tuple[Path, FileTotals]]) -> None:
    for path, totals in files:
        click.echo(f"{path}: {totals.kind}, {totals.records} records, {totals.reversals} reversals")
        for currency, (count, amount) in sorted(totals.currencies.items()):
            click.echo(f"  {count:>8} x {money(amount, currency)}")
