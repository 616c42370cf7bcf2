"""Whole worlds under faults, each decided by its seed. A failure prints what `switch-simulate --seed` shows again."""

import pytest

SEEDS = range(3000, 3000 + 10)


@pytest.mark.parametrize("faults", ["peers", "disk", "crash,peers"])
def test_the_contract_holds(faults, violations):
    found = {seed: wrong for seed in SEEDS if (wrong := violations(seed, faults))}
    assert not found
