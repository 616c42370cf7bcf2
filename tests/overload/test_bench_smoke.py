"""`switch-bench relay` and `switch-bench switch` run, and every payment they send is answered. No speed is asserted."""

import json

import pytest
from click.testing import CliRunner
from switch.tools.bench import main

SMALL = ["--links", "2", "--window", "2", "--seconds", "0.2", "--rounds", "1"]


@pytest.mark.parametrize(
    ("words", "names"),
    [(["relay"], {"relay"}), (["switch", "--rate", "50", "--pin"], {"relay", "switch"})],
    ids=["relay", "switch"],
)
def test_the_bench_runs_and_every_payment_is_approved(tmp_path, words, names):
    target = tmp_path / "bench.json"
    result = CliRunner().invoke(main, [*words, *SMALL, "--json", str(target)])
    assert result.exit_code == 0, result.output
    found = json.loads(target.read_text())["results"]
    assert found.keys() == names
    for row in found.values():
        assert row["payments/s"] > 0
        assert row["us"] > 0
        assert (row["refused"], row["unanswered"]) == (0, 0)
