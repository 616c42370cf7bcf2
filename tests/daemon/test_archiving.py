"""`switch journal archive` and `switch clearing write` while no switch runs."""

import hashlib
import sqlite3
import time
from contextlib import closing

import pytest

from switch.crypto.datakeys import DataKeys
from switch.daemon import admin, archiving, batches
from switch.daemon.config import load
from switch.journal import reader
from switch.journal.delivery import DeliveryLog, boot_id
from switch.journal.records import Cleared, CloseBatch, Delivered, Intent, Outcome, Transaction
from switch.journal.sqlite import SqliteStore
from switch.lab import plan

KEYS = DataKeys(bytes(range(32)), bytes(range(32, 64)))


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """A lab whose switch was killed after three sales on 2030-11-24; its marks say that two were delivered."""
    plan.prepare_folder(tmp_path)
    plan.write_files(tmp_path, plan.Ports())
    loaded = load(tmp_path / "switch.toml")

    async def keys(_loaded, *, create):
        assert not create
        return KEYS

    for module in (archiving, batches):
        monkeypatch.setattr(module, "open_keys", keys)
    log = DeliveryLog(loaded.journal.with_suffix(".delivered"), boot_id())
    log.start()
    store = SqliteStore(loaded.journal, KEYS)
    texts = {name: "1" for name in Transaction.__struct_fields__ if name not in ("captured", "original")}
    for number in (1, 2, 3):
        values = {"txn_id": number, "received": number, "amount": 1, "captured": True, "dedupe": str(number)}
        txn = Transaction(**{**texts, **values, "pan": "4111111111111111", "business_date": "2030-11-24"})
        outcome = Outcome(txn=txn, state="approved", response_code="00", answered=1, latency_us=1)
        store.submit([Intent(txn), outcome], None)
    cleared = Cleared(batch=1, network="1", name="a file", records=3, sha256="00")
    store.submit([CloseBatch(1), cleared], None)
    store.close()
    log.mark(1)
    log.mark(3)
    log.close()
    return loaded


def _numbers(path):
    connection = reader.open_reader(path)
    rows = reader.list_transactions(connection, 9)
    connection.close()
    return [row["txn_id"] for row in rows]


async def test_the_marks_of_the_last_life_count_and_nothing_is_assumed(loaded):
    file = loaded.folder / "a.archive"
    assert await archiving.run(loaded, "2030-11-24", file) == (0, 0)
    assert await archiving.run(loaded, "2030-11-25", file) == (2, 2)
    assert (_numbers(loaded.journal), _numbers(file)) == ([2], [1, 3])
    log = DeliveryLog(loaded.journal.with_suffix(".delivered"), boot_id())
    store = SqliteStore(loaded.journal, KEYS, delivered=log.known, same_boot=log.same_boot)
    store.close()
    assert [one.txn.txn_id for one in store.recovery.undelivered] == [2], "the next start still takes it back"


async def test_after_a_loss_of_power_the_next_start_assumes_and_not_this(loaded):
    assert await archiving.run(loaded, "2030-11-25", loaded.folder / "a.archive") == (2, 2)
    log = DeliveryLog(loaded.journal.with_suffix(".delivered"), "another boot")
    store = SqliteStore(loaded.journal, KEYS, delivered=log.known, same_boot=log.same_boot)
    store.close()
    assert store.recovery.assumed_delivered == 1, "the number is for its warning"


@pytest.fixture
def closed(loaded):
    """A journal with an empty batch, the second, that is closed."""
    store = SqliteStore(loaded.journal, KEYS, same_boot=True)
    store.submit([CloseBatch(2)], None)
    store.close()
    return loaded


def _noted(loaded):
    with closing(sqlite3.connect(loaded.journal)) as connection:
        return connection.execute("SELECT batch, name, records, sha256 FROM clearing_file WHERE batch = 2").fetchall()


async def test_the_journal_learns_which_files_stand(closed):
    for _ in range(2):
        written = await batches.write(closed)
        assert {file.network for file in written} == {"visa", "mastercard"}
        assert sorted(_noted(closed)) == sorted(
            (2, file.path.name, file.totals.records, hashlib.sha256(file.path.read_bytes()).hexdigest())
            for file in written
        )


async def test_a_running_switch_is_told_of_each_file(closed, monkeypatch):
    asked = []

    async def ask(_path, verb, _within, arguments=None):
        asked.append((verb, arguments))
        return {}

    monkeypatch.setattr(admin, "ask", ask)
    written = await batches.write(closed)
    assert asked[0] == ("status", None)
    assert [(verb, told["batch"], told["name"]) for verb, told in asked[1:]] == [
        ("note-cleared", "2", file.path.name) for file in written
    ]
    assert _noted(closed) == []


@pytest.mark.parametrize(("days", "moved"), [(9, []), (31, [9])])
async def test_a_pre_authorisation_of_the_last_thirty_days_is_not_moved(loaded, days, moved):
    texts = {name: "1" for name in Transaction.__struct_fields__ if name not in ("captured", "original")}
    values = {"txn_id": 9, "received": int(time.time() - days * 86_400) * 1000, "amount": 1, "captured": False}
    own = {"dedupe": "9", "mti": "0100", "kind": "sale", "pan": "4111111111111111", "business_date": "2030-11-24"}
    txn = Transaction(**{**texts, **values, **own})
    store = SqliteStore(loaded.journal, KEYS, delivered={1, 2, 3}, same_boot=True)
    outcome = Outcome(txn=txn, state="approved", response_code="00", answered=1, latency_us=1)
    store.submit([Intent(txn), outcome, Delivered([9]), CloseBatch(2)], None)
    store.close()
    file = loaded.folder / "a.archive"
    await archiving.run(loaded, "2030-11-25", file)
    assert _numbers(file) == [1, 2, 3, *moved]
