"""kill -9 amid the work: what was acknowledged is there, nothing is half there, no sent answer is doubted."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import msgspec
import pytest

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
