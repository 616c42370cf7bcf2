"""One run and its judges."""

import importlib.util
from pathlib import Path

import pytest

from switch.simulation.checkers import check
from switch.simulation.faults import parse
from switch.simulation.world import simulate


def _mutations():
    spec = importlib.util.spec_from_file_location("planted", Path(__file__).with_name("mutations.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MUTATIONS


def pytest_generate_tests(metafunc):
    if "mutation" in metafunc.fixturenames:
        metafunc.parametrize("mutation", _mutations(), ids=lambda mutation: mutation.name)


@pytest.fixture
def violations():
    """What the checkers say of one run, as (checker, sentence)."""

    def run(seed, faults, payments=24):
        return check(simulate(seed, payments, parse(faults)))

    return run
