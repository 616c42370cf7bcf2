"""What the commands on running parts share: how they fail, their configuration, how they print tables and money."""

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

import click
import msgspec
import rich.progress
import trio
from rich.console import Console
from rich.table import Table

from switch import configfile
from switch.cardnumbers import mask_text
from switch.clearing import ClearingError
from switch.configfile import ConfigError
from switch.daemon import admin
from switch.daemon.admin import AdminError
from switch.daemon.config import SwitchConfig
from switch.daemon.process import first_reason
from switch.hsm.client import HsmUnavailable
from switch.hsm.config import HsmConfigError
from switch.hsm.datakeys import DataKeyError
from switch.hsm.ping import CertificateRefused
from switch.journal.errors import JournalError
from switch.lab.errors import LabError
from switch.link.network import AddressError
from switch.money import AmountError, alphabetic, major_units

# sysexits(3): EX_CONFIG, EX_NOPERM; everything else that stops a command is 2, as click's own usage errors are.
_EX_CONFIG, _EX_NOPERM, _EX_ERROR = 78, 77, 2
_CONFIG_ERRORS = (ConfigError, HsmConfigError)
_ERRORS = (
    *_CONFIG_ERRORS, AddressError, AdminError, ClearingError, DataKeyError, HsmUnavailable, JournalError, LabError,
    OSError,
)  # fmt: skip
_WIDE = 250
# Bytes of a BIN table that takes long enough to be watched: some 200,000 ranges.
_BIG = 5_000_000
_Command = TypeVar("_Command", bound=Callable[..., Any])


def one_clear_line(command: _Command, *also: type[Exception]) -> _Command:
    """What a user can mend ends as one line on standard error, never as a traceback; `also` more kinds of errors."""
    mendable: tuple[type[Exception], ...] = (*_ERRORS, *also)

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except BaseExceptionGroup as group:
            error = first_reason(group)
            if not isinstance(error, mendable):
                raise
            _fail(error)
        except mendable as error:
            _fail(error)

    return run  # type: ignore[return-value] # same signature


def _fail(error: BaseException) -> NoReturn:
    click.echo(f"error: {mask_text(str(error))}", err=True)
    if isinstance(error, CertificateRefused):
        sys.exit(_EX_NOPERM)
    sys.exit(_EX_CONFIG if isinstance(error, _CONFIG_ERRORS) else _EX_ERROR)


config_option = click.option(
    "-c", "--config", type=click.Path(path_type=Path), required=True, envvar="SWITCH_CONFIG", help="TOML file."
)


def ask_switch(config: Path, verb: str, arguments: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the running switch of a configuration answers. Its BIN table is not read for that, which may take seconds.

    Raises ConfigError and AdminError.
    """
    settings = configfile.load(config, SwitchConfig).admin
    return trio.run(admin.ask, config.absolute().parent / settings.socket, verb, settings.timeout, arguments)


def open_with_progress(path: Path) -> AbstractContextManager[IO[str]]:
    """Opens a BIN table; of a big one it is shown how far it has been read, when somebody is watching."""
    watcher = Console(stderr=True)
    if path.stat().st_size < _BIG or not watcher.is_terminal:
        return path.open(encoding="utf-8", newline="")
    return rich.progress.open(path, "rt", encoding="utf-8", description=path.name, console=watcher, transient=True)


def money(amount: int, currency: str) -> str:
    """ "12.34 EUR", or what can be said of a currency that is not known."""
    try:
        return f"{major_units(amount, currency)} {alphabetic(currency)}"
    except AmountError:
        return f"{amount} minor units of {currency}"


def print_table(table: Table) -> None:
    """Whole in a pipe or a file, folded to the window on a terminal."""
    console = Console()
    console.print(table) if console.is_terminal else Console(width=_WIDE).print(table)


def print_rows(rows: Iterable[dict[str, Any]], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Rows of the journal: a JSON object per line with all that they have, or a table of `columns`, by heading."""
    if as_json:
        for row in rows:
            click.echo(msgspec.json.encode(row))
        return
    table = Table(*columns)
    for row in rows:
        if row.get("amount") is not None:
            row["amount"] = money(row["amount"], row["currency"])
        table.add_row(*("" if row[column] is None else str(row[column]) for column in columns.values()))
    print_table(table)


def print_answer(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """What a running daemon has told of itself."""
    if as_json:
        click.echo(msgspec.json.encode(answer))
        return
    table = Table("what", "value")
    for name, value in answer.items():
        parts = value.items() if isinstance(value, dict) else (("", value),)
        for part, one in parts:
            table.add_row(f"{name} {part}".strip(), str(one))
    print_table(table)
