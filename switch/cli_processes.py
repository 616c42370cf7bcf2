"""`switch lab`, `run`, `check`, `issuer`, `node` and `ctl`: the processes, and what asks a running one."""

import functools
import sys
from pathlib import Path

import click
import trio

from switch.cli_operating import ask_switch, config_option, one_clear_line, open_with_progress, print_answer
from switch.configfile import ConfigError
from switch.daemon import config as switch_config
from switch.daemon import switchd
from switch.daemon.process import prepare, until_signalled
from switch.lab import plan
from switch.lab.run import run as run_lab
from switch.simulator import issuer as issuer_host
from switch.simulator import network as network_node


@click.command()
@click.option("--once", is_flag=True, help="End after the tables; exit 0 only when all totals agree.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Default ./lab, or ./lab-N with --port-base N.")
@click.option("--payments", type=click.IntRange(0, 1_000_000), default=200, show_default=True)
@click.option("--port-base", type=click.IntRange(1, 65_500), help="Use consecutive ports from here on.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other payments.")
@one_clear_line
def lab(*, once: bool, folder: Path | None, payments: int, port_base: int | None, seed: int) -> None:
    """Start HSM, issuers, Visa and Mastercard nodes and the switch, and send payments through them."""
    ports = plan.Ports() if port_base is None else plan.Ports.from_base(port_base)
    folder = folder or Path("lab" if port_base is None else f"lab-{port_base}")
    sys.exit(trio.run(functools.partial(run_lab, folder, ports, payments=payments, seed=seed, once=once)))


@click.command()
@config_option
@one_clear_line
def run(config: Path) -> None:
    """Run the switch until SIGTERM, which drains it."""
    loaded = switch_config.load(config, open_with_progress)
    prepare("switch")
    trio.run(switchd.run, loaded)


@click.command()
@config_option
@one_clear_line
def check(config: Path) -> None:
    """Check the switch's configuration: exits 0, or 78 with the key at fault."""
    switch_config.load(config, open_with_progress)
    click.echo(f"{config}: good")


@click.command()
@config_option
@one_clear_line
def issuer(config: Path) -> None:
    """Run an issuer host."""
    settings = issuer_host.load_config(config)
    prepare(settings.name)
    trio.run(until_signalled, functools.partial(issuer_host.serve, settings))


@click.command()
@click.argument("scheme", type=click.Choice(plan.SCHEMES))
@config_option
@one_clear_line
def node(scheme: str, config: Path) -> None:
    """Run a simulated Visa or Mastercard node."""
    settings = network_node.load_config(config)
    if settings.scheme != scheme:
        raise ConfigError(f"{config}: scheme: expected {scheme}")
    prepare(scheme)
    trio.run(until_signalled, functools.partial(network_node.serve, settings))


# -- the running switch


@click.group()
def ctl() -> None:
    """Ask the running switch."""


def _ctl_command(verb: str, text: str) -> None:
    @one_clear_line
    def run(config: Path, *, as_json: bool) -> None:
        print_answer(ask_switch(config, verb), as_json=as_json)

    decorated = config_option(click.option("--json", "as_json", is_flag=True)(run))
    ctl.command(verb, help=text)(decorated)


_ctl_command("status", "Links, HSM, queues, counters.")
_ctl_command("close-batch", "Close the open clearing batch without writing its files.")
