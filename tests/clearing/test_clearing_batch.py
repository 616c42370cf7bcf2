"""What a batch's files hold, and what they never are: half, different, or readable by others."""

import dataclasses
import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from switch.clearing import (
    ClearingError,
    ClearingSettings,
    base2_write,
    compare,
    describe_file,
    file_totals,
    ipm_spec,
    read_base2,
    read_ipm,
    write_batch,
)
from switch.clearing.outbox import Outbox
from switch.crypto.datakeys import DataKeys
from switch.journal.reader import captured_totals

NETWORKS = ("mastercard", "visa")


def paths(files):
    return [file.path for file in files.values()]


def names(folder: Path):
    return sorted(path.name for path in folder.iterdir())


def presented(path: Path):
    """(card, amount) of each detail record."""
    if path.suffix == ".ipm":
        return [(r.fields["2"], int(r.fields["4"])) for r in read_ipm(path) if r.mti == "1240"]
    return [(r.pan, int(r.columns["source_amount"])) for r in read_base2(path) if r.pan]


@pytest.fixture
def mixed(book):
    """Two networks, three exponents of currency, everything that must not be presented."""
    for network in NETWORKS:
        book.sale(network, amount=1234)
        book.sale(network, amount=98765, currency="392")
        book.cash(network, amount=1234567, currency="414")
        book.refund(network, amount=55)
        book.end(book.transaction(network, amount=666), state="declined")
        book.sale(network, amount=777, captured=False)
        book.take_back(book.sale(network, amount=888))
    book.sale("on-us", amount=999)


def test_totals_tie_to_the_journal_per_network_and_currency(mixed, journal, clear):
    files = clear()
    expected = {"978": (2, 1289), "392": (1, 98765), "414": (1, 1234567)}
    assert captured_totals(journal, 1) == dict.fromkeys(NETWORKS, expected)
    assert {network: file.totals.currencies for network, file in files.items()} == dict.fromkeys(NETWORKS, expected)
    assert compare(journal, 1, paths(files)) == []
    assert [file_totals(path) for path in paths(files)] == [file.totals for file in files.values()]


def test_declines_holds_on_us_and_what_was_reversed_in_time_are_not_presented(mixed, clear):
    for file in clear().values():
        assert sorted(amount for _, amount in presented(file.path)) == [55, 1234, 98765, 1234567]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_reversal_after_the_batch_is_presented_as_one_in_the_batch_it_fell_into(book, journal, clear, network):
    txn = book.sale(network, amount=4711)
    first = clear()[network]
    assert (first.totals.presentments, first.totals.reversals) == (1, 0)
    book.take_back(txn)
    book.sale(network, amount=100)
    second = clear()[network]
    assert (second.totals.presentments, second.totals.reversals) == (2, 1)
    assert second.totals.currencies == {"978": (2, 4811)}
    assert presented(second.path) == [(txn.pan, 4711), (txn.pan, 100)]
    assert compare(journal, 2, [second.path]) == []


def test_the_same_batch_gives_the_same_bytes_also_after_its_transactions_were_reversed(book, clear, tmp_path):
    txns = [book.sale(network) for network in NETWORKS]
    first = clear()
    before = {file.path.name: file.path.read_bytes() for file in first.values()}
    for txn in txns:
        book.take_back(txn)
    book.close_batch()
    again, elsewhere = clear(1), clear(1, folder=tmp_path / "elsewhere")
    for files in (again, elsewhere):
        assert {file.path.name: file.path.read_bytes() for file in files.values()} == before
    assert [file.sha256 for file in again.values()] == [hashlib.sha256(data).hexdigest() for data in before.values()]


def test_each_network_has_a_file_named_after_date_and_batch_also_without_transactions(clear, folder, book):
    files = clear()
    # Nothing was captured: the date is that of the closing, 2030-11-25 00:00 UTC.
    assert names(folder) == ["mastercard-20301125-000001-01.ipm", "visa-20301125-000001-01.ctf"]
    assert [file.totals.presentments for file in files.values()] == [0, 0]
    book.sale("visa", business_date="2030-11-24")
    book.sale("visa", business_date="2030-11-23")
    assert clear()["visa"].path.name == "visa-20301124-000002-01.ctf"


def test_only_the_owner_may_read_the_files(book, clear, folder):
    previous = os.umask(0)
    try:
        book.sale("visa")
        files = clear()
    finally:
        os.umask(previous)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths(files)} == {0o600}


def test_a_batch_that_is_open_or_unknown_is_refused(book, journal, folder, settings):
    book.sale("visa")
    for batch in (1, 2):
        with pytest.raises(ClearingError, match=f"batch {batch}: expected a closed batch"):
            write_batch(journal, book.keys, batch, folder, settings)
    assert not folder.exists()


def test_a_network_without_a_file_format_stops_the_whole_batch(book, clear, folder):
    book.sale("visa")
    book.sale("amex")
    with pytest.raises(ClearingError, match="expected no transactions of amex"):
        clear()
    assert not folder.exists()


def test_a_transaction_that_no_file_can_carry_is_named_and_nothing_is_written(book, clear, folder):
    book.sale("visa")
    txn = book.sale("visa", currency="959")
    with pytest.raises(ClearingError, match="journal: transaction 2: field currency: expected an ISO 4217") as caught:
        clear()
    assert txn.pan not in str(caught.value)
    assert names(folder) == []


def test_other_data_keys_are_refused_and_nothing_is_written(book, journal, folder, settings):
    book.sale("visa")
    batch = book.close_batch()
    with pytest.raises(ClearingError, match="expected card numbers that these data keys open"):
        write_batch(journal, DataKeys(bytes(32), bytes(32)), batch, folder, settings)
    assert names(folder) == []


def test_progress_counts_to_the_number_of_transactions(book, journal, folder, settings):
    for _ in range(205):
        book.sale("visa")
    seen: list[int] = []
    write_batch(journal, book.keys, book.close_batch(), folder, settings, seen.append)
    assert seen == [100, 200, 205]


# -- more than one file


@pytest.mark.parametrize("network", NETWORKS)
def test_a_batch_that_does_not_fit_goes_on_in_further_files(book, journal, folder, settings, network):
    for number in range(5):
        book.sale(network, amount=100 + number)
    small = dataclasses.replace(settings, max_messages=4)
    files = [
        file for file in write_batch(journal, book.keys, book.close_batch(), folder, small) if file.network == network
    ]
    assert [file.path.stem[-3:] for file in files] == ["-01", "-02", "-03"]
    assert [file_totals(file.path) for file in files] == [file.totals for file in files]
    assert [file.totals.presentments for file in files] == [2, 2, 1]
    assert [amount for file in files for _, amount in presented(file.path)] == [100, 101, 102, 103, 104]
    assert compare(journal, 1, [file.path for file in files]) == []
    assert compare(journal, 1, [files[0].path, files[2].path]) == [
        f"{network} 978: files 3 of 3.05 978, journal 5 of 5.10 978"
    ]


@pytest.mark.parametrize(("network", "module"), [("mastercard", ipm_spec), ("visa", base2_write)])
def test_a_sum_beyond_the_trailer_goes_on_in_a_further_file(book, clear, folder, monkeypatch, network, module):
    monkeypatch.setattr(module, "MOST_TOTAL", 2500)
    for amount in (1000, 1500, 1):
        book.sale(network, amount=amount)
    clear()
    sums = [file_totals(path).currencies for path in sorted(folder.glob(f"{network}*"))]
    assert sums == [{"978": (2, 2500)}, {"978": (1, 1)}]


def test_parts_of_an_earlier_run_that_would_present_twice_are_refused(book, clear, settings):
    for _ in range(5):
        book.sale("visa")
    clear(settings=dataclasses.replace(settings, max_messages=4))
    with pytest.raises(ClearingError, match=r"visa-20301124-000001-02.ctf: expected no file of this batch"):
        clear(1)


# -- compare


def test_compare_tells_what_is_missing_what_is_too_much_and_what_differs(book, journal, clear, tmp_path):
    book.sale("visa", amount=1234)
    book.sale("visa", amount=5, currency="392")
    book.sale("mastercard", amount=7)
    files = clear()
    visa, mastercard = files["visa"].path, files["mastercard"].path
    assert compare(journal, 1, [visa]) == ["mastercard 978: files 0 of 0.00 978, journal 1 of 0.07 978"]
    assert compare(journal, 1, [visa, visa, mastercard]) == [
        "visa 392: files 2 of 10 392, journal 1 of 5 392",
        "visa 978: files 2 of 24.68 978, journal 1 of 12.34 978",
    ]
    book.close_batch()
    assert compare(journal, 2, [mastercard]) == ["mastercard 978: files 1 of 0.07 978, journal 0 of 0.00 978"]


def test_compare_notices_another_count_of_the_same_sum(book, journal, clear):
    book.sale("visa", amount=1234)
    one = clear()["visa"].path
    book.sale("visa", amount=1000)
    book.sale("visa", amount=234)
    book.close_batch()
    assert compare(journal, 2, [one]) == ["visa 978: files 1 of 12.34 978, journal 2 of 12.34 978"]


def test_a_file_of_another_ending_is_refused(journal, tmp_path):
    with pytest.raises(ClearingError, match=r"x.txt: expected an ending of .ipm or .ctf"):
        compare(journal, 1, [tmp_path / "x.txt"])


# -- never half


def test_what_fails_before_the_files_have_their_names_leaves_nothing(book, clear, folder, monkeypatch):
    book.sale("visa")
    batch = book.close_batch()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(ClearingError, match="expected to write there: No space left on device"):
            clear(batch)
    assert names(folder) == []
    assert len(clear(batch)) == 2


def test_bytes_are_on_the_disk_before_the_names_and_the_names_before_it_returns(book, clear, folder, monkeypatch):
    book.sale("visa")
    batch = book.close_batch()
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noting_fsync(descriptor):
        fsync(descriptor)
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "bytes")

    def noting_replace(path, target):
        events.append("name")
        return replace(path, target)

    with monkeypatch.context() as watched:
        watched.setattr(os, "fsync", noting_fsync)
        watched.setattr(Path, "replace", noting_replace)
        clear(batch)
    assert events == ["bytes", "bytes", "name", "name", "folder"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"000000001234", b"000000001235"),
        lambda data: data[:-169],
        lambda data: b"",
        lambda data: data.replace(b"\n05", b"\n25"),
    ],
    ids=["another amount", "no trailer", "empty", "a reversal"],
)
def test_a_file_that_does_not_read_back_as_meant_is_not_published(book, clear, folder, monkeypatch, damage):
    book.sale("visa")
    complete = Outbox.complete

    def damaging(self, out):
        complete(self, out)
        path = self.temporary("visa-20301124-000001-01.ctf")
        if path.exists():
            path.write_bytes(damage(path.read_bytes()))

    monkeypatch.setattr(Outbox, "complete", damaging)
    with pytest.raises(ClearingError):
        clear()
    assert names(folder) == []


def test_a_record_that_was_lost_on_the_way_is_noticed_against_the_journal(book, clear, folder, monkeypatch):
    from switch.clearing import batch as module

    book.sale("visa", amount=11)
    book.sale("visa", amount=22)
    everything = module.reader.iter_captured
    monkeypatch.setattr(module.reader, "iter_captured", lambda *given: list(everything(*given))[1:])
    with pytest.raises(ClearingError, match=r"visa 978: files 1 of 0.22 978, journal 2 of 0.33 978"):
        clear()
    assert names(folder) == []


_KILLED = """
import os, pathlib, signal, sys
from switch.clearing import ClearingSettings, write_batch
from switch.clearing.outbox import Outbox
from switch.crypto.datakeys import DataKeys
from switch.journal.reader import open_reader

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

when, renamed, replace = sys.argv[3], [], pathlib.Path.replace

def second(path, target):
    if renamed:
        die()
    renamed.append(target)
    return replace(path, target)

if when == "before the names":
    Outbox.publish = die
if when == "between two names":
    pathlib.Path.replace = second
keys = DataKeys(bytes(range(32)), bytes(range(32, 64)))
progress = die if when == "while writing" else None
write_batch(open_reader(pathlib.Path(sys.argv[1])), keys, 1, pathlib.Path(sys.argv[2]), ClearingSettings(), progress)
"""


@pytest.mark.parametrize(
    ("when", "published"), [("while writing", 0), ("before the names", 0), ("between two names", 1)]
)
def test_a_kill_leaves_no_half_file_and_the_next_run_puts_all_right(book, journal, clear, folder, when, published):
    for _ in range(3):
        for network in NETWORKS:
            book.sale(network)
    batch = book.close_batch()
    command = [sys.executable, "-c", _KILLED, book.path, folder, when]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL

    left = [path for path in folder.iterdir() if path.suffix in (".ipm", ".ctf")]
    assert len(left) == published
    assert all(file_totals(path).presentments == 3 for path in left)
    rest = [path for path in folder.iterdir() if path not in left]
    assert len(rest) == 2 - published
    assert all(path.name.startswith(".") and stat.S_IMODE(path.stat().st_mode) == 0o600 for path in rest)

    files = clear(batch)
    assert names(folder) == sorted(file.path.name for file in files.values())
    assert compare(journal, batch, paths(files)) == []


def test_two_processes_do_not_write_into_one_folder(book, clear, folder):
    book.sale("visa")
    batch = book.close_batch()
    folder.mkdir()
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ClearingError, match="expected no other process that writes here"):
            clear(batch)
    finally:
        os.close(handle)
    assert len(clear(batch)) == 2


def test_a_folder_that_cannot_be_used_is_one_clear_line(book, clear, folder):
    folder.write_text("in the way")
    with pytest.raises(ClearingError, match="expected a folder to write to: File exists"):
        clear()


# -- showing


def test_the_listing_has_a_line_per_record_and_no_card_number(mixed, clear):
    for file in clear().values():
        lines = list(describe_file(file.path))
        assert len(lines) == file.totals.records
        cards = {card for card, _ in presented(file.path)}
        assert cards
        for card in cards:
            assert card not in "\n".join(lines)
            assert f"{card[:6]}{'*' * (len(card) - 10)}{card[-4:]}" in "\n".join(lines)
        assert sum("12.34 978" in line for line in lines) == 1
        assert sum(" 98765 392" in line for line in lines) == 1
        assert sum("1234.567 414" in line for line in lines) == 1


def test_records_show_no_card_number_either(mixed, clear):
    files = clear()
    shown = repr(list(read_ipm(files["mastercard"].path))) + repr(list(read_base2(files["visa"].path)))
    for file in files.values():
        assert not any(card in shown for card, _ in presented(file.path))


def test_reversals_are_marked_in_the_listing(book, clear):
    txns = [book.sale(network) for network in NETWORKS]
    book.close_batch()
    for txn in txns:
        book.take_back(txn)
    for file in clear().values():
        assert sum(line.endswith("  reversal") for line in describe_file(file.path)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("visa_bin", "40001"), ("endpoint", "123456789012"), ("country", "DEU"), ("max_messages", 3), ("arn_format", "")],
)
def test_settings_that_cannot_be_used_are_named(name, value):
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        ClearingSettings(**{name: value})
