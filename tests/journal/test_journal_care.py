"""What an operator does to a journal: check, back up, restore, rebuild, archive; and what ends by itself."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from switch.journal import archive, backup, frames, reader
from switch.journal.check import check
from switch.journal.errors import JournalError
from switch.journal.memory import MemoryStore
from switch.journal.records import (
    Archived,
    Cleared,
    CloseBatch,
    Completed,
    Delivered,
    Intent,
    Lookup,
    Reversed,
    SafDone,
    SafPut,
    Tombstone,
)
from switch.journal.settings import JournalSettings
from switch.journal.sqlite import SqliteStore, segments_folder

LATER = 10**15
DAY = 86_400_000


@pytest.fixture
def open_store(path, keys):
    """open_store(**settings): the journal, as after a restart of the process; closed at the end."""
    stores = []

    def run(file=path, **settings):
        for store in stores:
            store.close()
        stores[:] = [SqliteStore(file, keys, same_boot=True, settings=JournalSettings(**settings))]
        return stores[0]

    yield run
    for store in stores:
        store.close()


@pytest.fixture
def sold(open_store, write, make_txn, make_outcome):
    """A journal whose transactions 1 to 4 are finished and delivered, their batch closed and its file written."""
    store = open_store()
    for number in (1, 2, 3, 4):
        txn = make_txn(number, business_date=f"2030-11-2{number}")
        write(store, [Intent(txn), make_outcome(txn)])
    write(store, [Delivered([1, 2, 3, 4])], [CloseBatch(1)], [_cleared(1)])
    return store


def _cleared(batch):
    return Cleared(batch=batch, network="visa", name=f"VISA-{batch}", records=9, sha256="00")


def _faults(path):
    return [(found.what, found.fault) for found in check(path) if found.fault]


def _move(path, file, before, store, write, received_before=LATER, held_before=LATER):
    with closing(reader.open_reader(path)) as journal:
        count = archive.copy(journal, file, before, received_before, held_before)
        numbers, last = archive.removable(journal, file, 0)
        assert archive.removable(journal, file, last) == ([], 0)
    assert write(store, [Archived(numbers)])[0].ok
    return count, numbers


# -- check


def test_a_sound_journal_is_told_to_be_sound_while_it_is_written_to(path, sold):
    assert _faults(path) == []
    index, segment = check(path)
    assert index.holds == "4 transactions, position 5 in the log"
    assert segment.holds.startswith("5 groups, 1 to 5, ")


def test_faults_are_told_with_file_and_offset(path, sold, open_store, write, make_txn):
    (segment,) = segments_folder(path).iterdir()
    good = segment.read_bytes()
    segment.write_bytes(good + b"\xab")
    assert _faults(path) == []
    segment.write_bytes(good[:100] + b"\0" + good[101:])
    assert _faults(path)[0] == (segment.name, "offset 36: a corrupt frame with sound ones behind it")
    segment.write_bytes(b"\0" + good[1:])
    assert _faults(path)[0] == (segment.name, "offset 0: the head is corrupt")
    unborn = segment.with_name("0000000000000006.seg")
    segment.write_bytes(good)
    unborn.write_bytes(good[:20])
    assert _faults(path) == [], "the next start drops it"
    assert list(check(path))[-1].holds.endswith("unfinished: being written, or cut off at the next start")
    unborn.write_bytes(bytes(37))
    assert _faults(path) == [(unborn.name, "offset 0: the head is corrupt")]
    unborn.unlink()
    segment.write_bytes(good[: len(good) // 2])
    assert _faults(path) == [("index and log", "the index is at 5")]
    segment.write_bytes(good)
    write(open_store(segment_bytes=1), [Intent(make_txn(5))])
    write(open_store(segment_bytes=1), [Intent(make_txn(6))])
    (segments_folder(path) / "0000000000000006.seg").unlink()
    assert ("0000000000000007.seg", "expected the segment that begins at 6") in _faults(path)


def test_a_damaged_index_is_found_by_the_check_and_refused_at_the_start(path, sold, keys):
    sold.close()
    with path.open("r+b") as file:
        file.seek(0, 2)
        size = file.tell()
        for page in range(4096, size, 4096):
            file.seek(page)
            file.write(b"\xff" * 16)
    assert _faults(path)[0][0] == "journal.db"
    with pytest.raises(JournalError, match=r"journal\.db: "):
        SqliteStore(path, keys)
    path.unlink()
    assert _faults(path)[0] == ("journal.db", f"{path}: no journal here")


# -- backup


def test_a_backup_taken_while_the_journal_is_written_to_starts(path, sold, open_store, write, make_txn, tmp_path):
    file = tmp_path / "elsewhere" / "journal.db"
    file.parent.mkdir()
    assert backup.backup(path, file) == 5
    write(sold, [Intent(make_txn(5))])
    assert file.stat().st_mode & 0o777 == 0o600
    restored = open_store(file)
    assert restored.recovery.next_txn_id == 5
    assert write(restored, [Intent(make_txn(6, dedupe=make_txn(1).dedupe))])[0].duplicate.state == "approved"
    write(restored, [Intent(make_txn(5))])
    assert [one.txn.txn_id for one in open_store(file).recovery.pending] == [5]


def test_a_backup_beside_the_journal_s_own_segments_is_brought_up_to_their_end(path, sold, open_store, write, make_txn):
    file = path.with_name("backup.db")
    backup.backup(path, file)
    write(sold, [Intent(make_txn(5))])
    sold.close()
    path.unlink()
    shutil.copy(file, path)
    assert [one.txn.txn_id for one in open_store().recovery.pending] == [5]


def test_no_file_is_written_over(path, sold, keys):
    file = path.with_name("taken")
    file.write_text("mine")
    with pytest.raises(JournalError, match="taken: expected a file that does not exist"):
        backup.backup(path, file)
    sold.close()
    with pytest.raises(JournalError, match="taken: expected a file that does not exist"):
        backup.rebuild(path, keys, file)
    assert file.read_text() == "mine"


# -- rebuild


def _tables(path):
    with closing(reader.open_reader(path)) as connection:
        return [
            [
                {k: row[k] for k in row.keys() if "sealed" not in k}  # noqa: SIM118 - a Row iterates over values
                for row in connection.execute(f"SELECT * FROM {table}")
            ]
            for table in ("txn", "saf", "tombstone", "batch", "clearing_file", "meta")
        ]


def test_a_journal_is_made_anew_from_its_log(path, sold, keys, open_store, write, make_txn):
    write(sold, [Tombstone("t", 1)], [Intent(make_txn(5))])
    sold.close()
    before, new = _tables(path), path.with_name("new.db")
    assert backup.rebuild(path, keys, new) == 6
    assert _tables(new) == before
    path.unlink()
    new.rename(path)
    assert [one.txn.txn_id for one in open_store().recovery.pending] == [5]


def test_segments_that_are_gone_are_told_and_a_backup_stands_for_them(path, keys, write, make_txn):
    store = SqliteStore(path, keys, settings=JournalSettings(segment_bytes=1))
    write(store, [Intent(make_txn(1))])
    write(store, [Intent(make_txn(2))])
    base = path.with_name("base.db")
    backup.backup(path, base)
    write(store, [Intent(make_txn(3))])
    with pytest.raises(JournalError, match="another process has this journal open"):
        backup.rebuild(path, keys, path.with_name("new.db"))
    store.close()
    before = _tables(path)
    (segments_folder(path) / "0000000000000001.seg").unlink()
    with pytest.raises(JournalError, match="the log begins at 2, expected at most 1"):
        backup.rebuild(path, keys, path.with_name("new.db"))
    assert backup.rebuild(path, keys, path.with_name("new.db"), base) == 1
    rebuilt = _tables(path.with_name("new.db"))
    assert rebuilt[:-1] == before[:-1]


def test_nothing_is_rebuilt_from_a_folder_without_a_sound_segment(path, keys):
    folder = segments_folder(path)
    folder.mkdir()
    (folder / "0000000000000001.seg").write_bytes(b"SWJ")
    with pytest.raises(JournalError, match="no segments here"):
        backup.rebuild(path, keys, path.with_name("new.db"))
    assert not path.with_name("new.db").exists()


# -- archive


def test_no_loss_of_power_takes_a_copy_back_that_was_told_durable(path, sold, monkeypatch):
    """SQLite's rollback journal is unlinked to commit: its folder must be synced before anything is removed."""
    levels, real = [], sqlite3.connect

    class Watched(sqlite3.Connection):
        def execute(self, statement, *values):
            if statement == "COMMIT":
                levels.append(self.execute("PRAGMA synchronous").fetchone()[0])
            return super().execute(statement, *values)

    monkeypatch.setattr(archive.sqlite3, "connect", lambda file, **options: real(file, factory=Watched, **options))
    with closing(reader.open_reader(path)) as journal:
        archive.copy(journal, path.with_name("a.archive"), "2031-01-01", LATER, LATER)
    assert levels and set(levels) == {3}, "EXTRA"


def test_an_archive_of_a_newer_release_is_told(path, sold):
    file = path.with_name("a.archive")
    with closing(reader.open_reader(path)) as journal:
        archive.copy(journal, file, "2031-01-01", LATER, LATER)
        with closing(sqlite3.connect(file)) as changed, changed:
            changed.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
        with pytest.raises(JournalError, match=r"a\.archive: written by schema version 99"):
            archive.copy(journal, file, "2031-01-01", LATER, LATER)


def test_what_is_finished_moves_and_can_be_read_from_the_archive(path, sold, write, make_txn, keys):
    file = path.with_name("2030.archive")
    assert _move(path, file, "2030-11-23", sold, write) == (2, [1, 2])
    with closing(reader.open_reader(path)) as journal, closing(reader.open_reader(file)) as archived:
        assert [row["txn_id"] for row in reader.list_transactions(journal, 9)] == [3, 4]
        assert [row["txn_id"] for row in reader.list_transactions(archived, 9)] == [1, 2]
        assert reader.show_transaction(archived, 1)["reply"]["37"] == make_txn(1).rrn
        assert reader.archived_of(journal, 1) == 2 and reader.archived_of(journal, 2) == 0
        token = keys.pan_token(make_txn(1).pan)
        assert len(reader.list_transactions(archived, 9, pan_token=token)) == 2
    assert make_txn(1).pan.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert _move(path, file, "2031-01-01", sold, write) == (2, [3, 4]), "a second run adds to the same file"


def test_what_is_open_owed_undelivered_or_not_cleared_stays(path, sold, write, make_txn, make_outcome, open_store):
    def sell(number, *more, state="approved"):
        txn = make_txn(number)
        write(sold, [Intent(txn), make_outcome(txn, state), *more])

    def put(number, kind="reversal"):
        return SafPut(saf_id=number, txn_id=number, kind=kind, host="visa", payload={})

    sell(5)  # not delivered
    sell(6, put(6))  # owed
    sell(7, put(7), SafDone(saf_id=7, state="dead", response_code="30"))  # an operator's
    sell(8, put(8), SafDone(saf_id=8, state="acknowledged", response_code="00"))
    sell(9, state="declined")
    write(sold, [Intent(make_txn(10))], [Delivered([6, 7, 8])], [CloseBatch(2)], [_cleared(2)])
    sell(11)
    write(sold, [Delivered([11])], [Reversed(txn_id=1, reason="cancelled", reply={})])  # both in the open batch
    file = path.with_name("a.archive")
    assert _move(path, file, "2031-01-01", sold, write) == (5, [2, 3, 4, 8, 9])
    with closing(sqlite3.connect(path)) as journal, closing(sqlite3.connect(file)) as archived:
        assert [row[0] for row in journal.execute("SELECT saf_id FROM saf")] == [6, 7]
        assert [row[0] for row in archived.execute("SELECT saf_id FROM saf")] == [8]
    assert write(sold, [Archived([1, 5, 6, 7, 10, 11, 99])])[0].ok
    with closing(reader.open_reader(path)) as journal:
        assert [row["txn_id"] for row in reader.list_transactions(journal, 99)] == [1, 5, 6, 7, 10, 11], "whoever asks"
    assert open_store().recovery.next_txn_id == 12


def test_what_a_batch_presents_stays_until_its_files_stand(path, sold, write, make_txn, make_outcome):
    """The files of a batch of which something is archived cannot be written: it would never be presented."""
    for number, changes in ((5, {}), (6, {"network": "on-us"}), (7, {"captured": False})):
        txn = make_txn(number, **changes)
        write(sold, [Intent(txn), make_outcome(txn)])
    reversal = Reversed(txn_id=1, reason="cancelled", reply={})  # presented by batch 1, and as a reversal by batch 2
    write(sold, [Delivered([5, 6, 7])], [reversal], [CloseBatch(2)])
    file = path.with_name("a.archive")
    assert _move(path, file, "2031-01-01", sold, write) == (5, [2, 3, 4, 6, 7])
    assert write(sold, [Archived([1, 5])])[0].ok
    with closing(reader.open_reader(path)) as journal:
        assert [row["txn_id"] for row in reader.list_transactions(journal, 99)] == [1, 5], "whoever asks"
    write(sold, [_cleared(2)])
    assert _move(path, file, "2031-01-01", sold, write) == (2, [1, 5])


def test_a_pre_authorisation_stays_for_its_completion(path, sold, write, make_txn, make_outcome):
    held = [make_txn(number, mti="0100", captured=False) for number in (5, 6, 7)]
    for txn, state in zip(held, ("approved", "approved", "declined"), strict=True):
        write(sold, [Intent(txn), make_outcome(txn, state)])
    completed = Completed(txn_id=6, by=8)
    write(sold, [Delivered([5, 6]), completed], [CloseBatch(2)])
    file = path.with_name("a.archive")
    assert _move(path, file, "2031-01-01", sold, write, held_before=held[0].received) == (6, [1, 2, 3, 4, 6, 7])
    assert _move(path, file, "2031-01-01", sold, write, held_before=held[0].received + 1) == (1, [5])


def test_keys_inside_the_duplicate_window_stay_and_numbers_are_never_given_twice(
    path, sold, write, make_txn, open_store
):
    file = path.with_name("a.archive")
    recent = make_txn(3).received
    assert _move(path, file, "2031-01-01", sold, write, received_before=recent) == (2, [1, 2])
    (repeat,) = write(sold, [Intent(make_txn(9, dedupe=make_txn(4).dedupe))])
    assert repeat.duplicate.state == "approved"
    assert _move(path, file, "2031-01-01", sold, write) == (2, [3, 4])
    found = open_store().recovery
    assert found.next_txn_id == 5


def test_only_what_the_archive_holds_as_the_journal_does_is_removed(path, sold, write, keys, make_txn):
    file = path.with_name("a.archive")
    with closing(reader.open_reader(path)) as journal:
        archive.copy(journal, file, "2031-01-01", LATER, LATER)
        with closing(sqlite3.connect(file)) as changed, changed:
            changed.execute("UPDATE txn SET amount = 1 WHERE txn_id = 2")
        assert archive.removable(journal, file, 0) == ([1, 3, 4], 4)
    other = SqliteStore(path.with_name("other.db"), keys)
    with closing(reader.open_reader(path.with_name("other.db"))) as stranger:
        with pytest.raises(JournalError, match=r"a\.archive: expected an archive of this journal, or no file"):
            archive.removable(stranger, file, 0)
        with pytest.raises(JournalError, match="expected an archive of this journal"):
            archive.copy(stranger, path, "2031-01-01", LATER, LATER)
    other.close()
    with pytest.raises(JournalError, match="an archive, not a journal"):
        SqliteStore(file, keys)


def test_a_rebuild_brings_no_archived_transaction_back(path, sold, write, keys):
    _move(path, path.with_name("a.archive"), "2030-11-23", sold, write)
    sold.close()
    backup.rebuild(path, keys, path.with_name("new.db"))
    with closing(reader.open_reader(path.with_name("new.db"))) as journal:
        assert [row["txn_id"] for row in reader.list_transactions(journal, 9)] == [3, 4]


# -- what ends by itself


def test_old_segments_go_once_the_index_has_them_and_the_journal_still_starts(
    path, open_store, write, make_txn, tmp_path
):
    kept = tmp_path / "kept"
    store = open_store(segment_bytes=1, keep_segments=2, archive_segments=str(kept))
    for number in range(1, 7):
        write(store, [Intent(make_txn(number))])
    store = open_store(segment_bytes=1, keep_segments=2, archive_segments=str(kept))
    left = sorted(file.name for file in segments_folder(path).iterdir())
    assert left == ["0000000000000005.seg", "0000000000000006.seg"]
    assert sorted(int(file.stem) for file in kept.iterdir()) == [1, 2, 3, 4]
    assert len(store.recovery.pending) == 6
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in kept.iterdir())


def test_a_kept_segment_of_another_log_is_not_written_over(path, open_store, write, make_txn, tmp_path):
    """Two journals with one folder, or the log before a backup was restored: the numbers are the same."""
    kept = tmp_path / "kept"
    settings = {"segment_bytes": 1, "keep_segments": 1, "archive_segments": str(kept)}
    for file in (path, path.with_name("other.db")):
        store = open_store(file, **settings)
        for number in (1, 2):
            write(store, [Intent(make_txn(number))])
        store.close()
        if file == path:
            (first,) = kept.iterdir()
            before = first.read_bytes()
    assert first.read_bytes() == before
    assert len(list(segments_folder(path.with_name("other.db")).iterdir())) == 2, "they stay where they are"
    another_life = before[: frames.HEAD_SIZE] + frames.frame(1, b"what came before a backup was restored")
    first.write_bytes(another_life)
    store = open_store(**settings)
    write(store, [Intent(make_txn(3))])
    store.close()
    assert first.read_bytes() == another_life
    first.write_bytes(before[: frames.HEAD_SIZE + 20])  # of a try that failed
    store = open_store(**settings)
    write(store, [Intent(make_txn(4))])
    store.close()
    assert len(list(kept.iterdir())) == 3 and len(list(segments_folder(path).iterdir())) == 1


def test_a_reader_that_holds_the_index_back_keeps_the_segments(path, open_store, write, make_txn):
    store = open_store(segment_bytes=1, keep_segments=1)
    write(store, [Intent(make_txn(1))])
    with closing(reader.open_reader(path)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM txn").fetchone()
        for number in range(2, 5):
            write(store, [Intent(make_txn(number))])
        write(store)
        assert len(list(segments_folder(path).iterdir())) >= 3
    write(store, [Intent(make_txn(5))])
    open_store()
    assert len(list(segments_folder(path).iterdir())) == 1


def test_tombstones_are_bounded_by_number_and_age(keys, write, make_txn):
    settings = JournalSettings(max_tombstones=10, tombstone_days=30)
    store = MemoryStore(keys, settings=settings)
    for number in range(1, 41):
        write(store, [Tombstone(f"t{number}", number * DAY)])
    rows = [row[0] for row in store.connection.execute("SELECT dedupe FROM tombstone ORDER BY received")]
    assert 10 <= len(rows) <= 11 and rows[-1] == "t40"
    old, new = write(store, [Intent(make_txn(1, dedupe="t1"))], [Intent(make_txn(2, dedupe="t40"))])
    assert old.duplicate is None and new.duplicate.state == "tombstone"
    write(store, [Tombstone("u0", 70 * DAY)])
    assert store.connection.execute("SELECT min(received) FROM tombstone").fetchone()[0] >= 40 * DAY
    write(store, *[[Tombstone(f"u{number}", 200 * DAY)] for number in range(9)])
    rows = [row[0] for row in store.connection.execute("SELECT dedupe FROM tombstone ORDER BY dedupe")]
    assert rows == [f"u{number}" for number in range(1, 9)], "those of more than 30 days ago went, though few were left"
    again = MemoryStore(keys, store.disk, settings=settings)
    assert [row[0] for row in again.connection.execute("SELECT dedupe FROM tombstone ORDER BY dedupe")] == rows
    (found,) = write(again, [Lookup(txn_id=1)])
    assert found.found is not None
