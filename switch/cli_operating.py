"""What the commands on running parts share: how they fail, their configuration, how they print money."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from switch.clearing import ClearingError
from switch.configfile import ConfigError
from switch.daemon.admin import AdminError
from switch.daemon.process import first_reason
from switch.hsm.client import HsmUnavailable
from switch.hsm.datakeys import DataKeyError
from switch.journal.sqlite import JournalError
from switch.lab.errors import LabError
from switch.link.listener import AddressError
from switch.money import AmountError, alphabetic, major_units

# sysexits(3): EX_CONFIG; everything else that stops a command is 2, as click's own usage errors are.
_EX_CONFIG, _EX_ERROR = 78, 2
_ERRORS = (
    AddressError, AdminError, ClearingError, ConfigError, DataKeyError, HsmUnavailable, JournalError, LabError,
    OSError,
)  # fmt: skip
_Command = TypeVar("_Command", bound=Callable[..., Any])


def one_clear_line(command: _Command) -> _Command:
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


config_option = click.option(
    "-c", "--config", type=click.Path(path_type=Path), required=True, envvar="SWITCH_CONFIG", help="TOML file."
)


def money(amount: int, currency: str) -> str:
    """ "12.34 EUR", or what can be said of a currency that is not known."""
    try:
        return f"{major_units(amount, currency)} {alphabetic(currency)}"
    except AmountError:
        return f"{amount} minor units of {currency}"
