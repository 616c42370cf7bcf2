"""kill -9 amid the work: what was acknowledged is there, nothing is half there, no sent answer is doubted."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import msgspec
import pytest

from switch.journal.check import check
from switch.journal.delivery import DeliveryLog
from switch.journal.records import Intent
from switch.journal.sqlite import SqliteStore

BOOT = "boot"

# Writes until killed. Every third transaction is left in doubt, every fifth answer withheld. What it prints has been
# acknowledged (a), or acknowledged and marked as handed over (d).
_CHILD = """
import os, select, sys
from pathlib import Path
import msgspec
from switch.journal.delivery import DeliveryLog
from switch.crypto.datakeys import DataKeys
from switch.journal.records import Delivered, Intent, Outcome, PinTries, SafPut, Transaction
from switch.journal.sqlite import SqliteStore

path = Path(sys.argv[1])
model = msgspec.json.decode(sys.argv[2], type=Transaction)
keys = DataKeys(bytes(range(32)), bytes(range(32, 64)))
log = DeliveryLog(path.with_suffix(".delivered"), "boot", fold_at=40)
store = SqliteStore(path, keys, delivered=log.known, same_boot=log.same_boot)
log.start()
number = store.recovery.next_txn_id - 1

def unit(number):
    txn = msgspec.structs.replace(model, txn_id=number, dedupe=f"key {number}")
    if number % 3 == 0:
        return [Intent(txn), PinTries(f"token {number}", number)]
    put = SafPut(saf_id=number, txn_id=number, kind="advice", host="visa", payload={"2": txn.pan})
    outcome = Outcome(txn=txn, state="approved", response_code="00", answered=1, latency_us=1)
    return [Intent(txn), outcome, put, PinTries(f"token {number}", number)]

poll = select.poll()
poll.register(store.fileno(), select.POLLIN)
while True:
    for _ in range(5):
        number += 1
        store.submit(unit(number), number)
    marks = log.rotate()
    if marks:
        store.submit([Delivered(marks)], "fold")
    store.flush()
    poll.poll(20)
    said = []
    for token, ack in store.take():
        assert ack.ok and ack.duplicate is None
        if token == "fold":
            log.folded()
        elif token % 3 and token % 5:
            log.mark(token)
            said.append(f"d{token}")
        else:
            said.append(f"a{token}")
    log.flush()
    os.write(1, "".join(f"{word}\\n" for word in said).encode())
"""


def _run_until(path, model, count):
    """Starts the child, kills it once it has acknowledged `count` transactions; what it said."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path), model], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said = b""
    while said.count(b"\n") < count:
        chunk = os.read(child.stdout.fileno(), 65536)
        assert chunk, child.stderr.read().decode()[-500:]
        said += chunk
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    return [(word[0], int(word[1:])) for word in (said + rest).decode().split("\n")[:-1]]


@pytest.mark.parametrize("count", [1, 150, 800, 2500])
def test_a_killed_writer_loses_nothing_it_acknowledged(path, keys, write, make_txn, count):
    model = msgspec.json.encode(make_txn(1)).decode()
    said = _run_until(path, model, count)
    said += _run_until(path, model, 40)  # a second life goes on from the first, and is killed too
    log = DeliveryLog(path.with_suffix(".delivered"), BOOT)
    assert log.same_boot
    store = SqliteStore(path, keys, delivered=log.known, same_boot=log.same_boot)
    found = store.recovery

    acknowledged = [number for _, number in said]
    with closing(sqlite3.connect(path)) as connection:
        states = dict(connection.execute("SELECT txn_id, state FROM txn"))
        saf = {row[0] for row in connection.execute("SELECT txn_id FROM saf")}
    assert len(set(acknowledged)) == len(acknowledged) >= count + 40
    assert set(acknowledged) <= states.keys()

    # Whole units: the approval, its queued message and its count stand or fall together, and nothing has a gap.
    assert sorted(states) == list(range(1, max(states) + 1))
    assert {number for number, state in states.items() if state == "approved"} == saf
    assert saf == {number for number in states if number % 3}
    assert found.pin_tries == {f"token {number}": number for number in states}
    assert [stored.txn.txn_id for stored in found.pending] == [number for number in sorted(states) if number % 3 == 0]
    assert [put.saf_id for put in found.saf] == sorted(saf)
    assert found.next_txn_id == max(states) + 1

    # Nobody's answer is doubted that was handed over, and every withheld one is.
    undelivered = {stored.txn.txn_id for stored in found.undelivered}
    assert undelivered.isdisjoint(number for kind, number in said if kind == "d")
    assert undelivered >= {number for kind, number in said if kind == "a" and number % 3}

    acks = write(store, *[[Intent(make_txn(10**6 + n, dedupe=f"key {n}"))] for n in acknowledged])
    store.close()
    assert [ack.duplicate.txn.txn_id for ack in acks] == acknowledged, "a repeat after the restart is a repeat"


def test_the_lock_dies_with_the_process(path, keys, make_txn):
    _run_until(path, msgspec.json.encode(make_txn(1)).decode(), 1)
    SqliteStore(path, keys).close()


# One life per call of the disk, each in a process of its own that kills itself before or after that call: before and
# after the birth of a segment, the append, the sync. After the sync is before the commit; before the next append is
# after it.
_STEPS = """
import os, select, signal, sys
from pathlib import Path
import msgspec
from switch.crypto.datakeys import DataKeys
from switch.journal.disk import FolderDisk
from switch.journal.records import Intent, Outcome, SafPut, Transaction
from switch.journal.settings import JournalSettings
from switch.journal.sqlite import SqliteStore, segments_folder

folder, model = Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Transaction)

class Deadly(FolderDisk):
    left = int(sys.argv[3])

    def around(self, call, *args):
        self.count()
        call(*args)
        self.count()

    def count(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def open(self, name, head):
        self.around(super().open, name, head)

    def append(self, name, data):
        half = len(data) // 2
        self.around(super().append, name, data[:half])
        self.around(super().append, name, data[half:])

    def sync(self, name):
        self.around(super().sync, name)

def life(left):
    path = folder / f"{left}.db"
    disk = Deadly(segments_folder(path))
    disk.left = left
    store = SqliteStore(
        path, DataKeys(bytes(range(32)), bytes(range(32, 64))), disk=disk, settings=JournalSettings(segment_bytes=2500)
    )
    number = 0
    while True:
        number += 1
        txn = msgspec.structs.replace(model, txn_id=number, dedupe=f"key {number}")
        put = SafPut(saf_id=number, txn_id=number, kind="advice", host="visa", payload={"2": txn.pan})
        outcome = Outcome(txn=txn, state="approved", response_code="00", answered=1, latency_us=1)
        store.submit([Intent(txn), outcome, put], None)
        store.flush()
        select.select([store.fileno()], [], [])
        assert store.take()[0][1].ok
        os.write(1, b"%d %d\\n" % (left, number))

for left in range(1, int(sys.argv[3])):
    if os.fork() == 0:
        life(left)
    _, status = os.wait()
    assert os.WTERMSIG(status) == signal.SIGKILL, status
"""
_CALLS = 34


def test_a_kill_between_any_two_steps_of_a_commit_loses_nothing_and_leaves_no_half(tmp_path, keys, write, make_txn):
    model = msgspec.json.encode(make_txn(1)).decode()
    done = subprocess.run(
        [sys.executable, "-c", _STEPS, str(tmp_path), model, str(_CALLS)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-500:]
    said = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    unacknowledged = 0
    for left in range(1, _CALLS):
        path = tmp_path / f"{left}.db"
        acknowledged = max((number for life, number in said if life == left), default=0)
        store = SqliteStore(path, keys, same_boot=True)
        kept = len(store.recovery.undelivered)
        assert acknowledged <= kept <= acknowledged + 1
        unacknowledged += kept - acknowledged
        assert [one.txn.txn_id for one in store.recovery.undelivered] == list(range(1, kept + 1))
        assert [put.txn_id for put in store.recovery.saf] == list(range(1, kept + 1)), "whole units"
        assert not store.recovery.pending
        again = [[Intent(make_txn(100 + n, dedupe=f"key {n}"))] for n in range(1, kept + 2)]
        answers = [ack.duplicate and ack.duplicate.state for ack in write(store, *again)]
        assert answers == ["approved"] * kept + [None], "a repeat of what is kept is a repeat, another is new"
        store.close()
        assert [found.fault for found in check(path) if found.fault] == []
    assert 0 < unacknowledged < _CALLS - 1, "some were killed before the frame was whole, some after"
