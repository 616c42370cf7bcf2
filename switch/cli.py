"""The `switch` command: every verb an operator has. Each command only reads its options and calls a floor below."""

import functools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import msgspec
import trio
from rich.console import Console
from rich.table import Table

from switch import cli_hsm, cli_messages, cli_specs
from switch.clearing import ClearingError, FileTotals, describe_file, file_totals
from switch.cli_input import print_answer, print_table
from switch.configfile import ConfigError
from switch.crypto.datakeys import DataKeys
from switch.daemon import admin, batches, switchd
from switch.daemon import config as switch_config
from switch.daemon.admin import AdminError
from switch.daemon.process import first_reason, prepare, until_signalled
from switch.hsm.client import HsmUnavailable
from switch.hsm.datakeys import DataKeyError
from switch.journal import reader
from switch.journal.sqlite import JournalError
from switch.lab import plan
from switch.lab.errors import LabError
from switch.lab.run import run as run_lab
from switch.link.listener import AddressError
from switch.money import AmountError, alphabetic, major_units
from switch.simulator import issuer as issuer_host
from switch.simulator import network as network_node

# sysexits(3): EX_CONFIG; everything else that stops a command is 2, as click's own usage errors are.
_EX_CONFIG, _EX_ERROR = 78, 2
_ERRORS = (
    AddressError, AdminError, ClearingError, ConfigError, DataKeyError, HsmUnavailable, JournalError, LabError,
    OSError,
)  # fmt: skip
# Heading of `journal list`, and the journal's column.
_COLUMNS = {
    "number": "txn_id", "kind": "kind", "network": "network", "card": "pan_masked", "amount": "amount",
    "state": "state", "code": "response_code", "terminal": "terminal_id", "rrn": "rrn", "batch": "batch",
}  # fmt: skip
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _one_clear_line(command: _Command) -> _Command:
    """What a user can mend ends as one line on standard error, never as a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except BaseExceptionGroup as group:
            error = first_reason(group)
            if not isinstance(error, _ERRORS):
                raise
            _fail(error)
        except _ERRORS as error:
            _fail(error)

    return run  # type: ignore[return-value] # same signature


def _fail(error: BaseException) -> NoReturn:
    click.echo(f"error: {error}", err=True)
    sys.exit(_EX_CONFIG if isinstance(error, ConfigError) else _EX_ERROR)


_config_option = click.option(
    "-c", "--config", type=click.Path(path_type=Path), required=True, envvar="SWITCH_CONFIG", help="TOML file."
)


@click.group()
@click.version_option(package_name="iso8583-switch")
def main() -> None:
    """An ISO 8583 payment switch. `switch lab` shows everything at work."""


cli_messages.register(main)
cli_hsm.register(main)
main.add_command(cli_specs.spec_group)


@main.command()
@click.option("--once", is_flag=True, help="End after the tables; exit 0 only when all totals agree.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Default ./lab, or ./lab-N with --port-base N.")
@click.option("--payments", type=click.IntRange(0, 1_000_000), default=200, show_default=True)
@click.option("--port-base", type=click.IntRange(1, 65_500), help="Use consecutive ports from here on.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other payments.")
@_one_clear_line
def lab(*, once: bool, folder: Path | None, payments: int, port_base: int | None, seed: int) -> None:
    """Start HSM, issuers, Visa and Mastercard nodes and the switch, and send payments through them."""
    ports = plan.Ports() if port_base is None else plan.Ports.from_base(port_base)
    folder = folder or Path("lab" if port_base is None else f"lab-{port_base}")
    sys.exit(trio.run(functools.partial(run_lab, folder, ports, payments=payments, seed=seed, once=once)))


@main.command()
@_config_option
@_one_clear_line
def run(config: Path) -> None:
    """Run the switch until SIGTERM, which drains it."""
    loaded = switch_config.load(config)
    prepare("switch")
    trio.run(switchd.run, loaded)


@main.command()
@_config_option
@_one_clear_line
def check(config: Path) -> None:
    """Check the switch's configuration: exits 0, or 78 with the key at fault."""
    switch_config.load(config)
    click.echo(f"{config}: good")


@main.command()
@_config_option
@_one_clear_line
def issuer(config: Path) -> None:
    """Run an issuer host."""
    settings = issuer_host.load_config(config)
    prepare(settings.name)
    trio.run(until_signalled, functools.partial(issuer_host.serve, settings))


@main.command()
@click.argument("scheme", type=click.Choice(plan.SCHEMES))
@_config_option
@_one_clear_line
def node(scheme: str, config: Path) -> None:
    """Run a simulated Visa or Mastercard node."""
    settings = network_node.load_config(config)
    if settings.scheme != scheme:
        raise ConfigError(f"{config}: scheme: expected {scheme}")
    prepare(scheme)
    trio.run(until_signalled, functools.partial(network_node.serve, settings))


# -- the journal


@main.group()
def journal() -> None:
    """Read the journal, also while the switch runs."""


@journal.command("list")
@_config_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--since", type=int, default=0, help="Only transactions with a higher number.")
@click.option("--state", type=click.Choice(["pending", "approved", "declined", "reversed", "timeout"]))
@click.option("--network")
@click.option("--code", "response_code", help="DE39.")
@click.option("--terminal", "terminal_id", help="DE41.")
@click.option("--rrn", help="DE37.")
@click.option("--stan", help="DE11.")
@click.option("--batch", type=int)
@click.option("--kind", type=click.Choice(["sale", "cash", "refund", "balance", "reversal"]))
@click.option("--card", is_flag=True, help="Ask for a card number (not echoed) and list only its transactions.")
@click.option("--json", "as_json", is_flag=True, help="One object per line, with every column.")
@_one_clear_line
def journal_list(*, config: Path, limit: int, since: int, card: bool, as_json: bool, **filters: Any) -> None:
    """The latest transactions, oldest first, card numbers masked."""
    loaded = switch_config.load(config)
    chosen = {name: value for name, value in filters.items() if value is not None}
    if card:
        pan = click.prompt("card number", hide_input=True)
        chosen["pan_token"] = _keys(loaded).pan_token(pan)
    connection = reader.open_reader(loaded.journal)
    rows = reader.list_transactions(connection, limit, since, **chosen)
    connection.close()
    if as_json:
        for row in rows:
            click.echo(msgspec.json.encode(row))
        return
    table = Table(*_COLUMNS)
    for row in rows:
        row["amount"] = _money(row["amount"], row["currency"])
        table.add_row(*(str(row[column]) for column in _COLUMNS.values()))
    print_table(table)


@journal.command("show")
@_config_option
@click.argument("number", type=int)
@_one_clear_line
def journal_show(config: Path, number: int) -> None:
    """One transaction with what is queued for it, as JSON."""
    connection = reader.open_reader(switch_config.load(config).journal)
    found = reader.show_transaction(connection, number)
    connection.close()
    if found is None:
        raise JournalError(f"transaction {number}: not in this journal")
    click.echo(msgspec.json.format(msgspec.json.encode(found)))


def _keys(loaded: switch_config.Loaded) -> DataKeys:
    return trio.run(functools.partial(switchd.open_keys, loaded, create=False))


def _money(amount: int, currency: str) -> str:
    try:
        return f"{major_units(amount, currency)} {alphabetic(currency)}"
    except AmountError:
        return f"{amount} minor units of {currency}"


# -- clearing


@main.group()
def clearing() -> None:
    """Close the batch and write, check and show clearing files."""


@clearing.command("close")
@_config_option
@_one_clear_line
def clearing_close(config: Path) -> None:
    """Close the open batch in the running switch and write its files."""
    loaded = switch_config.load(config)
    _write_files(loaded, trio.run(batches.close, loaded))


@clearing.command("write")
@_config_option
@click.option("--batch", type=click.IntRange(1), help="The latest closed batch by default.")
@_one_clear_line
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
@_one_clear_line
def clearing_check(files: tuple[Path, ...]) -> None:
    """Read files record by record, compare them with their trailers, print their totals."""
    _print_totals((file, file_totals(file)) for file in files)


@clearing.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@_one_clear_line
def clearing_show(file: Path) -> None:
    """One line per record, card numbers masked."""
    for line in describe_file(file):
        click.echo(line)


def _print_totals(files: Iterable[tuple[Path, FileTotals]]) -> None:
    for path, totals in files:
        click.echo(f"{path}: {totals.kind}, {totals.records} records, {totals.reversals} reversals")
        for currency, (count, amount) in sorted(totals.currencies.items()):
            click.echo(f"  {count:>8} x {_money(amount, currency)}")


# -- the running switch


@main.group()
def ctl() -> None:
    """Ask the running switch."""


def _ctl_command(verb: str, text: str) -> None:
    @_one_clear_line
    def run(config: Path, *, as_json: bool) -> None:
        loaded = switch_config.load(config)
        answer = trio.run(admin.ask, loaded.path(loaded.config.admin.socket), verb, loaded.config.admin.timeout)
        print_answer(answer, as_json=as_json)

    decorated = _config_option(click.option("--json", "as_json", is_flag=True)(run))
    ctl.command(verb, help=text)(decorated)


_ctl_command("status", "Links, HSM, queues, counters.")
_ctl_command("close-batch", "Close the open clearing batch without writing its files.")
