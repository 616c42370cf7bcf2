"""One run and its judges."""

import pytest

from switch.simulation.checkers import check, wrong_already
from switch.simulation.faults import parse
from switch.simulation.world import simulate


@pytest.fixture
def violations():
    """What the checkers say of one run, as (checker, sentence)."""

    def run(seed, faults, payments=24):
        return check(simulate(seed, payments, parse(faults), wrong_already))

    return run
