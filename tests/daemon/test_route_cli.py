"""`switch route`: the steps of the choice, from the configuration alone; no more of a card number than may be seen."""

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.lab import plan

BINS = """range_low,range_high,prefix,network,host,country,product
411110,411119,,visa,visa,DE,gold
,,4,visa,both,,
4111111111111111,4111111111111111,,visa,visa,,
"""
ROUTING = """
[terminals.KIOSK001]
tpk = "U00000000000000000000000000000000"
mcc = "7523"
country = "250"
group = "kiosk"

[routing.routes.both]
hosts = ["visa", "mastercard"]
strip = ["eci"]
stand_in = true

[[routing.rules]]
name = "dear"
route = "mastercard"
amount.EUR.min = 100000

[[routing.rules]]
name = "kiosks"
route = "both"
terminal_group = ["kiosk"]
card_country = ["DE"]
"""


@pytest.fixture
def route(tmp_path):
    plan.prepare_folder(tmp_path)
    plan.write_files(tmp_path, plan.Ports())
    (tmp_path / "bins.csv").write_text(BINS)
    config = tmp_path / "switch.toml"
    text = config.read_text().replace('journal = "journal.db"', 'journal = "journal.db"\nbins = "bins.csv"', 1)
    config.write_text(text + ROUTING)

    def run(*words):
        done = CliRunner().invoke(main, ["route", *words, "-c", str(config)])
        return done.exit_code, done.output

    return run


def test_every_step_is_told(route):
    status, output = route("41111", "--terminal", "KIOSK001", "--amount", "12.34")
    assert status == 0
    assert output.splitlines() == [
        "card      41111",
        "range     bins.csv:2: 411110,411119,,visa,visa,DE,gold",
        "          network visa, host visa, country 276, product gold, funding -",
        "          with more digits, 1 other ranges may decide: lines 4",
        "payment   sale of 12.34 EUR, MCC 7523, merchant in FR, terminal group kiosk",
        "rule      dear: amount is 12.34 EUR, expected EUR from 1,000.00",
        "rule      kiosks: met",
        "route     both, by rule kiosks",
        "host      visa, first choice, network visa: not asked (--live)",
        "host      mastercard, fallback 1, network mastercard: not asked (--live)",
        "choice    visa, network visa",
        "services  strips eci; stands in",
    ]


def test_rules_that_are_missed_say_all_that_is_not_so(route):
    output = route("42", "--amount", "12.34")[1]
    assert "kiosks: card_country is not known, expected 276; terminal_group is not known, expected kiosk" in output
    assert "route     both, by the BIN table" in output


def test_the_first_rule_that_is_met_ends_it(route):
    output = route("42", "--amount", "1000", "--country", "DE")[1]
    assert "rule      dear: met" in output and "kiosks" not in output
    assert "choice    mastercard, network mastercard" in output


def test_a_card_without_a_range_is_declined(route):
    status, output = route("9")
    assert status == 0 and "bins.csv: none has this card" in output
    assert output.endswith("choice    no route: declined with 92\n")


@pytest.mark.parametrize("pan", ["4111111111111111", "411111111111", "4111111111111111111"])
def test_a_card_number_is_masked_also_where_the_table_has_it(route, pan):
    status, output = route(pan)
    assert status == 0
    assert pan not in output and "4111111111111111" not in output and "41111111" not in output
    assert output.startswith(f"card      411111{'*' * (len(pan) - 10)}{pan[-4:]}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["4x"], "expected the first digits of a card number"),
        (["4" * 20], "expected the first digits of a card number"),
        (["4", "--amount", "1.234"], "--amount: amount: expected at most 2 decimals"),
        (["4", "--currency", "XYZ"], "expected --currency such as EUR"),
        (["4", "--country", "XX"], "--country such as DE"),
    ],
)
def test_what_cannot_be_asked_is_said(route, words, message):
    status, output = route(*words)
    assert status == 2 and message in output and "4" * 20 not in output
