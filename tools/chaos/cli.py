"""`switch-chaos`: the campaign behind a progress bar, and a report that names seed and round of every failure."""

import secrets
import sys
import tempfile
from pathlib import Path

import click
import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from switch.lab.errors import LabError

from . import campaign
from .campaign import Settings, Tally
from .plan import KILL, PROXY

_SHOWN = 20
_TELL = 10


@click.command()
@click.option("--rounds", default=200, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", type=int, help="Of the faults; printed, random by default.")
@click.option("--first", default=0, show_default=True, help="Number of the first round, to see one again.")
@click.option("--faults", default="kill,proxy", show_default=True, help="kill, proxy or both.")
@click.option("--terminals", default=8, show_default=True, type=click.IntRange(min=1, max=1000))
@click.option("--payments", default=6, show_default=True, type=click.IntRange(min=1), help="Per terminal and round.")
@click.option("--load", default=2.5, show_default=True, help="Seconds in which the payments of a round begin.")
@click.option("--per-lab", default=20, show_default=True, type=click.IntRange(min=1), help="Rounds on one lab.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Keeps the labs that failed here.")
def main(
    rounds: int,
    seed: int | None,
    first: int,
    faults: str,
    terminals: int,
    payments: int,
    load: float,
    per_lab: int,
    folder: Path | None,
) -> None:
    """Kill processes and disturb connections of a lab under load, and compare every book after every round."""
    kinds = frozenset(faults.split(","))
    if not kinds <= {KILL, PROXY}:
        raise click.BadParameter(f"expected {KILL}, {PROXY} or both", param_hint="--faults")
    settings = Settings(
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        rounds=rounds,
        first=first,
        kinds=kinds,
        folder=folder or Path(tempfile.mkdtemp(prefix="switch-chaos-")),
        terminals=terminals,
        payments=payments,
        load=load,
        per_lab=per_lab,
    )
    console = Console()
    console.print(f"seed {settings.seed}, evidence of failures in {settings.folder}", highlight=False)
    try:
        tally = trio.run(_behind_bar, settings, console)
    except* LabError as errors:
        console.print(f"[bold red]{errors.exceptions[0]}[/]")
        sys.exit(2)
    _report(console, settings, tally)
    sys.exit(bool(tally.failures))


async def _behind_bar(settings: Settings, console: Console) -> Tally:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("rounds", total=settings.rounds)

        def done(tally: Tally) -> None:
            failed = f", {len(tally.failures)} failed" if tally.failures else ""
            progress.update(task, completed=tally.rounds, description=f"rounds{failed}")
            if not console.is_terminal and not tally.rounds % _TELL:
                console.print(f"{tally.rounds} of {settings.rounds} rounds{failed}", highlight=False)

        return await campaign.run(settings, done)


def _report(console: Console, settings: Settings, tally: Tally) -> None:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.outcomes.items()))
    lines = [
        f"{tally.rounds} rounds in {tally.seconds:.0f} s: {tally.kills} kills, {tally.faults} network faults",
        f"{tally.payments} payments: {outcomes}; {tally.unanswered} messages without an answer",
        f"{tally.reversals} reversals at issuers",
    ]
    for failure in tally.failures:
        lines.append(f"FAILED round {failure.round.number} of seed {settings.seed}, evidence in {failure.kept}")
        lines += [f"  fault  {fault}" for fault in failure.round.faults]
        lines += [f"  {violation}" for violation in failure.violations[:_SHOWN]]
        if len(failure.violations) > _SHOWN:
            lines.append(f"  and {len(failure.violations) - _SHOWN} more in evidence.json")
        lines.append(f"  again: switch-chaos --seed {settings.seed} --first {failure.round.number} --rounds 1")
    lines.append("all books agree" if not tally.failures else f"{len(tally.failures)} rounds failed")
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
