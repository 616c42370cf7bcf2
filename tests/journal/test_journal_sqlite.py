"""The writer thread and its file: group commit, failure, locks, permissions, lines."""

import io
import json
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from switch.crypto.datakeys import DataKeys
from switch.journal.migrations import VERSION
from switch.journal.records import CloseBatch, Intent, Lookup, Reversed, Tombstone
from switch.journal.sqlite import JournalError, SqliteStore


@pytest.fixture
def other(path, sqlite_store):
    """A second connection to the same file, as an operator's shell would have."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_what_gathers_during_a_commit_becomes_one_commit(sqlite_store, collect, make_txn, other):
    before = sqlite_store.commits
    other.execute("BEGIN IMMEDIATE")  # keeps the writer waiting, as a slow disk does
    for number in range(1, 101):
        sqlite_store.submit([Intent(make_txn(number))], number)
        sqlite_store.flush()
        assert sqlite_store.take() == [], "nothing may be acknowledged before it is durable"
    other.execute("ROLLBACK")
    assert all(ack.ok for _, ack in collect(sqlite_store, 100))
    assert sqlite_store.commits - before <= 2, "the first unit alone at most, then all the others together"


def test_the_index_commits_in_wal_mode_and_leaves_the_syncing_to_the_log(sqlite_store, path):
    assert sqlite_store._connection.execute("PRAGMA synchronous").fetchone()[0] == 1
    assert sqlite_store._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def _fill_up(store, other):
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    return lambda: store._connection.execute("PRAGMA max_page_count = 1000000")


def _lock(store, other):
    store._connection.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    return lambda: other.execute("ROLLBACK")


def _make_read_only(store, other):
    store._connection.execute("PRAGMA query_only = ON")
    return lambda: store._connection.execute("PRAGMA query_only = OFF")


@pytest.mark.parametrize("fault", [_fill_up, _lock, _make_read_only])
def test_a_failing_file_refuses_whole_units_and_the_next_batch_tries_afresh(
    sqlite_store, other, write, make_txn, make_outcome, fault
):
    long = {"39": "00", "54": "x" * 5000}
    units = [[Intent(make_txn(n)), make_outcome(make_txn(n), reply=long), Tombstone(f"t{n}", 1)] for n in range(1, 20)]
    write(sqlite_store, [Intent(make_txn(100))])
    repair = fault(sqlite_store, other)
    assert [ack.ok for ack in write(sqlite_store, *units)] == [False] * 19
    repair()
    assert other.execute("SELECT count(*) FROM txn").fetchone() == (1,)
    acks = write(sqlite_store, *units)
    assert all(ack.ok and ack.duplicate is None for ack in acks), "no trace of the refused units may be in the way"
    assert other.execute("SELECT count(*) FROM txn WHERE state = 'approved'").fetchone() == (19,)


def test_a_batch_that_could_not_be_closed_stays_the_open_one(sqlite_store, other, write, make_txn, make_outcome):
    repair = _make_read_only(sqlite_store, other)
    (refused,) = write(sqlite_store, [CloseBatch(1)])
    repair()
    assert not refused.ok
    write(sqlite_store, [Intent(make_txn(1)), make_outcome(make_txn(1))])
    assert other.execute("SELECT batch FROM txn").fetchone() == (1,)


def test_a_unit_that_makes_no_sense_to_sqlite_hurts_no_other(sqlite_store, write, make_txn):
    huge, surrogate = make_txn(2, amount=2**70), make_txn(3, merchant_id="\ud800")
    acks = write(sqlite_store, [Intent(make_txn(1))], [Intent(huge)], [Intent(surrogate)], [Intent(make_txn(4))])
    assert [ack.ok for ack in acks] == [True, False, False, True]


def test_a_tampered_card_number_is_refused_and_the_writer_goes_on(sqlite_store, other, write, make_txn):
    write(sqlite_store, [Intent(make_txn(1))], [Intent(make_txn(2, pan="5555555555554444"))])
    other.execute("UPDATE txn SET pan_sealed = (SELECT pan_sealed FROM txn WHERE txn_id = 2) WHERE txn_id = 1")
    acks = write(sqlite_store, [Lookup(txn_id=1)], [Lookup(txn_id=2)], [Intent(make_txn(3))])
    assert [ack.ok for ack in acks] == [False, True, True]


# -- opening


def test_a_second_writer_is_told_that_the_journal_is_taken(sqlite_store, path, keys):
    with pytest.raises(JournalError, match=r"journal\.db: another process has this journal open"):
        SqliteStore(path, keys)


def test_the_journal_is_free_again_once_it_is_closed(path, keys):
    SqliteStore(path, keys).close()
    SqliteStore(path, keys).close()


@pytest.mark.parametrize("pair", [(bytes(32), bytes(range(32, 64))), (bytes(range(32)), bytes(32))])
def test_other_data_keys_are_refused_before_anything_is_written(path, keys, pair):
    SqliteStore(path, keys).close()
    with pytest.raises(JournalError, match="data keys are not the ones"):
        SqliteStore(path, DataKeys(*pair))
    SqliteStore(path, keys).close()


def test_a_tampered_journal_is_refused_by_name_and_stays_free(path, keys, write, make_txn):
    store = SqliteStore(path, keys)
    write(store, [Intent(make_txn(1))])
    store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE txn SET pan_sealed = zeroblob(length(pan_sealed))")
    for _ in range(2):
        with pytest.raises(JournalError, match=r"journal\.db: a sealed value was changed"):
            SqliteStore(path, keys)


def test_a_newer_schema_version_is_refused_by_name(path, keys):
    SqliteStore(path, keys).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    with pytest.raises(JournalError, match=rf"journal\.db: written by schema version 99, expected at most {VERSION}"):
        SqliteStore(path, keys)


def test_a_file_that_is_no_database_is_refused_by_name(path, keys):
    path.write_bytes(b"not a journal at all " * 100)
    with pytest.raises(JournalError, match=r"journal\.db: file is not a database"):
        SqliteStore(path, keys)


def test_a_place_that_cannot_hold_a_journal_is_refused_by_name(tmp_path, keys):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"journal\.db"):
        SqliteStore(tmp_path / "file" / "journal.db", keys)
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(JournalError, match=r"journal\.db"):
        SqliteStore(tmp_path / "journal.db", keys)


def test_only_the_owner_can_read_any_file_of_the_journal(tmp_path, path, keys, write, make_txn):
    before = os.umask(0)
    try:
        store = SqliteStore(path, keys)
        write(store, [Intent(make_txn(1))])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*")}
        store.close()
    finally:
        os.umask(before)
    assert modes.pop("journal.db.segments") == 0o700
    files = ("journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock", "0000000000000001.seg")
    assert modes == dict.fromkeys(files, 0o600)


def test_closing_writes_what_was_submitted(path, keys, make_txn):
    store = SqliteStore(path, keys)
    store.submit([Intent(make_txn(1))], None)
    store.close()
    again = SqliteStore(path, keys)
    again.close()
    assert [stored.txn.txn_id for stored in again.recovery.pending] == [1]


# -- lines


@pytest.fixture
def lines(path, keys, write, make_txn, make_outcome):
    """Runs units through a store and gives the lines it wrote."""

    def run(*units):
        stream = io.StringIO()
        store = SqliteStore(path, keys, lines=stream)
        write(store, *units)
        store.close()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    return run


def test_a_finished_transaction_is_one_masked_line(lines, make_txn, make_outcome):
    txn = make_txn(1)
    (line,) = lines([Intent(txn)], [make_outcome(txn)])
    expected = {
        "event": "transaction",
        "txn_id": 1,
        "pan": "411111******1111",
        "amount": 1234,
        "currency": "978",
        "network": "visa",
        "host": "visa",
        "mti": "0200",
        "state": "approved",
        "response_code": "00",
        "latency_us": 4321,
        "time": "2023-11-14T22:13:20.500+00:00",
    }
    assert line.items() >= expected.items()


def test_taking_back_is_a_line_of_its_own(lines, make_txn, make_outcome):
    txn = make_txn(1)
    found = lines([Intent(txn), make_outcome(txn)], [Reversed(txn_id=1, reason="timeout", reply={})])
    assert [(line["event"], line["txn_id"]) for line in found] == [("transaction", 1), ("reversed", 1)]
    assert found[1]["reason"] == "timeout"


def test_what_was_not_written_is_not_in_the_log(lines, make_txn, make_outcome):
    txn, repeat, broken = make_txn(1), make_txn(2, dedupe=make_txn(1).dedupe), make_txn(3, amount=2**70)
    found = lines(
        [Intent(txn), make_outcome(txn)],
        [Intent(repeat), make_outcome(repeat, "declined")],
        [Intent(broken), make_outcome(broken)],
    )
    assert [line["txn_id"] for line in found] == [1]


def test_a_log_that_cannot_be_written_stops_no_payment(path, keys, write, make_txn, make_outcome):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    store = SqliteStore(path, keys, lines=Full())
    txn = make_txn(1)
    assert all(ack.ok for ack in write(store, [Intent(txn)], [make_outcome(txn)]))
    (found,) = write(store, [Lookup(txn_id=1)])
    assert found.found.state == "approved"
    store.close()
