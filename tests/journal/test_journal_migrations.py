"""Files of earlier versions: `journal_v1.sql` was written by the code of version 1, under the keys of these tests."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from switch.journal import backup
from switch.journal.errors import JournalError
from switch.journal.migrations import VERSION, migrate
from switch.journal.records import Intent, Lookup
from switch.journal.sqlite import SqliteStore

V1 = Path(__file__).with_name("journal_v1.sql")


@pytest.fixture
def old(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(V1.read_text())
        connection.execute("INSERT INTO pin_tries VALUES ('right by now', 0)")
        connection.commit()
    return path


def test_a_journal_of_version_1_opens_with_everything_it_held(old, keys, write, make_txn):
    store = SqliteStore(old, keys, same_boot=True)
    found = store.recovery
    assert [one.txn for one in found.pending] == [make_txn(2, pan="5555555555554444")]
    assert [(put.saf_id, put.payload) for put in found.saf] == [(1, {"2": "4111111111111111"})]
    assert (found.next_txn_id, found.next_saf_id, found.pin_tries, found.undelivered) == (4, 2, {"t": 2}, [])
    repeat, late, third = write(
        store,
        [Intent(make_txn(9, dedupe=make_txn(1).dedupe))],
        [Intent(make_txn(9, dedupe="late"))],
        [Lookup(txn_id=3)],
    )
    assert (repeat.duplicate.state, late.duplicate.state) == ("approved", "tombstone")
    assert third.found.state == "declined"
    store.close()


def test_what_it_writes_from_then_on_is_in_the_log_and_the_log_says_that_it_is_not_whole(old, keys, write, make_txn):
    store = SqliteStore(old, keys, same_boot=True)
    write(store, [Intent(make_txn(4))])
    store.close()
    SqliteStore(old, keys, same_boot=True).close()
    (segment,) = (old.parent / "journal.db.segments").iterdir()
    assert segment.name == "0000000000000002.seg"
    with pytest.raises(JournalError, match="the log begins at 2, expected at most 1"):
        backup.rebuild(old, keys, old.with_name("new.db"))
    assert not old.with_name("new.db").exists()


def test_every_step_is_taken_once_from_any_version_and_makes_the_tables_of_a_new_file(old):
    with closing(sqlite3.connect(old)) as connection, closing(sqlite3.connect(":memory:")) as new:
        assert migrate(connection) == (1, VERSION)
        assert migrate(connection) == (VERSION, VERSION)
        assert migrate(new) == (0, VERSION)
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        tables, expected = ([(n, " ".join(sql.split())) for n, sql in c.execute(query)] for c in (connection, new))
        assert tables == [(name, sql.replace("IF NOT EXISTS ", "")) for name, sql in expected]
