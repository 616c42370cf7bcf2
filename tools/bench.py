"""`switch-bench`: what is fast, measured beside what others do of the same work, in one run."""

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
@click.option("--seconds", type=click.FloatRange(0.1), default=2.0, show_default=True, help="Of each measurement.")
@click.option("--cards", type=click.IntRange(64), default=1000, show_default=True, help="Different cards in turn.")
def hsm(seconds: float, cards: int) -> None:
    """HSM commands, in process and over TCP, beside psec and pyemv; wants the `dev` extra."""
    try:
        from .bench_hsm import run
    except ImportError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'iso8583-switch[dev]'") from None
    run(seconds, cards)


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


if __name__ == "__main__":
    main()
