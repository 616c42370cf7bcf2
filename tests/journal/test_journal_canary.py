"""Card numbers: nowhere at rest, in lines or in errors, in any of the encodings they travel in."""

import io
import sqlite3
from contextlib import closing

import pytest
import structlog

from switch.crypto.datakeys import DataKeys
from switch.journal import commit, reader
from switch.journal.delivery import DeliveryLog
from switch.journal.records import CloseBatch, Intent, PinTries, Reversed, SafAttempt, SafPut
from switch.journal.sqlite import JournalError, SqliteStore

# 13, 16 and 19 digits, one with leading zeros, one that fails Luhn.
PANS = ("4929000012345", "4111111111111111", "6011000990139424123", "0012345678901230", "5199999999999998")


def _encodings(pan):
    digits = [pan, pan + "F", "0" + pan, pan + "0"]
    packed = [bytes.fromhex(value) for value in digits if len(value) % 2 == 0]
    texts = [pan.encode(), pan.encode("cp500"), pan.encode("utf-16-le")]
    hexed = [raw.hex().encode() for raw in texts + packed]
    return [needle for raw in texts + packed + hexed for needle in (raw, raw.upper())]


def _found(data):
    return [pan[:6] for pan in PANS if any(needle in data for needle in _encodings(pan))]


@pytest.mark.parametrize("pan", PANS)
def test_the_search_itself_finds_every_encoding(pan):
    for needle in _encodings(pan):
        assert _found(b"before" + needle + b"after")


@pytest.fixture
def said(path, keys, write, make_txn, make_outcome, monkeypatch):
    """Every kind of record for every card; gives what was printed, while the journal is still open."""
    stream = io.StringIO()
    plain = structlog.wrap_logger(structlog.PrintLogger(stream), processors=[structlog.processors.JSONRenderer()])
    monkeypatch.setattr(commit, "log", plain)  # without the masking that a process would configure
    log = DeliveryLog(path.with_suffix(".delivered"), "boot")
    log.start()
    store = SqliteStore(path, keys, lines=stream)
    for number, pan in enumerate(PANS, start=1):
        txn = make_txn(number, pan=pan)
        put = SafPut(saf_id=number, txn_id=number, kind="reversal", host="visa", payload={"2": pan, "35": f"{pan}=30"})
        write(
            store,
            [Intent(txn)],
            [make_outcome(txn), PinTries(keys.pan_token(pan), 1)],
            [Reversed(txn_id=number, reason="timeout", reply={"39": "91"}), put],
            [SafAttempt(number, 1)],
            [Intent(make_txn(number + 100, pan=pan, dedupe=txn.dedupe))],
            [Intent(make_txn(number + 200, pan=pan, amount=2**70))],
        )
        log.mark(number)
        log.flush()
    write(store, [CloseBatch(1)])
    yield stream
    store.close()
    log.close()


def test_no_file_of_the_journal_holds_a_card_number(said, path, tmp_path, keys):
    files = {file.name: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert {
        "journal.db",
        "0000000000000001.seg",
        "journal.db-wal",
        "journal.db-shm",
        "journal.delivered",
    } <= files.keys()
    assert {name: _found(data) for name, data in files.items() if _found(data)} == {}
    stored = files["journal.db"] + files["journal.db-wal"]
    assert b"411111******1111" in stored and keys.pan_token(PANS[1]).encode() in stored


def test_no_line_and_no_message_holds_a_card_number(said):
    text = said.getvalue()
    assert text.count("journal unit failed") == len(PANS), "the refused units were reported"
    assert _found(text.encode()) == []
    assert text.count("411111******1111") == 1


def test_no_error_and_no_reader_holds_a_card_number(said, path, keys):
    with closing(reader.open_reader(path)) as connection:
        shown = repr(
            [reader.show_transaction(connection, row["txn_id"]) for row in reader.list_transactions(connection, 99)]
        )
    with pytest.raises(JournalError) as taken:
        SqliteStore(path, keys)
    assert _found((shown + repr(taken.value)).encode()) == []
    assert "492900***2345" in shown


def test_equal_cards_are_not_recognisable_without_the_lookup_key(path, write, make_txn):
    tokens = []
    for number, lookup in enumerate((bytes(32), bytes([1]) * 32)):
        file = path.with_name(f"{number}.db")
        store = SqliteStore(file, DataKeys(bytes(32), lookup))
        write(store, [Intent(make_txn(1))], [Intent(make_txn(2))])
        store.close()
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT pan_token, pan_sealed FROM txn").fetchall()
        assert rows[0][0] == rows[1][0] and rows[0][1] != rows[1][1]
        tokens.append(rows[0][0])
    assert tokens[0] != tokens[1]
