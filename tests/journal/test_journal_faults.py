"""Disks that are full, read-only, broken, slow or damaged: refusals, one alert, and service again without a restart."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest
import structlog

from switch.journal.disk import FolderDisk
from switch.journal.records import Intent, Lookup, Tombstone
from switch.journal.sqlite import SqliteStore, segments_folder

FULL, READ_ONLY, BROKEN = (
    OSError(number, text)
    for number, text in ((28, "No space left on device"), (30, "Read-only file system"), (5, "I/O"))
)


class Shim(FolderDisk):
    """A real folder, until `faults` names a call and what it raises."""

    def __init__(self, folder):
        super().__init__(folder)
        self.faults = {}

    def _meet(self, call):
        if call in self.faults:
            raise self.faults[call]

    def append(self, name, data):
        if "append" in self.faults:
            super().append(name, data[:100])
        self._meet("append")
        super().append(name, data)

    def sync(self, name):
        self._meet("sync")
        super().sync(name)

    def truncate(self, name, size):
        self._meet("truncate")
        super().truncate(name, size)


def _alerts(logs):
    return [line["event"] for line in logs if line["event"].startswith("journal ") and line["log_level"] != "info"]


@pytest.mark.parametrize(
    "faults",
    [
        {"append": FULL},
        {"append": READ_ONLY, "truncate": READ_ONLY},
        {"append": BROKEN, "truncate": BROKEN},
        {"sync": BROKEN},
        {"sync": BROKEN, "truncate": BROKEN},
    ],
    ids=["full", "read-only", "broken", "unsynced", "unsynced and broken"],
)
def test_a_fault_of_the_log_s_disk_is_one_alert_and_ends_by_itself(path, keys, write, make_txn, faults):
    disk = Shim(segments_folder(path))
    store = SqliteStore(path, keys, disk=disk)
    write(store, [Intent(make_txn(1))])
    with structlog.testing.capture_logs() as logs:
        disk.faults = faults
        for number in (2, 3, 4):
            assert not any(ack.ok for ack in write(store, [Intent(make_txn(number))], [Tombstone(f"t{number}", 1)]))
            assert write(store, [Lookup(txn_id=1)])[0].found, "a repeat is answered all the same"
        assert _alerts(logs) == ["journal failing"]
        disk.faults = {}
        assert all(ack.ok and not ack.duplicate for ack in write(store, [Intent(make_txn(2))], [Tombstone("t2", 1)]))
    assert _alerts(logs) == ["journal failing", "journal answers again"]
    assert [line.get("refused") for line in logs if "again" in line["event"]] == [6]
    store.close()
    again = SqliteStore(path, keys)
    again.close()
    assert [one.txn.txn_id for one in again.recovery.pending] == [1, 2]


def test_a_folder_s_file_is_read_back_from_the_disk_once_it_was_cut(tmp_path, monkeypatch):
    """After a failed sync the page cache says what was meant, and is believed by a read."""
    calls = []
    for name in ("ftruncate", "fsync", "posix_fadvise"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *given, name=name, real=real: calls.append((name, given[1:])) or real(*given)
        )
    disk = FolderDisk(tmp_path)
    disk.open("a", b"0123456789")
    calls.clear()
    disk.truncate("a", 4)
    assert calls == [("ftruncate", (4,)), ("fsync", ()), ("posix_fadvise", (0, 0, os.POSIX_FADV_DONTNEED))]
    assert disk.read("a") == b"0123"
    disk.close()


def test_a_new_folder_is_durable_with_the_names_on_the_way_to_it(tmp_path, monkeypatch):
    synced, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink()) or real(fd))
    folder = tmp_path / "journals" / "segments"
    FolderDisk(folder)
    assert set(synced) == {tmp_path, tmp_path / "journals"}
    synced.clear()
    FolderDisk(folder)
    assert synced == []


def test_a_folder_s_file_is_written_over_in_place_and_synced_with_its_name(tmp_path, monkeypatch):
    disk = FolderDisk(tmp_path)
    disk.open("a", b"0123456789")
    synced, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink()) or real(fd))
    disk.rewrite("a", 4, b"456789")
    assert disk.read("a") == b"0123456789"
    assert synced == [tmp_path / "a", tmp_path]
    disk.append("a", b"x")
    disk.sync("a")
    disk.close()
    assert disk.read("a") == b"0123456789x"


def test_a_slow_disk_delays_acknowledgements_and_nothing_else(path, keys, write, collect, make_txn, monkeypatch):
    gate = threading.Event()
    store = SqliteStore(path, keys)
    real = FolderDisk.sync
    monkeypatch.setattr(FolderDisk, "sync", lambda disk, name: gate.wait(30) and real(disk, name))
    for number in range(1, 50):
        store.submit([Intent(make_txn(number))], number)
        store.flush()
    assert store.take() == [] and store.backlog == 49
    gate.set()
    assert all(ack.ok for _, ack in collect(store, 49))
    store.close()


def test_an_index_that_is_damaged_under_way_refuses_everything_with_one_alert(path, keys, write, make_txn):
    store = SqliteStore(path, keys)
    write(store, *[[Intent(make_txn(number))] for number in range(1, 400)])
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store._connection.execute("PRAGMA shrink_memory")
    store._connection.execute("PRAGMA cache_size = 1")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with structlog.testing.capture_logs() as logs:
        for number in range(500, 504):
            assert not any(ack.ok for ack in write(store, [Intent(make_txn(number))], [Intent(make_txn(number + 100))]))
    assert _alerts(logs) == ["journal failing"]
    assert "malformed" in logs[0]["reason"]
    store.close()


# A child whose files may not grow: what a full disk does to the log and to SQLite alike, by the kernel's own hand.
_LIMITED = """
import resource, select, signal, sys
from pathlib import Path
import msgspec
from switch.crypto.datakeys import DataKeys
from switch.journal.records import Intent, Transaction
from switch.journal.sqlite import SqliteStore, segments_folder

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
model = msgspec.json.decode(sys.argv[2], type=Transaction)
store = SqliteStore(path, DataKeys(bytes(range(32)), bytes(range(32, 64))))

def write(first, last):
    for number in range(first, last):
        store.submit([Intent(msgspec.structs.replace(model, txn_id=number, dedupe=f"key {number}"))], None)
    store.flush()
    acks = []
    while len(acks) < last - first:
        select.select([store.fileno()], [], [])
        acks += store.take()
    return "".join("+" if ack.ok else "-" for _, ack in acks)

said = [write(1, 6)]
(segment,) = segments_folder(path).iterdir()
sizes = {"log": segment.stat().st_size + 300, "index": path.with_name("journal.db-wal").stat().st_size + 100}
if sys.argv[3] == "index":  # the log is the shorter file of the two, so that it still has room
    assert sizes["index"] > sizes["log"] + 3000
resource.setrlimit(resource.RLIMIT_FSIZE, (sizes[sys.argv[3]], -1))
said += [write(6, 9), write(6, 9)]
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
said += [write(6, 9)]
store.close()
print("acks", *said)
"""


@pytest.mark.parametrize("limited", ["log", "index"])
def test_files_that_may_not_grow_refuse_and_go_on_once_they_may(path, keys, make_txn, limited):
    model = msgspec.json.encode(make_txn(1)).decode()
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path), model, limited], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert "acks +++++ --- --- +++" in done.stdout
    assert (done.stdout.count("journal failing"), done.stdout.count("journal answers again")) == (1, 1)
    store = SqliteStore(path, keys)
    store.close()
    assert [one.txn.txn_id for one in store.recovery.pending] == list(range(1, 9))


# -- the writer itself


def test_a_writer_that_dies_says_so_and_calls_for_the_end(path, keys, make_txn):
    died = threading.Event()
    store = SqliteStore(path, keys, on_death=died.set)
    store._committer.commit = lambda _units: 1 / 0
    with structlog.testing.capture_logs() as logs:
        store.submit([Intent(make_txn(1))], None)
        store.flush()
        assert died.wait(30)
    assert [(line["event"], line["reason"], line["log_level"]) for line in logs] == [
        ("journal writer died", "ZeroDivisionError", "critical")
    ]
    store.close()


def test_the_daemon_ends_with_a_status_of_its_own_when_the_writer_dies(path, make_txn):
    code = """
import sys, threading
from pathlib import Path
from switch.crypto.datakeys import DataKeys
from switch.daemon import switchd
from switch.journal.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]), DataKeys(bytes(32), bytes(32)), on_death=switchd._die)
store._committer.commit = lambda _units: 1 / 0
store.submit([], None)
store.flush()
threading.Event().wait(30)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 74
    assert "ended: the journal has no writer" in done.stdout + done.stderr
