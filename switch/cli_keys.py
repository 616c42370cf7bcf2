"""`switch keys`: what key custodians do, under an LMK that this process opens. `switch hsm console` has the same verbs.

It needs no running HSM: LMK and clear keys live in this process as long as the verb runs, and nowhere else."""

from pathlib import Path
from typing import Any

import click

from switch.cli_keyinput import (
    Desk,
    Session,
    hand_out,
    key_options,
    kind_named,
    kind_option,
    lmk_options,
    open_desk,
    print_made,
    read_components,
    verb,
    wanted_key,
)
from switch.cli_lmk import lmk_group
from switch.hsm.console import KeyConsole, Made, Wanted

_zmk = click.option("--zmk", required=True, help="The zone master key under the LMK.")
_pass_session = click.make_pass_decorator(Session, ensure=True)


@click.group("keys")
def keys_group() -> None:
    """Make, form, import, export, translate and check keys, and make LMKs."""


keys_group.add_command(lmk_group)


def _desk(session: Session, options: dict[str, Any]) -> Desk:
    which = (options["lmk"], options["config"], options["number"])
    return open_desk(*which, options["officer_1"], options["officer_2"], session)


def _shown(made: Made, wanted_kind: str, **more: Any) -> dict[str, Any]:
    return {"type": wanted_kind, "key": made.key, "check_value": made.check, "under_zmk": made.under_zmk, **more}


@keys_group.command("generate")
@key_options
@click.option("--zmk", default="", help="A zone master key under the LMK: the new key also under it.")
@click.option("--zmk-scheme", default="", help="U, X, ... or S; R for an X9.143 (TR-31) block.")
@lmk_options
@_pass_session
@verb
def generate(session: Session, /, *, zmk: str, zmk_scheme: str, as_json: bool, **options: Any) -> None:
    """A new random key under the LMK."""
    wanted, desk = wanted_key(options), _desk(session, options)
    made = desk.console.generate(wanted, zmk, zmk_scheme.upper())
    desk.note("key generated", type=wanted.kind, check=made.check, exported=bool(zmk))
    print_made(_shown(made, wanted.kind), as_json=as_json)


@keys_group.command("form")
@key_options
@click.option("--component", "sources", multiple=True, help="env:NAME, file:PATH, fd:NUMBER or terminal; 2 or 3 times.")
@click.option("--components", "number_of", type=click.IntRange(2, 3), default=3, show_default=True)
@click.option("--expect", help="The check value that the key must have.")
@lmk_options
@_pass_session
@verb
def form(
    session: Session, /, *, sources: tuple[str, ...], number_of: int, expect: str | None, as_json: bool, **options: Any
) -> None:
    """A key from 2 or 3 components, typed without echo or from other sources."""
    wanted, desk = wanted_key(options), _desk(session, options)
    console: KeyConsole = desk.console
    components, checks = read_components(
        sources, number_of, lambda component: console.component_check(wanted, component)
    )
    made = console.form(wanted, components)
    if expect and made.check != expect.upper():
        raise ValueError(f"the check value is {made.check}, expected {expect.upper()}")
    desk.note("key formed", type=wanted.kind, check=made.check, components=checks)
    print_made(_shown(made, wanted.kind, components=checks), as_json=as_json)


@keys_group.command("components")
@key_options
@click.option("--components", "number_of", type=click.IntRange(2, 3), default=3, show_default=True)
@click.option("--write-to", type=click.Path(path_type=Path), help="PREFIX: files PREFIX-1, ... instead of the screen.")
@lmk_options
@_pass_session
@verb
def components(session: Session, /, *, number_of: int, write_to: Path | None, as_json: bool, **options: Any) -> None:
    """A new key in components, each for one custodian, and the key under the LMK."""
    wanted, desk = wanted_key(options), _desk(session, options)
    made, parts = _new_components(desk.console, wanted, number_of)
    checks = hand_out(parts, lambda component: desk.console.component_check(wanted, component), write_to)
    desk.note("key made in components", type=wanted.kind, check=made.check, components=checks)
    print_made(_shown(made, wanted.kind, components=checks), as_json=as_json)


def _new_components(console: KeyConsole, wanted: Wanted, number_of: int) -> tuple[Made, list[bytes]]:
    parts = [console.new_component(wanted) for _ in range(number_of)]
    return console.form(wanted, parts), parts


@keys_group.command("import")
@click.argument("field", metavar="KEY")
@key_options
@_zmk
@lmk_options
@_pass_session
@verb
def import_key(session: Session, /, *, field: str, zmk: str, as_json: bool, **options: Any) -> None:
    """A KEY under a zone master key, in a variant scheme or as an S or R block, under the LMK."""
    wanted, desk = wanted_key(options), _desk(session, options)
    made = desk.console.import_key(wanted, zmk, field)
    desk.note("key imported", type=wanted.kind, check=made.check)
    parity = "was even, set to odd" if made.parity_set else ""
    print_made(_shown(made, wanted.kind, parity=parity), as_json=as_json)


@keys_group.command("export")
@click.argument("field", metavar="KEY")
@kind_option
@_zmk
@click.option("--zmk-scheme", default="", help="U, X, ... or S; R for an X9.143 (TR-31) block; default: as it is.")
@lmk_options
@_pass_session
@verb
def export_key(
    session: Session, /, *, field: str, kind: str, zmk: str, zmk_scheme: str, as_json: bool, **options: Any
) -> None:
    """A KEY of the LMK under a zone master key."""
    desk, name = _desk(session, options), kind_named(kind)
    made = desk.console.export_key(name, zmk, field, zmk_scheme.upper())
    desk.note("key exported", type=name, check=made.check)
    print_made({"type": name, "under_zmk": made.under_zmk, "check_value": made.check}, as_json=as_json)


@keys_group.command("translate")
@click.argument("field", metavar="KEY")
@key_options
@click.option("--from", "old", help="The LMK that KEY is under: an LMK file or a test LMK.")
@click.option("--from-id", default="", help="The same by its number in --config.")
@click.option("--from-officer-1", default="terminal", help="As --officer-1, for the LMK of --from.")
@click.option("--from-officer-2", default="terminal", help="As --officer-2, for the LMK of --from.")
@lmk_options
@_pass_session
@verb
def translate(
    session: Session, /, *, field: str, old: str | None, from_id: str, from_officer_1: str, from_officer_2: str,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """A KEY of one LMK under another."""
    if bool(old) == bool(from_id):
        raise click.UsageError("expected --from or --from-id")
    wanted, desk = wanted_key(options), _desk(session, options)
    config = None if old else options["config"]
    source = open_desk(old, config, from_id, from_officer_1, from_officer_2, session)
    made = desk.console.translate(wanted, source.console, field)
    desk.note("key translated", type=wanted.kind, check=made.check, source=source.number)
    print_made(_shown(made, wanted.kind), as_json=as_json)


@keys_group.command("check")
@click.argument("field", metavar="KEY")
@click.option("--type", "kind", default="", help="What the key is; a key block tells by itself.")
@lmk_options
@_pass_session
@verb
def check(session: Session, /, *, field: str, kind: str, as_json: bool, **options: Any) -> None:
    """Both check values of a KEY under the LMK, and what the header of its block says."""
    name = kind_named(kind) if kind else ""
    found = _desk(session, options).console.check(field, name)
    shown = {"type": name, "check_value": found.pop("check"), "cmac_check_value": found.pop("cmac_check"), **found}
    print_made(shown, as_json=as_json)
