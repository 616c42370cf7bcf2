"""`switch hsm`: runs the emulated HSM, asks a running one how it is, and whether any HSM answers."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
import trio

from switch.cli_console import authorise, console
from switch.cli_operating import one_clear_line, print_answer
from switch.configfile import ConfigError
from switch.daemon import admin, hsmd
from switch.daemon.process import prepare, until_signalled
from switch.hsm.config import LMKS, HsmConfig, open_commands
from switch.hsm.ping import ping
from switch.hsm.tls import ClientTls

_file = click.Path(path_type=Path)
_HEADER = click.IntRange(0, 255)


def _one_clear_line(command: Callable[..., None]) -> Callable[..., None]:
    # Addresses and answers that cannot be read are ValueErrors.
    return one_clear_line(command, ValueError)


@click.group("hsm", invoke_without_command=True)
@click.option("-c", "--config", type=_file, envvar="SWITCH_CONFIG", help="TOML file; options below win over it.")
@click.option("--host", help="Default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default 1500.")
@click.option("--header-length", type=_HEADER, help="Bytes before the command code; default 4.")
@click.option("--lmk", type=click.Choice(LMKS), help="Default test-variant.")
@click.pass_context
@_one_clear_line
def hsm_group(context: click.Context, /, config: Path | None, **given: Any) -> None:
    """Run the emulated HSM until SIGTERM. Needs no file: `switch hsm --port 1500`."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = msgspec.structs.replace(hsmd.load(config) if config else HsmConfig(), **chosen)
    prepare("hsm")
    # Before the first signal handler and the first task: two officers may have to type.
    trio.run(until_signalled, functools.partial(hsmd.run, settings, open_commands(settings)))


hsm_group.add_command(authorise)
hsm_group.add_command(console)


@hsm_group.command("status")
@click.option("-c", "--config", type=_file, envvar="SWITCH_CONFIG", help="TOML file of the running HSM.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
@_one_clear_line
def status(before: Path | None, config: Path | None, *, as_json: bool) -> None:
    """Ask the running HSM for its counts; its file must name a `status_socket`."""
    path = config or before
    if path is None:
        raise click.UsageError("Missing option '-c' / '--config'.")
    socket = hsmd.load(path).status_socket
    if not socket:
        raise ConfigError(f"{path}: status_socket: expected the path of a socket, found none")
    answer = trio.run(admin.ask, Path(socket), "status")
    print_answer(answer, as_json=as_json)


@hsm_group.command("ping")
@click.argument("address", metavar="HOST:PORT")
@click.option("--header-length", type=click.IntRange(1, 255), default=4, show_default=True)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=2.0, show_default=True, help="Seconds.")
@click.option("--tls-certificate", type=_file, help="PEM: our certificate, for mutual TLS.")
@click.option("--tls-key", type=_file, help="PEM: its key.")
@click.option("--tls-ca", type=_file, help="PEM: who signed the HSM's certificate.")
@click.option("--tls-server-name", default="", help="The name in it, when it is not HOST.")
@_one_clear_line
def ping_command(
    *, address: str, header_length: int, timeout: float, tls_certificate: Path | None, tls_key: Path | None,
    tls_ca: Path | None, tls_server_name: str,
) -> None:  # fmt: skip
    """Send NC to any HSM: its LMK check value, firmware and round-trip time.

    Exits 0, 77 when one side refuses the other's certificate, 2 when there is no answer for another reason.
    """
    files = (tls_certificate, tls_key, tls_ca)
    if any(files) and not all(files):
        raise click.UsageError("--tls-certificate, --tls-key and --tls-ca go together")
    tls = None
    if all(files):
        tls = ClientTls(certificate=str(tls_certificate), key=str(tls_key), ca=str(tls_ca), server_name=tls_server_name)
    found = trio.run(functools.partial(ping, address, header_length=header_length, within=timeout, tls=tls))
    took = f"{found.seconds * 1000:.2f} ms"
    click.echo(f"{address}: LMK check value {found.check_value}, firmware {found.firmware}, {took}")
