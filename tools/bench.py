"""`switch-bench`: what is fast, measured beside what others do of the same work, in one run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


@click.group()
def main() -> None:
    """Measure parts of the switch as ratios; docs/performance.rst keeps what was found."""


@main.command()
@click.option("--rounds", type=click.IntRange(1), default=150, show_default=True, help="Rounds; the best one counts.")
def codec(rounds: int) -> None:
    """Messages: decode, encode, view and splice beside pyiso8583."""
    from .bench_codec import run

    run(rounds)


@main.command()
@click.option("--seconds", type=click.FloatRange(0.1), default=1.0, show_default=True, help="Of each measurement.")
@click.option("--cards", type=click.IntRange(64), default=1000, show_default=True, help="Different cards in turn.")
@click.option("--command", "code", default="", help="One command only, such as CA.")
@click.option("--quick", is_flag=True, help="0.2 seconds each: a rough picture of all in two minutes.")
def hsm(seconds: float, cards: int, code: str, *, quick: bool) -> None:
    """HSM commands, in process and over TCP, beside psec and pyemv; wants the `dev` extra."""
    try:
        from .bench_hsm import names_of, run
    except ImportError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'iso8583-switch[dev]'") from None
    try:
        names = names_of(code)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--command") from None
    run(0.2 if quick else seconds, cards, names)


@main.command()
@click.option("--payments", type=click.IntRange(100), default=20_000, show_default=True, help="Two units each.")
@click.option("--groups", default="10,100,1000", show_default=True, help="Payments handed over at once.")
@click.option("--sync-ms", type=click.FloatRange(0), default=0.0, help="What each sync of the log takes at least.")
@click.option("--folder", type=click.Path(exists=True, file_okay=False), help="On the disk to measure; /tmp otherwise.")
def journal(payments: int, groups: str, sync_ms: float, folder: str | None) -> None:
    """The journal's writer: units per second with its log, and with a synchronous SQLite alone."""
    from .bench_journal import run

    run(payments, [int(size) for size in groups.split(",")], sync_ms / 1000, folder)


@main.command()
@click.option("--ranges", type=click.IntRange(100, 2_000_000), default=1_000_000, show_default=True)
def routing(ranges: int) -> None:
    """The BIN table: loading, looking up and choosing, beside a dictionary and a bare bisect."""
    from .bench_routing import run

    run(ranges)


def _load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What `relay` and `switch` have in common."""
    for option in reversed(
        (
            click.option(
                "--workload",
                type=click.Choice(("a", "c")),
                default="a",
                show_default=True,
                help="a: 4 links x 50 in flight; c: 200 links x 1.",
            ),
            click.option("--links", type=click.IntRange(1), help="Connections, in place of the workload's."),
            click.option("--window", type=click.IntRange(1), help="Requests in flight on each."),
            click.option(
                "--rate", type=click.FloatRange(0), default=0.0, help="Requests a second, whatever is answered."
            ),
            click.option("--seconds", type=click.FloatRange(0.05), default=3.0, show_default=True, help="Of a round."),
            click.option("--rounds", type=click.IntRange(1), default=3, show_default=True),
            click.option("--json", "target", type=click.Path(path_type=Path), help="Writes the numbers there, too."),
        )
    ):
        command = option(command)
    return command


def _plan(workload: str, links: int | None, window: int | None, rate: float, seconds: float) -> Any:
    from .bench_load import Plan
    from .bench_switch import WORKLOADS

    many, deep = WORKLOADS[workload]
    return Plan(links=links or many, window=window or deep, rate=rate, seconds=seconds, warm=min(1.0, seconds / 3))


@main.command()
@_load_options
def relay(
    *,
    workload: str,
    links: int | None,
    window: int | None,
    rate: float,
    seconds: float,
    rounds: int,
    target: Path | None,
) -> None:
    """The least a switch could do: frames through the reactor to a host and back."""
    from .bench_switch import Setting, report, run_relay

    setting = Setting(plan=_plan(workload, links, window, rate, seconds), rounds=rounds)
    report(setting, run_relay(setting), target)


@main.command()
@_load_options
@click.option(
    "--dialect",
    type=click.Choice(("iso-1993-ascii", "visa", "mastercard")),
    default="iso-1993-ascii",
    show_default=True,
)
@click.option("--hsm", type=click.Choice(("in-process", "process")), default="in-process", show_default=True)
@click.option("--pin", is_flag=True, help="A PIN block in each request, translated by the HSM.")
@click.option("--dir", "folder", default="", help="Where the journal is, for the disk it is on.")
@click.option("--profile", default="", help="A file for cProfile's figures of the switch; it is slower then.")
def switch(
    *,
    workload: str,
    links: int | None,
    window: int | None,
    rate: float,
    seconds: float,
    rounds: int,
    target: Path | None,
    dialect: str,
    hsm: str,
    pin: bool,
    folder: str,
    profile: str,
) -> None:
    """`switch run` with journal, HSM and log, in turns with the relay: payments a second, CPU each, latency, memory."""
    from .bench_switch import Setting, report, run_switch

    plan = _plan(workload, links, window, rate, seconds)
    setting = Setting(plan=plan, rounds=rounds, dialect=dialect, hsm=hsm, pin=pin, folder=folder, profile=profile)
    report(setting, run_switch(setting), target)


if __name__ == "__main__":
    main()
