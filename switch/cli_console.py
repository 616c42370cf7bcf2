"""`switch hsm console`: the verbs of `switch keys` line by line. `switch hsm authorise`: officers, the running HSM."""

import shlex
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import trio

from switch.cardnumbers import mask_text
from switch.cli_keyinput import Session, lmk_options, officer_options, open_desk, open_desks, verb
from switch.cli_keys import keys_group
from switch.cli_operating import print_answer
from switch.configfile import ConfigError
from switch.daemon import admin, hsmd
from switch.hsm.openlmks import ask_officers

_file = click.Path(path_type=Path)


def _lines() -> Iterator[str]:
    """The lines of whoever sits there, with a prompt, or of a script."""
    while True:
        try:
            yield input("hsm> " if sys.stdin.isatty() else "")
        except EOFError:
            return


@click.command("console")
@lmk_options
@click.pass_obj
@verb
def console(
    before: Path | None,
    /,
    *,
    lmk: str | None,
    config: Path | None,
    number: str,
    officer_1: str,
    officer_2: str,
    as_json: bool,
) -> None:
    """Open the LMKs once and take the verbs of `switch keys` line by line; `help`, `quit`.

    A script on standard input ends at its first fault, with status 2.
    """
    config = config or (None if lmk else before)
    if config:
        session = open_desks(config)
    else:
        desk = open_desk(lmk, None, number, officer_1, officer_2)
        session = Session({desk.number: desk, "00": desk})
    for about in dict.fromkeys(desk.about for desk in session.values()):
        click.echo(about, err=as_json)
    for line in _lines():
        if line.strip() in ("quit", "exit"):
            break
        status = _run(line, session)
        if status and not sys.stdin.isatty():
            sys.exit(status)


def _words(line: str) -> list[str]:
    """The words of a line; raises ClickException for an open quotation."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return ["--help"] if words == ["help"] else words


def _run(line: str, session: Session) -> int:
    """The status of one line of the console; an empty one does nothing."""
    try:
        if words := _words(line):
            keys_group.main(words, prog_name="", standalone_mode=False, obj=session)
    except click.ClickException as error:
        click.echo(f"error: {mask_text(error.format_message())}", err=True)
        return 2
    except click.Abort:
        return 2
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@click.command("authorise")
@click.option("-c", "--config", type=_file, help="TOML file of the running HSM, with a status_socket.")
@click.option("--id", "number", default="00", show_default=True, help="The LMK, NN of %NN.")
@click.option("--minutes", type=click.IntRange(1, 720), default=30, show_default=True)
@click.option("--off", is_flag=True, help="End the authorised state; needs no officer.")
@officer_options
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
@verb
def authorise(
    before: Path | None,
    /,
    *,
    config: Path | None,
    number: str,
    minutes: int,
    off: bool,
    officer_1: str,
    officer_2: str,
    as_json: bool,
) -> None:
    """Put the running HSM into the authorised state for some minutes: both officers of the LMK prove themselves."""
    path = config or before
    if path is None:
        raise click.UsageError("Missing option '-c' / '--config'.")
    socket = hsmd.load(path).status_socket
    if not socket:
        raise ConfigError(f"{path}: status_socket: expected the path of a socket, found none")
    arguments: dict[str, Any] = {"lmk": number}
    if not off:
        first, second = ask_officers(f"LMK {number}", {"1": officer_1, "2": officer_2})
        arguments |= {"officer_1": first, "officer_2": second, "minutes": str(minutes)}
    verb_name = "end-authority" if off else "authorise"
    answer = trio.run(partial(admin.ask, Path(socket), verb_name, 60.0, arguments))
    print_answer(answer, as_json=as_json)
