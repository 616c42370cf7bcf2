"""The segment log under an index: replay, torn ends, corruption, rotation, failing writes."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from switch.crypto.datakeys import DataKeys
from switch.journal import frames
from switch.journal.disk import MemoryDisk
from switch.journal.errors import JournalError
from switch.journal.memory import MemoryStore
from switch.journal.records import CloseBatch, Delivered, Intent, Lookup, PinTries, Reversed, SafPut, Tombstone
from switch.journal.segments import LogError
from switch.journal.settings import JournalSettings
from switch.journal.sqlite import SqliteStore

SMALL = JournalSettings(segment_bytes=1200)
TABLES = ("txn", "saf", "pin_tries", "tombstone", "batch")


def _dump(connection):
    """Every table, without the sealed columns, which are sealed anew by a replay."""
    found = {}
    for table in TABLES:
        rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        found[table] = [
            {k: row[k] for k in row.keys() if not k.endswith("_sealed")}  # noqa: SIM118 - a Row iterates over values
            for row in rows
        ]
    return found


@pytest.fixture
def lives(keys, write):
    """lives(disk, *groups): one life on `disk`, each group one flush; gives its tables."""

    def run(disk, *groups, settings=SMALL):
        store = MemoryStore(keys, disk, settings=settings)
        for units in groups:
            assert all(ack.ok for ack in write(store, *units))
        found = _dump(store.connection)
        store.close()
        return found

    return run


@pytest.fixture
def every_kind(make_txn, make_outcome):
    """Groups in which every kind of record has an effect, a duplicate and a question among them."""
    one, two, three = make_txn(1), make_txn(2, pan="5555555555554444"), make_txn(3)
    put = SafPut(saf_id=1, txn_id=2, kind="reversal", host="visa", payload={"2": two.pan, "n": 7})
    return [
        [[Intent(one), make_outcome(one)], [Intent(two)], [Tombstone("late", 5)]],
        [[make_outcome(two)], [Intent(make_txn(9, dedupe=one.dedupe)), PinTries("no", 1)], [PinTries("t", 2)]],
        [[CloseBatch(77)], [Reversed(txn_id=2, reason="timeout", reply={"39": "91"}), put], [Delivered([1])]],
        [[Intent(three), make_outcome(three, "declined")], [Lookup(txn_id=1)]],
    ]


def test_a_replay_makes_the_same_tables(lives, every_kind):
    disk = MemoryDisk()
    before = lives(disk, *every_kind)
    assert lives(disk) == before
    assert [row["txn_id"] for row in before["txn"]] == [1, 2, 3]
    assert before["txn"][1]["reversed_batch"] == 2


def test_questions_and_repeats_are_not_in_the_log(lives, make_txn):
    disk = MemoryDisk()
    lives(disk, [[Intent(make_txn(1))]])
    before = {name: bytes(data) for name, data in disk.files.items()}
    lives(disk, [[Lookup(txn_id=1)]], [[Intent(make_txn(2, dedupe=make_txn(1).dedupe))]])
    assert disk.files == before


def test_the_log_is_sealed(lives, make_txn, keys):
    disk = MemoryDisk()
    lives(disk, [[Intent(make_txn(1))]])
    (data,) = disk.files.values()
    assert b"4111111111111111" not in data and b"TERM0001" not in data and b"intent" not in data


def test_segments_end_at_their_size_and_are_read_in_order(lives, make_txn):
    disk = MemoryDisk()
    before = lives(disk, *[[[Intent(make_txn(n))]] for n in range(1, 12)])
    assert len(disk.files) > 3
    assert next(iter(disk.files)) == "0000000000000001.seg"
    assert lives(disk) == before


def test_an_end_torn_anywhere_is_cut_and_writing_goes_on(lives, make_txn):
    whole = MemoryDisk()
    tables = [lives(whole, [[Intent(make_txn(n))]], settings=JournalSettings()) for n in (1, 2)]
    ((name, data),) = whole.files.items()
    first = next(frames.read_frames(bytes(data), 1)).end
    for size in range(first, len(data)):
        torn = MemoryDisk()
        torn.files[name] = data[:size]
        assert lives(torn, settings=JournalSettings()) == tables[0]
        assert len(torn.files[name]) == first
    holed = MemoryDisk()
    holed.files[name] = data[: first + 30] + bytes(40) + data[first + 70 :]  # pages reach a disk in any order
    assert lives(holed, settings=JournalSettings()) == tables[0]
    again = lives(holed, [[Intent(make_txn(2))]], settings=JournalSettings())
    assert again["txn"] == tables[1]["txn"]


def test_a_segment_that_was_never_born_is_dropped(lives, make_txn):
    disk = MemoryDisk()
    before = lives(disk, [[Intent(make_txn(1))]])
    for head in (b"", b"SWJ", bytes(36)):
        disk.files["0000000000000002.seg"] = bytearray(head)
        assert lives(disk) == before
        assert list(disk.files) == ["0000000000000001.seg"]


def test_a_last_segment_with_more_than_a_head_is_never_dropped(lives, make_txn):
    """Nothing is written behind a head before that is durable: this was a segment, and is damaged."""
    disk = MemoryDisk()
    lives(disk, [[Intent(make_txn(1))]])
    disk.files["0000000000000002.seg"] = bytearray(bytes(37))
    with pytest.raises(LogError, match=r"0000000000000002\.seg: offset 0: the head of the segment is corrupt"):
        lives(disk)
    assert len(disk.files) == 2


@pytest.mark.parametrize("at", range(40, 640, 61))
def test_a_changed_byte_with_sound_frames_behind_it_is_corruption(lives, make_txn, at):
    disk = MemoryDisk()
    lives(disk, [[Intent(make_txn(1))]], [[Intent(make_txn(2))]], settings=JournalSettings())
    (data,) = disk.files.values()
    assert next(frames.read_frames(bytes(data), 1)).end > 640, "the byte is in the first of two frames"
    data[at] ^= 1
    with pytest.raises(LogError, match=r"0000000000000001\.seg: offset 36: a corrupt frame with sound ones behind it"):
        lives(disk)
    assert data[at] is not None and len(disk.files) == 1, "nothing was cut"


def test_a_torn_frame_in_an_earlier_segment_is_corruption(lives, make_txn):
    disk = MemoryDisk()
    lives(disk, *[[[Intent(make_txn(n))]] for n in range(1, 12)])
    first = next(iter(disk.files))
    del disk.files[first][-3:]
    with pytest.raises(LogError, match=rf"{first}: offset \d+: a corrupt frame"):
        lives(disk)


def test_a_missing_segment_is_told(lives, make_txn):
    disk = MemoryDisk()
    lives(disk, *[[[Intent(make_txn(n))]] for n in range(1, 12)])
    first, second, third, *_ = disk.files
    kept = disk.files.pop(second)
    with pytest.raises(LogError, match=rf"{third}: expected the segment that begins at {int(second[:16])}"):
        lives(disk)
    disk.files[second] = kept
    del disk.files[first]
    with pytest.raises(LogError, match=r"the log begins at \d+, expected at most 1"):
        lives(disk)


def test_a_frame_moved_to_another_place_or_journal_does_not_open(lives, make_txn, keys):
    disk, other = MemoryDisk(), MemoryDisk()
    for one in (disk, other):
        lives(one, [[Intent(make_txn(1))]])
    name = "0000000000000001.seg"
    disk.files[name][36:] = other.files[name][36:]
    with pytest.raises(LogError, match="offset 36: a sealed frame was changed or moved"):
        lives(disk)
    stranger = MemoryStore(DataKeys(bytes([1]) * 32, bytes(32)), MemoryDisk())
    stranger.close()
    with pytest.raises(LogError, match="sealed frame"):
        MemoryStore(DataKeys(bytes([1]) * 32, bytes(32)), other)


# -- the index in a file


@pytest.fixture
def two_lives(path, keys, write, make_txn, make_outcome, tmp_path):
    """A journal of three transactions and its index as it was after the first."""
    store = SqliteStore(path, keys)
    write(store, [Intent(make_txn(1)), make_outcome(make_txn(1))])
    store.close()
    old = tmp_path / "old.db"
    shutil.copy(path, old)
    store = SqliteStore(path, keys, same_boot=True)
    write(store, [Intent(make_txn(2))])
    write(store, [Intent(make_txn(3)), make_outcome(make_txn(3))])
    store.close()
    return old


def test_an_index_that_is_behind_catches_up(path, keys, two_lives):
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        expected = _dump(connection)
    shutil.copy(two_lives, path)
    for replayed in (2, 0):
        store = SqliteStore(path, keys, delivered={1}, same_boot=True)
        assert store.replayed == replayed
        assert [one.txn.txn_id for one in store.recovery.pending] == [2]
        assert [one.txn.txn_id for one in store.recovery.undelivered] == [3]
        assert _dump(store._connection)["saf"] == expected["saf"]
        assert store.recovery.next_txn_id == 4
        store.close()


def test_a_log_that_ends_before_the_index_is_refused(path, keys, two_lives, tmp_path):
    (segment,) = (tmp_path / "journal.db.segments").iterdir()
    data = segment.read_bytes()
    segment.write_bytes(data[: next(frames.read_frames(data, 1)).end])
    with pytest.raises(JournalError, match=r"journal\.db: the log ends at 1, the index is at 3"):
        SqliteStore(path, keys)
    segment.write_bytes(data[:-1])
    with pytest.raises(JournalError, match=r"journal\.db: the log ends at 2, the index is at 3"):
        SqliteStore(path, keys)
    assert segment.read_bytes() == data[:-1], "what was acknowledged is no torn end: it is not cut"
    segment.unlink()
    with pytest.raises(JournalError, match="no segments, but the index is at 3 of them"):
        SqliteStore(path, keys)


def test_segments_without_their_index_are_not_written_over(path, keys, two_lives):
    path.unlink()
    with pytest.raises(JournalError, match="switch journal rebuild"):
        SqliteStore(path, keys)


# -- a disk that fails


class Cached(MemoryDisk):
    """A page cache above a platter: a sync that fails brings nothing there, and no later one tries its bytes again."""

    def __init__(self):
        super().__init__()
        self.platter, self.dirty, self.failing = {}, {}, False

    def open(self, name, head):
        super().open(name, head)
        self.platter[name], self.dirty[name] = bytearray(head), len(head)

    def append(self, name, data):
        if self.failing:
            raise OSError(5, "Input/output error")
        super().append(name, data)

    def sync(self, name):
        begin, self.dirty[name] = self.dirty[name], len(self.files[name])
        if self.failing:
            raise OSError(5, "Input/output error")
        self.platter[name] = self.platter[name].ljust(begin, b"\0") + self.files[name][begin:]

    def rewrite(self, name, offset, data):
        super().rewrite(name, offset, data)
        self.platter[name][offset:] = data

    def truncate(self, name, size):
        if self.failing:
            raise OSError(5, "Input/output error")
        super().truncate(name, size)
        self.platter[name][size:] = b""
        self.dirty[name] = min(self.dirty[name], size)


def test_a_frame_that_a_restart_found_in_memory_only_is_made_durable(keys, write, make_txn, lives):
    """The sync failed, so did the cut, and the process died: the next one reads the frame and builds on it."""
    disk = Cached()
    store = MemoryStore(keys, disk)
    write(store, [Intent(make_txn(1))])
    store.close()
    real = disk.append
    disk.append = lambda name, data: (real(name, data), setattr(disk, "failing", True))
    store = MemoryStore(keys, disk)
    assert not write(store, [Intent(make_txn(2))])[0].ok
    store.close()
    del disk.append
    disk.failing = False
    again = MemoryStore(keys, disk)
    assert [one.txn.txn_id for one in again.recovery.pending] == [1, 2]
    assert write(again, [Intent(make_txn(3))])[0].ok
    expected = _dump(again.connection)
    again.close()
    disk.files = disk.platter  # the power fails
    assert lives(disk, settings=JournalSettings()) == expected


class Faulty(MemoryDisk):
    """Fails the calls named in `faults`, each once it is reached; appends half before it fails."""

    def __init__(self):
        super().__init__()
        self.faults = set()

    def _meet(self, call):
        if call in self.faults:
            raise OSError(5, "Input/output error")

    def open(self, name, head):
        if "open" in self.faults:
            super().open(name, head[:20])
        self._meet("open")
        super().open(name, head)

    def append(self, name, data):
        if "append" in self.faults:
            super().append(name, data[: len(data) // 2])
        self._meet("append")
        super().append(name, data)

    def sync(self, name):
        self._meet("sync")

    def truncate(self, name, size):
        self._meet("truncate")
        super().truncate(name, size)

    def remove(self, name):
        self._meet("remove")
        super().remove(name)

    def read(self, name):
        self._meet("read")
        return super().read(name)


@pytest.mark.parametrize(
    "faults",
    [
        ("append",),
        ("sync",),
        ("open",),
        ("append", "truncate"),
        ("sync", "truncate"),
        ("sync", "read"),
        ("open", "remove"),
    ],
    ids=" and ".join,
)
@pytest.mark.parametrize("settings", [SMALL, JournalSettings(segment_bytes=1)], ids=["one segment", "one each"])
def test_a_write_that_fails_keeps_nothing_and_the_next_one_after_the_repair_counts(
    keys, write, make_txn, lives, faults, settings
):
    disk = Faulty()
    store = MemoryStore(keys, disk, settings=settings)
    assert write(store, [Intent(make_txn(1))])[0].ok
    disk.faults = set(faults)
    refused = [[Intent(make_txn(2))], [PinTries("t", 1)]]
    if "open" in faults and settings is SMALL:
        assert all(ack.ok for ack in write(store, *refused)), "no segment was opened"
    else:
        for _ in range(3):
            assert [ack.ok for ack in write(store, *refused)] == [False, False]
        assert len(_dump(store.connection)["txn"]) == 1
        (found,) = write(store, [Lookup(txn_id=1)])
        assert found.ok and found.found.txn.txn_id == 1, "what is known is told all the same"
    disk.faults = set()
    assert all(ack.ok for ack in write(store, [Intent(make_txn(3))], [PinTries("u", 1)]))
    expected = _dump(store.connection)
    assert lives(disk, settings=settings) == expected


def test_an_index_that_cannot_commit_takes_the_frame_back(keys, write, make_txn, lives):
    """SQLite asks the handler in the middle of the commit, after the frame is durable."""
    disk = MemoryDisk()
    store = MemoryStore(keys, disk)
    write(store, [Intent(make_txn(1))])
    store.connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    store.connection.execute("CREATE TEMP TABLE t (id INTEGER)")
    store.connection.executescript("""
        PRAGMA foreign_keys = ON;
        CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TEMP TRIGGER poison AFTER INSERT ON main.tombstone BEGIN INSERT INTO child VALUES (new.received); END;
    """)
    size = len(disk.files["0000000000000001.seg"])
    assert not write(store, [Tombstone("t", 9)])[0].ok
    assert len(disk.files["0000000000000001.seg"]) == size
    store.connection.execute("DROP TRIGGER poison")
    assert write(store, [Intent(make_txn(2))])[0].ok
    assert lives(disk)["tombstone"] == []


def test_what_was_acknowledged_and_cannot_be_read_back_is_never_written_over(keys, write, make_txn):
    disk = Faulty()
    store = MemoryStore(keys, disk)
    write(store, [Intent(make_txn(1))])
    disk.files["0000000000000001.seg"][60] ^= 1
    disk.faults = {"sync"}
    assert not write(store, [Intent(make_txn(2))])[0].ok
    disk.faults = set()
    assert not write(store, [Intent(make_txn(2))])[0].ok, "it fails closed until an operator has looked"


def test_a_crash_at_any_call_leaves_a_log_that_opens(keys, write, make_txn, lives):
    class Crash(BaseException):
        pass

    class Dying(MemoryDisk):
        left = 10**9

        def _count(self):
            self.left -= 1
            if self.left == 0:
                raise Crash

        def open(self, name, head):
            super().open(name, b"")
            self._count()
            super().append(name, head)

        def append(self, name, data):
            self._count()
            super().append(name, data[:50])
            self._count()
            super().append(name, data[50:])

        def sync(self, name):
            self._count()

    for left in range(1, 30):
        disk, done = Dying(), 0
        disk.left = left
        store = MemoryStore(keys, disk, settings=SMALL)
        with pytest.raises(Crash):
            while True:
                store.submit([Intent(make_txn(done + 1))], None)
                store.flush()
                done += 1
        store.close()
        disk.left = 10**9
        assert len(lives(disk)["txn"]) in (done, done + 1)
