"""The emulated HSM as a process: its configuration file, room for its connections, its status socket."""

import os
import resource
from pathlib import Path
from typing import Any

import msgspec
import trio

from switch import configfile
from switch.daemon import admin
from switch.daemon.config import AdminConfig
from switch.hsm.config import HsmConfig
from switch.hsm.server import serve
from switch.hsm.statistics import HsmStatistics

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
    return config


async def run(config: HsmConfig) -> None:
    """Serves until cancelled; raises HsmConfigError, AdminError and OSError, alone in their group."""
    _make_room(config.max_connections + _SPARE_FILES)
    statistics = HsmStatistics()

    async def status() -> dict[str, Any]:
        return {"pid": os.getpid(), "lmk": config.lmk, **statistics.snapshot()}

    async with trio.open_nursery() as nursery:
        # The port is taken first: then a socket file that is there belongs to no living HSM.
        await nursery.start(serve, config, statistics)
        if config.status_socket:
            with admin.bind(Path(config.status_socket)) as sock:
                await admin.serve(sock, AdminConfig(), {"status": status})


def _make_room(files: int) -> None:
    """As many open files as connections may need, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
