"""`switch route` and `switch reload`: why a payment goes where it goes, and new routing for a running switch."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import click

from switch import countries, money
from switch.cardnumbers import mask_text
from switch.cli_operating import ask_switch, config_option, one_clear_line, open_with_progress, print_answer
from switch.daemon import config as switch_config
from switch.engine import checks
from switch.engine.bins import Route
from switch.engine.conditions import Facts
from switch.engine.route_explain import DOWN, FAILING, FULL, Step, explain
from switch.engine.router import Router
from switch.message import mask_pan
from switch.resources import read_text

# A card number has 12 digits or more; anything shorter is a prefix, and no secret.
_FULL = 12
_LONGEST = 19
_SHOWN = 5


@click.command()
@click.argument("prefix")
@config_option
@click.option("--mcc", help="Default: that of the terminal.")
@click.option("--amount", help="Such as 12.34, in --currency.", default="0")
@click.option("--currency", help="Such as EUR or 978.", default="EUR", show_default=True)
@click.option("--country", help="The merchant's. Default: that of the terminal.")
@click.option("--terminal", help="DE41. Default: a terminal that is not listed.", default="")
@click.option("--kind", type=click.Choice(sorted(checks.KINDS)), default="sale", show_default=True)
@click.option("--live", is_flag=True, help="Ask the running switch how its hosts are.")
@one_clear_line
def route(*, prefix: str, config: Path, live: bool, **asked: Any) -> None:
    """Explain where a payment goes, for a card number or its first digits."""
    if not (prefix.isascii() and prefix.isdecimal() and len(prefix) <= _LONGEST):
        raise click.UsageError("expected the first digits of a card number, 19 at most")
    loaded = switch_config.load(config, open_with_progress)
    router = Router(loaded.bins, loaded.settings.engine)
    facts = _facts(loaded, prefix, **asked)
    steps = [("card", mask_pan(prefix) if len(prefix) >= _FULL else prefix), *_range(loaded, prefix)]
    steps.append(("payment", _payment(facts)))
    steps += explain(router, facts, _states(config) if live else lambda _host: "not asked (--live)")
    for what, words in steps:
        click.echo(f"{what:9} {words}")


def _facts(
    loaded: switch_config.Loaded, pan: str, *, terminal: str, mcc: str | None, amount: str, currency: str,
    country: str | None, kind: str,
) -> Facts:  # fmt: skip
    settings = loaded.settings.engine
    known = settings.terminal(terminal)
    if known is None:
        raise click.UsageError("--terminal: expected one that [terminals] names: others are declined with 03")
    code, place = money.numeric(currency), countries.numeric(country or known.country)
    if not code or not place:
        raise click.UsageError("expected --currency such as EUR or 978, and --country such as DE or 276")
    try:
        minor = money.minor_units(amount, code)
    except money.AmountError as error:
        raise click.UsageError(f"--amount: {error}") from None
    return Facts(
        pan=pan, card=Route("", ""), mcc=mcc or known.mcc, amount=minor, currency=code, country=place,
        terminal_group=known.group, kind=kind,
    )  # fmt: skip


def _payment(facts: Facts) -> str:
    amount = f"{money.major_units(facts.amount, facts.currency)} {money.alphabetic(facts.currency)}"
    place = countries.alpha2(facts.country)
    group = f", terminal group {facts.terminal_group}" if facts.terminal_group else ""
    return f"{facts.kind} of {amount}, MCC {facts.mcc}, merchant in {place}{group}"


def _range(loaded: switch_config.Loaded, prefix: str) -> list[Step]:
    """The line of the BIN table that decides, and those that more digits could choose."""
    bins = loaded.bins
    line, found = bins.line(prefix), bins.route(prefix)
    steps = []
    if found is None:
        steps.append(("range", f"{bins.source}: none has this card"))
    else:
        steps.append(("range", f"{bins.source}:{line}: {_text(loaded, line)}"))
        steps.append(("", ", ".join(f"{name} {getattr(found, name) or '-'}" for name in Route.__slots__)))
    others = sorted(bins.lines_within(prefix) - {line})
    if others and len(prefix) < _FULL:
        shown = ", ".join(map(str, others[:_SHOWN])) + (" ..." if len(others) > _SHOWN else "")
        steps.append(("", f"with more digits, {len(others)} other ranges may decide: lines {shown}"))
    return steps


def _text(loaded: switch_config.Loaded, line: int) -> str:
    if not loaded.config.bins:
        return read_text("fixtures", "bins.csv").splitlines()[line - 1]
    with loaded.path(loaded.config.bins).open(encoding="utf-8") as lines:
        return mask_text(next(islice(lines, line - 1, None), "").strip())


def _states(config: Path) -> Callable[[str], str]:
    """How the hosts are, as the running switch says."""
    status = ask_switch(config, "status")

    def state(host: str) -> str:
        if not status["hosts"].get(host):
            return DOWN
        return next((word for word in (FULL, FAILING) if host in status[word]), "up")

    return state


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True)
@one_clear_line
def reload(config: Path, *, as_json: bool) -> None:
    """Have the running switch read its BIN table and routing rules again."""
    print_answer(ask_switch(config, "reload"), as_json=as_json)
