"""The delivery log: what it still knows after the process is gone, and that it never claims more."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.journal import delivery
from switch.journal.delivery import DeliveryLog, boot_id

BOOT = "0b0e1f6e-0000-4000-8000-000000000001"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "delivered.log"


@pytest.fixture
def begin(file):
    """Opens the log as a new life of the process would; an unclosed one is as good as killed."""
    opened = []

    def run(boot=BOOT, **options):
        log = DeliveryLog(file, boot, **options)
        opened.append(log)
        return log

    yield run
    for log in opened:
        if log._file >= 0:
            os.close(log._file)


def _started(begin, **options):
    log = begin(**options)
    log.start()
    return log


def test_marks_are_known_to_the_next_life_only_once_flushed(begin):
    log = _started(begin)
    log.mark(1)
    log.mark(2**40)
    log.flush()
    log.mark(3)
    after = begin()
    assert after.known == {1, 2**40} and after.same_boot


def test_a_mark_that_was_taken_back_is_not_known_unless_it_was_made_again(begin):
    log = _started(begin)
    for number in (1, 2, 3):
        log.mark(number)
    log.unmark(2)
    log.unmark(3)
    log.mark(3)
    log.flush()
    assert begin().known == {1, 3}
    assert log.rotate(due=True) == [1, 3, 3]


def test_a_mark_is_taken_back_in_the_file_that_follows(begin):
    log = _started(begin)
    log.mark(1)
    log.mark(2)
    log.rotate(due=True)
    log.unmark(1)
    log.flush()
    assert begin().known == {2}


def test_a_tick_is_one_write_whatever_it_holds(begin, monkeypatch):
    log, writes = _started(begin), []
    real = os.write
    monkeypatch.setattr(delivery.os, "write", lambda fd, data: writes.append(len(data)) or real(fd, data))
    log.flush()
    for number in range(1, 101):
        log.mark(number)
    log.flush()
    assert writes == [800]


def test_the_first_life_knows_nothing_and_claims_nothing(begin):
    log = begin()
    assert log.known == set() and not log.same_boot


def test_another_boot_makes_the_marks_incomplete(begin):
    log = _started(begin)
    log.mark(1)
    log.flush()
    assert not begin("another boot").same_boot


def test_the_boot_id_is_stable_while_the_machine_is_up():
    assert boot_id() == boot_id() and len(boot_id()) == 36


@pytest.mark.parametrize("torn", range(1, 8))
def test_a_torn_last_mark_is_dropped_and_the_whole_ones_count(begin, file, torn):
    log = _started(begin)
    log.mark(1)
    log.mark(2)
    log.flush()
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - torn)
    assert begin().known == {1}


def test_a_write_cut_short_by_a_full_disk_shifts_no_later_mark(begin, monkeypatch):
    log, real, room = _started(begin), os.write, [11]

    def write(fd, data):
        if not room[0]:
            raise OSError(28, "No space left on device")
        data, room[0] = data[: room[0]], max(0, room[0] - len(data))
        return real(fd, data)

    monkeypatch.setattr(delivery.os, "write", write)
    log.mark(1)
    log.mark(2)
    with pytest.raises(OSError, match="No space"):
        log.flush()
    room[0] = 1000
    log.mark(3)
    log.flush()
    assert begin().known == {1, 2, 3}


def test_below_the_bound_nothing_is_set_aside(begin):
    log = _started(begin, fold_at=3)
    log.mark(1)
    log.mark(2)
    assert log.rotate() == []


def test_set_aside_marks_survive_until_they_are_folded(begin):
    log = _started(begin, fold_at=3)
    for number in (1, 2, 3):
        log.mark(number)
    assert log.rotate() == [1, 2, 3]
    log.mark(4)
    log.flush()
    assert begin().known == {1, 2, 3, 4}, "killed before the fold was durable"
    log.folded()
    assert begin().known == {4}, "folded ones are in the journal's rows"


def test_a_second_rotation_waits_for_the_first_to_be_folded(begin):
    log = _started(begin, fold_at=1)
    log.mark(1)
    assert log.rotate() == [1]
    log.mark(2)
    assert log.rotate() == []
    log.folded()
    assert log.rotate() == [2]


def test_starting_anew_forgets_both_files(begin):
    log = _started(begin, fold_at=1)
    log.mark(1)
    log.rotate()
    log.mark(2)
    log.flush()
    _started(begin)
    after = begin()
    assert after.known == set() and after.same_boot


@pytest.mark.parametrize("moment", ["start", "rotate"])
def test_killed_while_a_file_is_begun_the_boot_is_still_known(begin, file, monkeypatch, moment):
    """Between making the new file and its first line there must be no moment that reads as another boot."""

    class Killed(BaseException):
        pass

    def kill(fd, data):
        raise Killed

    log = _started(begin, fold_at=1)
    log.mark(7)
    log.flush()
    log = log if moment == "rotate" else begin()
    monkeypatch.setattr(delivery.os, "write", kill)
    with pytest.raises(Killed):
        getattr(log, moment)()
    after = begin()
    assert after.same_boot and after.known == {7}


def test_a_clean_close_keeps_the_last_marks(begin):
    log = _started(begin)
    log.mark(5)
    log.close()
    log._file = -1
    assert begin().known == {5}


def test_only_the_owner_can_read_it(begin, file):
    _started(begin)
    assert file.stat().st_mode & 0o777 == 0o600


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=64), header=st.sampled_from([b"", b"\n", BOOT.encode() + b"\n", b"\xff\n"]))
def test_whatever_a_crash_of_the_machine_left_can_be_read(tmp_path_factory, body, header):
    file = tmp_path_factory.mktemp("crash") / "delivered.log"
    file.write_bytes(header + body)
    log = DeliveryLog(file, BOOT)
    assert all(0 < mark < 2**63 for mark in log.known)
    assert log.same_boot == (header + body).startswith(BOOT.encode() + b"\n")


@pytest.mark.parametrize("call", ["open", "write"])
def test_without_room_for_another_file_the_marks_go_on_where_they_are(begin, monkeypatch, call):
    log = _started(begin, fold_at=2)
    for number in (1, 2):
        log.mark(number)
    log.flush()

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(delivery.os, call, full)
        with pytest.raises(OSError, match="No space"):
            log.rotate()
    log.mark(3)
    log.flush()
    after = begin()
    assert after.known == {1, 2, 3} and after.same_boot
    assert log.rotate() == [1, 2, 3]
    log.mark(4)
    log.flush()
    log.folded()
    assert begin().known == {4}
