"""Two rounds over real processes: kills and network faults under load, and every book agrees to the cent."""

import re
import subprocess
import sys

_SEED = "14"


def test_books_agree_after_kills_and_network_faults(tmp_path):
    words = ["--rounds", "2", "--seed", _SEED, "--dir", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-m", "switch.tools.chaos", *words], capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rounds, kills, faults = re.search(
        r"(\d+) rounds in \d+ s: (\d+) kills, (\d+) network faults", ended.stdout
    ).groups()
    assert rounds == "2" and int(kills) >= 2 and int(faults) >= 2
    assert re.search(r"96 payments: \d+ approved, \d+ declined, \d+ reversed", ended.stdout)
    assert "all books agree" in ended.stdout
    assert list(tmp_path.iterdir()) == []
