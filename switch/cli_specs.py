"""`switch spec`: which interfaces there are, what one says, whether a file of one's own is right."""

import sys
from pathlib import Path

import click

from switch.cli_input import one_clear_line
from switch.explain.spec_rows import COLUMNS, spec_rows
from switch.message import SpecError, compile_spec, load_spec, shipped_specs


@click.group("spec")
def spec_group() -> None:
    """Interfaces: list those that ship, show one field by field, check a spec file."""


@spec_group.command("list")
def list_command() -> None:
    """Name the interfaces in specs/."""
    for name in shipped_specs():
        click.echo(f"{name:<24}{load_spec(name).about.get('title', '')}")


@spec_group.command("show")
@click.argument("spec")
@click.option("--field", "fields", multiple=True, help="Only this field and what is inside it; repeatable.")
@one_clear_line
def show_command(spec: str, fields: tuple[str, ...]) -> None:
    """Show every field and element of SPEC, a name in specs/ or a file: form, encoding, length, what is masked."""
    loaded = load_spec(spec)
    compile_spec(loaded)
    absent = [field for field in fields if field not in loaded.fields]
    if absent:
        raise click.UsageError(f"--field {absent[0]}: not a field of {loaded.name}")
    rows = [
        tuple(cell.replace("``", "") for cell in row)
        for row in spec_rows(loaded)
        if not fields or row[0].partition(".")[0] in fields
    ]
    widths = [max(len(row[column]) for row in (COLUMNS, *rows)) for column in range(len(COLUMNS))]
    for row in (COLUMNS, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@spec_group.command("check")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
def check_command(specs: tuple[Path, ...]) -> None:
    """Check spec files: errors name file, field, key and what was expected. Exits 0 when all can be used, else 1."""
    wrong = False
    for path in specs:
        try:
            codec = compile_spec(load_spec(str(path) if not path.suffix else path))
        except SpecError as error:
            wrong = True
            click.echo(f"error: {error}", err=True)
            continue
        unnamed = [key for key, part in codec.parts.items() if not part.desc]
        note = f"; without a desc: {' '.join(unnamed)}" if unnamed else ""
        click.echo(f"{path}: {len(codec.parts)} fields, {len(codec.subs)} with a structure inside{note}")
    sys.exit(1 if wrong else 0)
