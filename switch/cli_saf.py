"""`switch saf`: the messages that wait for their hosts, the dead letters, and what an operator does about them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from switch.cli_operating import ask_switch, config_option, one_clear_line, print_rows, print_table
from switch.daemon import config as switch_config
from switch.journal import reader

_STATES = ("queued", "dead", "dropped", "acknowledged")
# Heading, and what a row calls it.
_COLUMNS = {
    "number": "saf_id", "transaction": "txn_id", "kind": "kind", "host": "host", "state": "state",
    "attempts": "attempts", "code": "response_code", "card": "pan_masked", "amount": "amount", "rrn": "rrn",
}  # fmt: skip
_numbers = click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1))


@click.group()
def saf() -> None:
    """Store and forward: list what waits, retry or drop dead letters."""


@saf.command("list")
@config_option
@click.option("--state", type=click.Choice(_STATES), help="Default: queued and dead.")
@click.option("--host")
@click.option("--kind", type=click.Choice(["reversal", "advice"]))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--since", type=int, default=0, help="Only messages with a higher number.")
@click.option("--json", "as_json", is_flag=True, help="One object per line, with every column.")
@one_clear_line
def list_command(*, config: Path, state: str | None, limit: int, since: int, as_json: bool, **filters: Any) -> None:
    """Queued messages, oldest first, card numbers masked; the switch need not run."""
    chosen = {name: value for name, value in filters.items() if value is not None}
    connection = reader.open_reader(switch_config.load(config).journal)
    rows = []
    for one in (state,) if state else ("queued", "dead"):
        rows += reader.list_queued(connection, limit, since, state=one, **chosen)
    connection.close()
    rows = sorted(rows, key=lambda row: row["saf_id"])[:limit]
    print_rows(rows, _COLUMNS, as_json=as_json)


@saf.command("history")
@config_option
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@one_clear_line
def history(config: Path, limit: int) -> None:
    """Who retried or dropped what, and why."""
    connection = reader.open_reader(switch_config.load(config).journal)
    table = Table("time", "operator", "action", "number", "reason")
    for row in reader.operator_actions(connection, limit):
        at = datetime.fromtimestamp(row["at"] / 1000, UTC).isoformat(timespec="seconds")
        table.add_row(at, row["operator"], row["action"], str(row["saf_id"]), row["reason"])
    connection.close()
    print_table(table)


@saf.command("retry")
@config_option
@_numbers
@one_clear_line
def retry(config: Path, numbers: tuple[int, ...]) -> None:
    """Send dead letters again, by NUMBERS of `switch saf list`; the switch must run."""
    for number in numbers:
        ask_switch(config, "saf-retry", {"number": str(number)})
        click.echo(f"{number}: queued again")


@saf.command("drop")
@config_option
@_numbers
@click.option("--reason", required=True, help="Kept with who did it and when.")
@one_clear_line
def drop(config: Path, numbers: tuple[int, ...], reason: str) -> None:
    """Give up queued or dead messages, by NUMBERS: their hosts will not learn what they say."""
    for number in numbers:
        ask_switch(config, "saf-drop", {"number": str(number), "reason": reason})
        click.echo(f"{number}: dropped")
