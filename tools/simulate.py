"""`switch-simulate`: whole worlds from seeds, judged from outside; what fails is printed with how to see it again."""

import sys
import time
from collections.abc import Iterator

import click
from rich.progress import track

from switch.simulation import faults as kinds
from switch.simulation.checkers import check, wrong_already
from switch.simulation.mutations import MUTATIONS, hunt
from switch.simulation.world import simulate

from .commit import commit

# The mixes that a campaign takes in turn.
MIXES = (
    "all",
    "none",
    "peers",
    "network",
    "crash,power",
    "disk",
    "hsm",
    "clock",
    "crash,peers",
    "power,peers",
    "crash,power,disk,network",
)


@click.command()
@click.option("--seed", type=int, help="One run.")
@click.option("--seeds", help="Runs from A to B, as A..B.")
@click.option("--payments", type=click.IntRange(1), default=40, show_default=True)
@click.option("--faults", "mix", default="", help=f"none, all, or some of {', '.join(kinds.KINDS)}; default: in turn.")
@click.option("--duration", type=float, default=0.0, help="Seconds of runs, instead of a number of them.")
@click.option("--trace", is_flag=True, help="Prints everything that was to be seen.")
@click.option("--mutations", is_flag=True, help="Plants bugs instead, and tells what found each; status 1 when none.")
def main(
    seed: int | None, seeds: str | None, payments: int, mix: str, duration: float, *, trace: bool, mutations: bool
) -> None:
    """Simulate payments under faults. The first run in which a checker finds something ends it, with status 1."""
    if mutations:
        sys.exit(not _hunt_all())
    if mix:
        try:
            kinds.parse(mix)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--faults") from None
    ran = 0
    for number in _numbers(seed, seeds, duration):
        chosen = mix or MIXES[number % len(MIXES)]
        record = simulate(number, payments, kinds.parse(chosen), wrong_already)
        ran += 1
        if trace:
            for note in record.notes:
                click.echo(note)
        violations = check(record)
        if violations:
            for checker, text in violations:
                click.echo(f"{checker}: {text}")
            click.echo(f"seed {number}, commit {commit()}, faults {chosen}; again with:")
            click.echo(f"  switch-simulate --seed {number} --payments {payments} --faults {chosen} --trace")
            sys.exit(1)
        if seed is not None:
            click.echo(f"digest {record.digest()}")
    click.echo(f"{ran} runs, no violation")


def _hunt_all() -> bool:
    """A line for each mutation as it is found; whether all were, by the checker that is named with it."""
    complete = True
    click.echo(f"{'mutation':40} {'faults':20} {'seed':>4}  checkers")
    for mutation in MUTATIONS:
        find = hunt(mutation)
        seed, checkers = (str(find.seed), ", ".join(sorted(find.checkers))) if find else ("", "none")
        click.echo(f"{mutation.name:40} {mutation.faults:20} {seed:>4}  {checkers}")
        complete &= find is not None and mutation.checker in find.checkers
    return complete


def _numbers(seed: int | None, seeds: str | None, duration: float) -> Iterator[int]:
    if duration:
        yield from _until(time.monotonic() + duration)
    elif seed is not None:
        yield seed
    else:
        try:
            first, last = map(int, (seeds or "1..100").split(".."))
        except ValueError:
            raise click.BadParameter("expected A..B", param_hint="--seeds") from None
        yield from track(
            range(first, last + 1), description="simulating", transient=True, disable=not sys.stderr.isatty()
        )


def _until(end: float) -> Iterator[int]:
    number = int(time.time())
    while time.monotonic() < end:
        yield number
        number += 1


if __name__ == "__main__":
    main()
