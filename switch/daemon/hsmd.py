"""The emulated HSM as a process: its configuration file, room for its connections, its status socket."""

import os
import resource
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio

from switch import configfile
from switch.daemon import admin
from switch.daemon.authority import Authority
from switch.daemon.config import AdminConfig
from switch.hsm.commands import HostCommands
from switch.hsm.config import HsmConfig, open_commands
from switch.hsm.openlmks import TEST_LMKS
from switch.hsm.secretsource import located
from switch.hsm.server import serve
from switch.hsm.statistics import HsmStatistics

log = structlog.get_logger()

# Descriptors beside those of connections.
_SPARE_FILES = 64


def load(path: Path) -> HsmConfig:
    """The configuration in `path`, its paths relative to the file; raises ConfigError."""
    config = configfile.load(path, HsmConfig)
    folder = path.absolute().parent
    if config.status_socket:
        config = msgspec.structs.replace(config, status_socket=str(folder / config.status_socket))
    if config.tls:
        files = {name: str(folder / file) for name, file in msgspec.structs.asdict(config.tls).items()}
        config = msgspec.structs.replace(config, tls=msgspec.structs.replace(config.tls, **files))
    if not isinstance(config.lmk, str):
        lmks = {number: name if name in TEST_LMKS else str(folder / name) for number, name in config.lmk.items()}
        config = msgspec.structs.replace(config, lmk=lmks)
    officers = {number: located(source, folder) for number, source in config.officers.items()}
    return msgspec.structs.replace(config, officers=officers)


async def run(config: HsmConfig, commands: HostCommands | None = None) -> None:
    """Serves until cancelled; raises HsmConfigError, AdminError and OSError, alone in their group.

    `commands` are those of `open_commands(config)`, for a caller who asked for passphrases before.
    """
    _make_room(config.max_connections)
    statistics = HsmStatistics()
    commands = commands or open_commands(config)

    async def status() -> dict[str, Any]:
        return {"pid": os.getpid(), "lmks": config.lmk_names, **statistics.snapshot()}

    async with trio.open_nursery() as nursery:
        # The port is taken first: then a socket file that is there belongs to no living HSM.
        await nursery.start(serve, config, statistics, commands)
        if config.status_socket:
            with admin.listening(Path(config.status_socket)) as sock:
                authority = Authority(config, commands, nursery)
                verbs: admin.Verbs = {"status": status, "authorise": authority.grant, "end-authority": authority.end}
                await admin.serve(sock, AdminConfig(), verbs)


def _make_room(connections: int) -> None:
    """As many open files as connections may need, as far as the system allows; past that newcomers wait."""
    files = connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if wanted < files:
        log.warning("few file descriptors", limit=hard, wanted=files)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
