"""What the key verbs share: which LMK they work under, who opens it, where components come from and go to."""

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from switch.cli_input import shared_options
from switch.cli_operating import one_clear_line
from switch.daemon import hsmd
from switch.hsm.audit import audit
from switch.hsm.commands import HostCommands
from switch.hsm.config import open_commands
from switch.hsm.console import KeyConsole, Wanted
from switch.hsm.faults import CommandFault
from switch.hsm.kinds import KINDS, PCI_CODES
from switch.hsm.lmkfile import LmkFileError, write_secret_file
from switch.hsm.openlmks import TEST_LMKS, open_lmk
from switch.hsm.policy import KeyTypes, Policy
from switch.hsm.secretsource import FORMS, TERMINAL, read_secret
from switch.hsm.vault import Vault

_Verb = TypeVar("_Verb", bound=Callable[..., Any])
officer_options = shared_options(
    click.option("--officer-1", default=TERMINAL, help=f"Where the passphrase comes from: {FORMS}."),
    click.option("--officer-2", default=TERMINAL, help="The same of the second officer."),
)
lmk_options = shared_options(
    click.option("--lmk", help=f"An LMK file, or {', '.join(TEST_LMKS)}."),
    click.option("-c", "--config", type=click.Path(path_type=Path), help="hsm.toml: its LMKs, officers and policy."),
    click.option("--id", "number", default="00", show_default=True, help="The LMK of --config, NN of %NN."),
    officer_options,
    click.option("--json", "as_json", is_flag=True, help="One object."),
)
kind_option = click.option("--type", "kind", required=True, help="ZMK, ZPK, TPK, ...; or its type code, 001.")
key_options = shared_options(
    kind_option,
    click.option("--scheme", default="", help="U, T, X, Y or Z under a variant LMK, S under a key-block LMK."),
    click.option("--algorithm", default="T2", show_default=True, help="Of a key block: T1 to T3, A1 to A3."),
    click.option("--mode", default="N", show_default=True, help="Mode of use in a key block."),
    click.option("--exportability", default="E", show_default=True, help="In a key block: E, N or S."),
)


@dataclass
class Desk:
    """A console under one LMK; `file` is where the LMK is kept, and beside it the audit log."""

    console: KeyConsole
    number: str
    file: Path | None
    about: str

    def note(self, event: str, **what: object) -> None:
        """A line in the audit log."""
        audit(self.file, event, {"lmk": self.number, **what})


class Session(dict[str, Desk]):
    """The desks of `switch hsm console`, by the number of their LMK."""


def verb(command: _Verb) -> _Verb:
    """A verb whose faults are one line with the error code of host commands, status 2."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except CommandFault as fault:
            raise ValueError(f"{fault} (error {fault.code})") from None

    return one_clear_line(run, ValueError)  # type: ignore[return-value] # same signature


def open_desk(
    lmk: str | None, config: Path | None, number: str, officer_1: str, officer_2: str, session: Session | None = None
) -> Desk:
    """The desk that the options of a verb ask for: of the session in `switch hsm console`, else newly opened."""
    if session and not (lmk or config):
        if number not in session:
            raise ValueError(f"LMK {number}: not loaded")
        return session[number]
    if config:
        return open_desks(config)[number] if number in hsmd.load(config).lmk_names else _absent(number)
    if not lmk:
        raise click.UsageError("expected --lmk or --config")
    file = None if lmk in TEST_LMKS else Path(lmk)
    try:
        found, opened = open_lmk(lmk, {"1": officer_1, "2": officer_2})
    except LmkFileError:
        if file and file.exists():
            audit(file, "LMK did not open", opened=False)
        raise
    return _desk(Vault(opened, KeyTypes(), Policy()), found, file)


def open_desks(config: Path) -> Session:
    """One desk for each LMK of a configuration."""
    settings = hsmd.load(config)
    commands = open_commands(settings)
    return Session({number: _of_config(commands, number, name) for number, name in settings.lmk_names.items()})


def _of_config(commands: HostCommands, number: str, name: str) -> Desk:
    vault = commands.vault(number)
    assert vault is not None
    return _desk(vault, number, None if name in TEST_LMKS else Path(name))


def _desk(vault: Vault, number: str, file: Path | None) -> Desk:
    return Desk(KeyConsole(vault), number, file, f"LMK {number}, check value {vault.lmk.check_value}")


def _absent(number: str) -> Desk:
    raise ValueError(f"LMK {number}: not in the configuration")


def kind_named(text: str) -> str:
    """The name of a kind, given as such or as a type code; raises UsageError."""
    name = text.upper()
    codes = {kind.code: kind.name for kind in reversed(KINDS.values())} | {
        code: kind for kind, code in PCI_CODES.items()
    }
    found = name if name in KINDS else codes.get(name)
    if found is None:
        raise click.UsageError(f"--type: expected one of {', '.join(KINDS)}, or a type code")
    return found


def wanted_key(options: Mapping[str, Any]) -> Wanted:
    """The key that the options describe."""
    fields = ("scheme", "algorithm", "mode", "exportability")
    return Wanted(kind_named(options["kind"]), **{name: options[name].upper() for name in fields})


def read_component(source: str, prompt: str) -> bytes:
    """A component in hexadecimal, with or without spaces; raises ValueError that does not show it."""
    digits = "".join(read_secret(source, prompt).split())
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise ValueError(f"{prompt}: expected hexadecimal digits") from None


def read_components(
    sources: Sequence[str], number: int, check: Callable[[bytes], str]
) -> tuple[list[bytes], list[str]]:
    """Components from sources, or `number` of them from the terminal; each with its check value, told at once."""
    found, checks = [], []
    for place, source in enumerate(sources or (TERMINAL,) * number, 1):
        component = read_component(source, f"component {place} of {len(sources) or number}")
        found.append(component)
        checks.append(check(component))
        click.echo(f"component {place}: check value {checks[-1]}", err=True)
    return found, checks


def hand_out(components: Sequence[bytes], check: Callable[[bytes], str], prefix: Path | None) -> list[str]:
    """Gives each custodian a component: shown once on a terminal, or in a file `PREFIX-N` of mode 0600.

    Returns the check values. Raises UsageError when there is neither.
    """
    checks = [check(component) for component in components]
    if prefix is None and not may_show():
        raise click.UsageError("components are shown on a terminal only: --write-to PREFIX puts each into a file")
    for place, component in enumerate(components, 1):
        digits = component.hex().upper()
        if prefix is not None:
            path = prefix.with_name(f"{prefix.name}-{place}")
            write_secret_file(path, f"{digits}\n".encode())
            click.echo(f"component {place}: check value {checks[place - 1]}, in {path}", err=True)
        else:
            show_once(place, digits, checks[place - 1])
    return checks


def may_show() -> bool:
    """Whether a component may be shown: only where somebody reads it and nothing keeps it."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def show_once(place: int, digits: str, check: str) -> None:
    """A component on the screen of a custodian who is alone with it, then cleared."""
    click.prompt(f"custodian {place} alone at the screen, Enter", default="", show_default=False, prompt_suffix=" ")
    click.echo(" ".join(digits[at : at + 4] for at in range(0, len(digits), 4)))
    click.echo(f"check value {check}")
    click.prompt("written down and checked, Enter clears", default="", show_default=False, prompt_suffix=" ")
    click.echo("\x1b[3J", nl=False)  # what a terminal keeps above its screen
    click.clear()


def print_made(found: Mapping[str, Any], *, as_json: bool) -> None:
    """What a verb made: one line each, or an object."""
    shown = {name: value for name, value in found.items() if value not in ("", None, [])}
    if as_json:
        click.echo(msgspec.json.encode(shown))
        return
    for name, value in shown.items():
        click.echo(f"{name.replace('_', ' ')}: {' '.join(value) if isinstance(value, list) else value}")
