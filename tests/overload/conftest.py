"""The world of tests/switching, and the real daemon under the bench's load generator."""

import importlib.util
import resource
import sys
import time
from pathlib import Path

import pytest
from switch.tools.bench_process import SwitchProcess
from switch.tools.bench_traffic import host
from switch.tools.bench_wire import Wire


def _switching():
    spec = importlib.util.spec_from_file_location(
        "overload_world", Path(__file__).parents[1] / "switching" / "conftest.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_world = _switching()
world, sale, limits, deadlines = _world.world, _world.sale, _world.limits, _world.deadlines


@pytest.fixture
def descriptors():
    """How many this process and its children may open: the soft limit is raised to the hard one meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def daemon(tmp_path, descriptors):
    """Starts `switch run` with extra lines of configuration towards a host on the returned wire."""
    wire, started = Wire(), []

    def start(extra="", *, silent=False):
        dialect = "iso-1993-ascii"
        started.append(SwitchProcess(tmp_path, wire.listen(host(dialect, silent=silent)), dialect, extra=extra))
        until = time.monotonic() + 30
        while not started[0].ready():
            assert time.monotonic() < until, "the switch does not serve"
            wire.turn(0.02)
        return wire, started[0]

    yield start
    for process in started:
        process.stop()
    wire.close()
