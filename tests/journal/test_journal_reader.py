"""Reading while the switch runs: lists, one transaction, totals, what a batch presents."""

import sqlite3
import threading
from contextlib import closing

import msgspec
import pytest

from switch.journal import reader
from switch.journal.records import CloseBatch, Intent, Reversed, SafPut
from switch.journal.sqlite import JournalError, SqliteStore


@pytest.fixture
def view(sqlite_store, path):
    with closing(reader.open_reader(path)) as connection:
        yield connection


@pytest.fixture
def sell(sqlite_store, write, make_txn, make_outcome):
    """sell(txn_id, state, **fields): one finished transaction."""

    def run(txn_id, state="approved", **changes):
        txn = make_txn(txn_id, **changes)
        write(sqlite_store, [Intent(txn), make_outcome(txn, state)])
        return txn

    return run


@pytest.fixture
def take_back(sqlite_store, write):
    def run(txn_id):
        write(sqlite_store, [Reversed(txn_id=txn_id, reason="timeout", reply={"39": "91"})])

    return run


@pytest.fixture
def close_batch(sqlite_store, write):
    def run():
        return write(sqlite_store, [CloseBatch(1)])[0].closed_batch

    return run


def _ids(rows):
    return [row["txn_id"] for row in rows]


def test_a_list_is_the_latest_in_order_of_arrival(view, sell):
    for number in range(1, 6):
        sell(number)
    assert _ids(reader.list_transactions(view, 3)) == [3, 4, 5]
    assert _ids(reader.list_transactions(view, 10, since=4)) == [5]


def test_a_list_is_filtered_by_every_column_it_offers(view, sell, keys):
    sell(1, network="mastercard", kind="cash", terminal_id="T9", rrn="R9", stan="S9", pan="5105105105105100")
    sell(2, "declined")
    for name, value in {
        "network": "mastercard",
        "kind": "cash",
        "terminal_id": "T9",
        "rrn": "R9",
        "stan": "S9",
        "state": "approved",
        "response_code": "00",
        "pan_token": keys.pan_token("5105105105105100"),
    }.items():
        assert _ids(reader.list_transactions(view, 10, **{name: value})) == [1], name
    assert _ids(reader.list_transactions(view, 10, batch=1)) == [1, 2]
    assert _ids(reader.list_transactions(view, 10, state="declined", network="mastercard")) == []


def test_an_unknown_filter_is_an_error_that_names_the_known_ones(view):
    with pytest.raises(ValueError, match="expected filters among state, network"):
        reader.list_transactions(view, 10, **{"1=1 OR state": "x"})


def test_one_transaction_is_shown_with_its_queued_messages_and_without_secrets(view, sell, sqlite_store, write):
    txn = sell(1)
    write(sqlite_store, [SafPut(saf_id=1, txn_id=1, kind="reversal", host="visa", payload={"2": txn.pan})])
    shown = reader.show_transaction(view, 1)
    assert shown["pan_masked"] == "411111******1111" and shown["reply"]["39"] == "00"
    (queued,) = shown["store_and_forward"]
    assert (queued["kind"], queued["state"], queued["attempts"]) == ("reversal", "queued", 0)
    assert txn.pan not in repr(shown)
    assert not {"pan_sealed", "pan_token", "dedupe", "payload_sealed"} & (shown.keys() | queued.keys())
    assert reader.show_transaction(view, 2) is None
    assert reader.queued(view) == {"queued": 1}


def test_only_captured_approvals_of_the_networks_are_presented(view, sell, keys):
    sell(1)
    sell(2, "declined")
    sell(3, captured=False)
    sell(4, network="on-us", host="issuer-a")
    sell(5, network="mastercard", currency="840", amount=500)
    sell(6, network="mastercard", currency="840", amount=700)
    assert reader.captured_totals(view, 1) == {"mastercard": {"840": (2, 1200)}, "visa": {"978": (1, 1234)}}
    presented = list(reader.iter_captured(view, 1, keys))
    assert [(stored.txn.txn_id, taken_back) for stored, taken_back in presented] == [(1, False), (5, False), (6, False)]
    assert presented[0][0].txn.pan == "4111111111111111"


def test_a_sale_taken_back_in_its_own_batch_is_not_presented(view, sell, take_back, close_batch, keys):
    sell(1)
    take_back(1)
    close_batch()
    assert list(reader.iter_captured(view, 1, keys)) == []
    assert list(reader.iter_captured(view, 2, keys)) == []


def test_a_sale_taken_back_after_its_batch_closed_stays_in_it_and_is_reversed_in_the_next(
    view, sell, take_back, close_batch, keys
):
    sell(1)
    assert close_batch() == 1
    take_back(1)
    sell(2, amount=100)
    assert close_batch() == 2
    assert [(stored.txn.txn_id, back) for stored, back in reader.iter_captured(view, 1, keys)] == [(1, False)]
    assert [(stored.txn.txn_id, back) for stored, back in reader.iter_captured(view, 2, keys)] == [
        (1, True),
        (2, False),
    ]
    assert reader.captured_totals(view, 1) == {"visa": {"978": (1, 1234)}}
    assert reader.captured_totals(view, 2) == {"visa": {"978": (2, 1334)}}
    assert reader.latest_closed_batch(view) == 2


def test_a_transaction_belongs_to_the_batch_in_which_it_ended(view, sqlite_store, write, make_txn, make_outcome, keys):
    txn = make_txn(1)
    write(sqlite_store, [Intent(txn)], [CloseBatch(1)], [make_outcome(txn)])
    assert list(reader.iter_captured(view, 1, keys)) == []
    assert [stored.txn for stored, _ in reader.iter_captured(view, 2, keys)] == [txn]


def test_no_batch_is_closed_at_first(view):
    assert reader.latest_closed_batch(view) == 0


def test_counts_and_sums_are_of_what_stands(view, sell, take_back):
    sell(1)
    sell(2, kind="cash", amount=1000)
    sell(3, kind="refund", amount=234)
    sell(4, kind="balance", amount=9999)
    sell(5, "declined")
    sell(6, currency="840", amount=1)
    sell(7)
    take_back(7)
    assert reader.net_approved(view) == {"978": 1234 + 1000 - 234, "840": 1}
    assert reader.outcome_counts(view) == [
        ("visa", "approved", "00", 5),
        ("visa", "declined", "51", 1),
        ("visa", "reversed", "91", 1),
    ]


def test_a_reader_cannot_write(view):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        view.execute("DELETE FROM txn")


@pytest.mark.parametrize("folder", ["a#b", "what?", "100%41", "with space", "käse"])
def test_any_folder_name_will_do(tmp_path, keys, write, make_txn, folder):
    path = tmp_path / folder / "journal.db"
    store = SqliteStore(path, keys)
    write(store, [Intent(make_txn(1))])
    with closing(reader.open_reader(path)) as connection:
        assert _ids(reader.list_transactions(connection, 1)) == [1]
    store.close()


def test_a_missing_or_foreign_file_is_refused_by_name_and_nothing_is_made(tmp_path):
    with pytest.raises(JournalError, match=r"absent\.db: no journal here"):
        reader.open_reader(tmp_path / "absent.db")
    assert list(tmp_path.iterdir()) == []
    for name, content in (("text.db", b"x" * 4096), ("empty.db", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(JournalError, match=name):
            reader.open_reader(tmp_path / name)


def test_a_journal_is_readable_after_the_switch_has_stopped(path, keys, write, make_txn):
    store = SqliteStore(path, keys)
    write(store, [Intent(make_txn(1))])
    store.close()
    with closing(reader.open_reader(path)) as connection:
        assert _ids(reader.list_transactions(connection, 1)) == [1]


def test_readers_see_whole_units_only_and_neither_side_waits_for_the_other(
    sqlite_store, path, collect, make_txn, make_outcome
):
    total, seen = 1500, []
    done = threading.Event()

    def read():
        with closing(reader.open_reader(path)) as connection:
            while not done.is_set() or not seen:
                states = {state for _, state, _, _ in reader.outcome_counts(connection)}
                seen.append((states, connection.execute("SELECT count(*) FROM txn").fetchone()[0]))

    thread = threading.Thread(target=read)
    thread.start()
    with closing(reader.open_reader(path)) as long_reader:
        long_reader.execute("BEGIN")
        snapshot = long_reader.execute("SELECT count(*) FROM txn").fetchone()[0]
        for number in range(1, total + 1):
            sqlite_store.submit([Intent(make_txn(number)), make_outcome(make_txn(number))], number)
            sqlite_store.flush()
        acks = collect(sqlite_store, total)
        assert long_reader.execute("SELECT count(*) FROM txn").fetchone()[0] == snapshot
        long_reader.execute("COMMIT")
        assert long_reader.execute("SELECT count(*) FROM txn").fetchone()[0] == total
    done.set()
    thread.join()
    assert all(ack.ok for _, ack in acks)
    counts = [count for _, count in seen]
    assert counts == sorted(counts)
    assert all("pending" not in states for states, _ in seen), "an intent was seen without the outcome of its unit"


def test_a_part_approved_is_what_counts_and_is_presented(view, sqlite_store, write, make_txn, make_outcome, keys):
    txn = make_txn(1, amount=1234)
    write(sqlite_store, [Intent(txn)], [msgspec.structs.replace(make_outcome(txn), amount=1000)])
    assert reader.net_approved(view) == {"978": 1000}
    assert reader.captured_totals(view, 1) == {"visa": {"978": (1, 1000)}}
    ((stored, _),) = reader.iter_captured(view, 1, keys)
    assert stored.txn.amount == 1000
    assert reader.show_transaction(view, 1)["amount"] == 1234
