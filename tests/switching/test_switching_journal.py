"""A journal or a delivery log that fails: no approval leaves, and nobody waits for ever."""

import os
import sqlite3
import threading

import pytest
import structlog
import trio

from switch.journal.disk import FolderDisk
from switch.switching import runtime
from switch.switching.runtime import JournalFailedError

VISA = "4111111111111111"


def _end_writer(store):
    """The writer thread is gone, as after a fault in it: nothing is acknowledged any more."""
    store._queue.put(None)
    store._thread.join(5)
    assert not store._thread.is_alive()


async def test_when_the_journal_s_writer_dies_nothing_leaves_and_everything_is_declined(
    world, sale, deadlines, monkeypatch
):
    monkeypatch.setattr(runtime, "_JOURNAL_PATIENCE", 0.3)
    world.engine["deadlines"] = deadlines(answer=0.2, grace=0.1)
    world.runtime["max_backlog"] = 10
    async with world.life() as life:
        terminal = await life.connect()
        _end_writer(life.store)
        with structlog.testing.capture_logs() as logs:
            answers = [await terminal.ask(sale(VISA)) for _ in range(8)]
            assert {answer["39"] for answer in answers} <= {"91", "96"}
            started = trio.current_time()
            codes = {(await terminal.ask(sale(VISA)))["39"] for _ in range(100)}
            assert codes == {"96"} and trio.current_time() - started < 5  # refused at once, not by the deadline
            assert life.store.backlog <= 20
            assert (await terminal.ask({"t": "0800", "7": "0611191024", "11": "000001", "70": "301"}))["39"] == "00"
            await life.until(lambda: any(line["event"] == "journal does not answer" for line in logs))
            with pytest.raises(JournalFailedError):
                await life.switch.close_batch()
        assert world.hosts["visa"].requests == []


async def test_a_failing_commit_is_a_decline_and_the_journal_goes_on_when_it_can(world, sale):
    async with world.life() as life:
        terminal = await life.connect()
        assert (await terminal.ask(sale(VISA)))["39"] == "00"
        real, life.store._committer._transact = life.store._committer._transact, _no_space
        with structlog.testing.capture_logs() as logs:
            assert (await terminal.ask(sale(VISA)))["39"] in ("91", "96")
            with pytest.raises(JournalFailedError):
                await life.switch.close_batch()
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["journal failing"]
        life.store._committer._transact = real
        assert (await terminal.ask(sale(VISA)))["39"] == "00"
        assert len(world.hosts["visa"].of("1")) == 2
        assert await life.switch.close_batch() == 1


def _no_space(_units, *, each=False):
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("append", OSError(28, "No space left on device")),
        ("append", OSError(30, "Read-only file system")),
        ("sync", OSError(5, "Input/output error")),
    ],
    ids=["full", "read-only", "broken"],
)
async def test_a_disk_that_fails_gives_declines_one_alert_and_service_again(world, sale, monkeypatch, call, error):
    def fail(*_args):
        raise error

    async with world.life() as life:
        terminal = await life.connect()
        with structlog.testing.capture_logs() as logs:
            with monkeypatch.context() as patch:
                patch.setattr(FolderDisk, call, fail)
                answers = [await terminal.ask(sale(VISA)) for _ in range(5)]
            assert {answer["39"] for answer in answers} <= {"91", "96"}
            assert (await terminal.ask(sale(VISA)))["39"] == "00"
        events = [line["event"] for line in logs if line["event"].startswith("journal ")]
        assert events == ["journal failing", "journal answers again"]
        assert len(world.hosts["visa"].of("1")) == 1, "what could not be journalled was never sent"


async def test_a_slow_disk_gives_declines_and_service_again(world, sale, deadlines, monkeypatch):
    monkeypatch.setattr(runtime, "_JOURNAL_PATIENCE", 0.2)
    world.engine["deadlines"] = deadlines(answer=0.2, grace=0.1)
    gate, real = threading.Event(), FolderDisk.sync
    async with world.life() as life:
        terminal = await life.connect()
        monkeypatch.setattr(FolderDisk, "sync", lambda disk, name: gate.wait(30) and real(disk, name))
        with structlog.testing.capture_logs() as logs:
            assert {(await terminal.ask(sale(VISA)))["39"] for _ in range(3)} <= {"91", "96"}
            await life.until(lambda: any(line["event"] == "journal does not answer" for line in logs))
            gate.set()
            await life.until(lambda: not life.store.backlog)
            assert (await terminal.ask(sale(VISA)))["39"] == "00"
            await life.until(lambda: any(line["event"] == "journal answers again" for line in logs))
        events = [line["event"] for line in logs if line["event"].startswith("journal ")]
        assert events == ["journal does not answer", "journal answers again"]


async def test_an_approval_that_cannot_be_marked_does_not_leave_and_is_reversed(world, sale, journal):
    host = world.hosts["visa"]
    host.decide = lambda view: "00" if view.mti[1] == "4" else None
    async with world.life() as life:
        terminal, other = await life.connect(), await life.connect()
        await terminal.send(sale(VISA))
        await host.until(lambda: host.requests)
        kept = os.dup(life.delivery._file)
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, life.delivery._file)
        os.close(full)
        with structlog.testing.capture_logs() as logs:
            await host.send(host.answer(host.requests[0], "00"))
            assert await terminal.receive() == {}
        os.dup2(kept, life.delivery._file)
        os.close(kept)
        assert ("delivery log failed", "No space left on device") in [
            (line["event"], line.get("reason")) for line in logs
        ]
        await host.until(lambda: host.of("4"))
        host.decide = lambda _view: "00"
        assert (await other.ask(sale(VISA)))["39"] == "00"
        await life.until(lambda: not life.store.backlog)
        assert [row["state"] for row in journal()] == ["reversed", "approved"]


async def test_delivery_marks_are_folded_into_the_journal(world, sale, journal):
    async with world.life() as life:
        life.delivery._fold_at = 3
        terminal = await life.connect()
        for _ in range(3):
            await terminal.ask(sale(VISA))
        await life.until(lambda: not life.store.backlog and all(row["delivered"] for row in journal()))
        assert len(journal()) == 3
