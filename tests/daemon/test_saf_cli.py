"""`switch saf` on a running switch: dead letters are listed, retried, dropped; who and why is kept."""

import getpass
import json
from types import SimpleNamespace

import msgspec
import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.crypto.datakeys import DataKeys
from switch.daemon import admin, switchd
from switch.daemon.config import load
from switch.journal.records import SafDone, SafPut
from switch.journal.sqlite import SqliteStore
from switch.lab import plan

KEYS = DataKeys(bytes(range(32)), bytes(range(32, 64)))


def saf(config, *words):
    return CliRunner().invoke(main, ["saf", words[0], "-c", str(config), *words[1:]])


@pytest.fixture
def config(tmp_path):
    plan.prepare_folder(tmp_path)
    plan.write_files(tmp_path, plan.Ports())
    return tmp_path / "switch.toml"


def put(store, *numbers):
    for number in numbers:
        store.submit([SafPut(saf_id=number, txn_id=number, kind="reversal", host="visa", payload={"stan": "1"})], None)


@pytest.fixture
def journal(config):
    """Three messages: 1 queued, 2 and 3 dead."""
    store = SqliteStore(load(config).journal, KEYS)
    put(store, 1, 2, 3)
    for number in (2, 3):
        store.submit([SafDone(saf_id=number, state="dead", response_code="30")], None)
    store.close()


def listed(config, *words):
    result = saf(config, "list", "--json", *words)
    assert result.exit_code == 0, result.output
    return [(row["saf_id"], row["state"]) for row in map(json.loads, result.output.splitlines())]


@pytest.mark.usefixtures("journal")
def test_what_waits_and_what_is_dead_is_listed(config):
    assert listed(config) == [(1, "queued"), (2, "dead"), (3, "dead")]
    assert listed(config, "--state", "dead", "--since", "2") == [(3, "dead")]
    assert listed(config, "--limit", "1") == [(1, "queued")]
    assert listed(config, "--host", "mastercard") == []
    assert "reversal" in saf(config, "list").output


def test_without_a_running_switch_nothing_is_retried(config):
    result = saf(config, "retry", "1")
    assert result.exit_code == 2
    assert "no daemon answers here" in result.output


@pytest.mark.parametrize("words", [["saf", "retry", "1"], ["ctl", "status"], ["reload"]])
def test_to_ask_the_switch_its_bin_table_is_not_read(config, words):
    config.write_text(config.read_text().replace("\njournal =", '\nbins = "no.csv"\njournal =', 1))
    result = CliRunner().invoke(main, [*words, "-c", str(config)])
    assert result.exit_code == 2 and "switch.sock: no daemon answers here" in result.output


def test_a_reason_is_asked_for(config):
    assert "--reason" in saf(config, "drop", "1").output


async def test_the_verbs_of_the_running_switch_name_what_is_not_there():
    async def no(*_arguments):
        return False

    verbs = switchd.saf_verbs(SimpleNamespace(retry_queued=no, drop_queued=no))
    for number in ("x", "-1", "9" * 20, "7"):
        with pytest.raises(admin.AdminError, match="expected"):
            await verbs["saf-retry"](number=number)
        with pytest.raises(admin.AdminError, match="expected"):
            await verbs["saf-drop"](number=number, reason="why")
    with pytest.raises(admin.AdminError, match="expected a reason"):
        await verbs["saf-drop"](number="1", reason=" ")


async def test_who_asks_is_who_the_kernel_says(tmp_path, nursery):
    async def who():
        return {"operator": admin.operator.get()}

    sock = admin.bind(tmp_path / "a.sock")
    nursery.start_soon(admin.serve, sock, msgspec.convert({}, admin.AdminConfig), {"who": who})
    assert await admin.ask(tmp_path / "a.sock", "who") == {"operator": getpass.getuser()}
    nursery.cancel_scope.cancel()
