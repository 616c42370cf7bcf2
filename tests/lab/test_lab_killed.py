"""`kill -9` of every process in the middle of the batch: nothing approved without a record, every doubt reversed."""

import os
import re
import select
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from switch.journal import reader

# Who dies when the journal holds how many transactions.
_SCHEDULE = ((30, "issuer-a"), (60, "visa"), (90, "hsm"), (120, "switch"), (150, "mastercard"), (180, "issuer-b"))
_PATIENCE = 60.0


def _pid(lab, name: str) -> int:
    """The running process whose configuration file is `name`.toml of this lab."""
    wanted = str(lab.folder / f"{name}.toml").encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "cmdline").read_bytes().split(b"\0"):
                return int(entry.name)
        except OSError:
            continue  # it ended while we looked
    return 0


def _count(journal: Path) -> int:
    try:
        with closing(reader.open_reader(journal)) as connection:
            return connection.execute("SELECT count(*) FROM txn").fetchone()[0]
    except (reader.JournalError, sqlite3.Error):
        return 0  # not there yet


def _until(condition) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        select.select([], [], [], 0.01)


@pytest.fixture(scope="module")
def lab(start_lab, tmp_path_factory):
    """A batch during which each process is killed once."""
    lab = start_lab(tmp_path_factory.mktemp("killed"), "--once", "--payments", "320")
    for transactions, name in _SCHEDULE:
        _until(lambda most=transactions: lab.process.poll() is not None or _count(lab.folder / "journal.db") >= most)
        _until(lambda name=name: lab.process.poll() is not None or _pid(lab, name))
        assert lab.process.poll() is None, lab.wait() and lab.output
        os.kill(_pid(lab, name), signal.SIGKILL)
    lab.status = lab.wait(180)
    return lab


def test_all_books_agree_in_the_end(lab):
    assert lab.status == 0, lab.output
    assert "differs" not in lab.output


def test_every_process_was_killed_and_started_again(lab):
    assert sorted(re.findall(r"(\S+) ended \(SIGKILL\); starting it again", lab.output)) == sorted(
        name for _, name in _SCHEDULE
    )


def test_no_request_is_left_open_and_nothing_is_owed(lab):
    with closing(reader.open_reader(lab.folder / "journal.db")) as connection:
        assert reader.list_transactions(connection, 10, state="pending") == []
        assert not reader.queued(connection).keys() & {"queued", "dead"}


def test_doubts_were_reversed_exactly_once(lab):
    with closing(sqlite3.connect(lab.folder / "journal.db")) as connection:
        doubtful = {
            row[0]
            for row in connection.execute(
                "SELECT txn_id FROM txn WHERE state IN ('reversed', 'timeout') AND host != '' AND kind != 'reversal'"
            )
        }
        reversals = [row[0] for row in connection.execute("SELECT txn_id FROM saf WHERE kind = 'reversal'")]
    assert len(reversals) == len(set(reversals))
    assert doubtful == set(reversals)


def test_no_process_logged_a_traceback(lab):
    for path in (lab.folder / "log").iterdir():
        assert "Traceback" not in path.read_text(), path
