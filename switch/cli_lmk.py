"""`switch keys lmk`: LMK files, made by three custodians and opened by two officers."""

from functools import partial
from pathlib import Path

import click

from switch.cli_keyinput import hand_out, officer_options, open_desk, print_made, read_components, verb
from switch.hsm import lmkfile, lmkmake
from switch.hsm.audit import audit
from switch.hsm.openlmks import ask_officers

_file = click.Path(path_type=Path)


@click.group("lmk")
def lmk_group() -> None:
    """Make an LMK file, show what it is."""


@lmk_group.command("create")
@click.argument("file", type=_file)
@click.option("--kind", type=click.Choice(list(lmkmake.SECRET_BYTES)), required=True)
@click.option("--id", "number", default="00", show_default=True, help="NN of %NN.")
@click.option("--component", "sources", multiple=True, help="env:NAME, file:PATH, fd:NUMBER or terminal; 3 times.")
@click.option("--enter", is_flag=True, help="Ask for three components that exist, instead of making them.")
@click.option("--write-to", type=_file, help="PREFIX: new components into files PREFIX-1, ... instead of the screen.")
@officer_options
@click.option("--json", "as_json", is_flag=True, help="One object.")
@verb
def create(
    *, file: Path, kind: str, number: str, sources: tuple[str, ...], enter: bool, write_to: Path | None,
    officer_1: str, officer_2: str, as_json: bool,
) -> None:  # fmt: skip
    """A new LMK FILE from three components, under the passphrases of two officers."""
    if file.exists():
        raise ValueError(f"{file}: File exists")
    check = partial(lmkmake.component_check, kind)
    if sources or enter:
        components, checks = read_components(sources, lmkmake.COMPONENTS, check)
    else:
        components = [lmkmake.new_component(kind) for _ in range(lmkmake.COMPONENTS)]
        checks = hand_out(components, check, write_to)
    secret = lmkmake.combine(kind, components)
    passphrases = ask_officers(f"LMK {number}", {"1": officer_1, "2": officer_2}, twice=True)
    lmk = lmkfile.create(file, kind, number, secret, passphrases)
    what = {"lmk": number, "kind": kind, "check": lmk.check_value[:6], "components": checks}
    audit(file, "LMK created", what)
    print_made({"lmk": number, "kind": kind, "check_value": lmk.check_value, "file": str(file)}, as_json=as_json)


@lmk_group.command("show")
@click.argument("file", type=_file)
@officer_options
@click.option("--json", "as_json", is_flag=True, help="One object.")
@verb
def show(*, file: Path, officer_1: str, officer_2: str, as_json: bool) -> None:
    """Open an LMK FILE and tell its number and check value."""
    desk = open_desk(str(file), None, "", officer_1, officer_2)
    desk.note("LMK shown")
    print_made({"lmk": desk.number, "check_value": desk.console.lmk_check, "file": str(file)}, as_json=as_json)
