"""A seed decides everything: in another process, under another order of hashes, the same run comes out."""

import os
import subprocess
import sys


def _digest(hash_seed):
    ran = subprocess.run(
        [sys.executable, "-m", "switch.tools.simulate", "--seed", "7", "--payments", "20", "--faults", "all"],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()[0]


def test_a_seed_replays_exactly():
    first, second = _digest("1"), _digest("2")
    assert first.startswith("digest ")
    assert first == second
