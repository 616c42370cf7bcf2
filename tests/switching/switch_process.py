"""The switch of conftest.py as a process of its own, to be killed. Arguments: FOLDER HSM_PORT NAME=PORT ..."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import trio


def _conftest():
    spec = importlib.util.spec_from_file_location("switching_conftest", Path(__file__).with_name("conftest.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def main(folder, hsm_port, *hosts):
    ports = {name: int(port) for name, _, port in (host.partition("=") for host in hosts)}
    world = _conftest().World(
        Path(folder),
        None,
        SimpleNamespace(port=int(hsm_port)),
        {name: SimpleNamespace(port=port) for name, port in ports.items()},
    )
    async with world.life() as life:
        sys.stdout.write(f"listens on {life.addresses['hex'][1]}\n")
        sys.stdout.flush()
        await trio.sleep_forever()


trio.run(main, *sys.argv[1:])
