"""cardutil, which nobody here wrote, reads the IPM files and writes the same bytes."""

import csv
import dataclasses
import io
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from cardutil.iso8583 import dumps
from cardutil.mciipm import IpmReader, IpmWriter

from switch.clearing import ClearingSettings, read_ipm


@pytest.fixture(params=[False, True], ids=["plain", "blocked"])
def blocked(request) -> bool:
    return request.param


def read_with_cardutil(path: Path, blocked: bool) -> list[dict]:
    with path.open("rb") as source:
        return list(IpmReader(source, encoding="cp500", blocked=blocked))


def csv_by_console_command(path: Path, blocked: bool) -> list[dict]:
    out = path.with_suffix(".csv")
    command = [Path(sys.executable).parent / "mci_ipm_to_csv", path, "-o", out, "--in-encoding", "cp500"]
    subprocess.run([*command, *([] if blocked else ["--no1014blocking"])], check=True, capture_output=True, timeout=60)
    with out.open(newline="") as text:
        return list(csv.DictReader(text))


@pytest.fixture
def filled(book, clear, settings, blocked):
    """A batch with every kind of presentment, and the IPM file of it."""
    txns = [
        book.sale("mastercard", amount=1),
        book.sale("mastercard", amount=999_999_999_999, currency="392"),
        book.cash("mastercard", amount=5000, mcc="6011", currency="414"),
        book.refund("mastercard", amount=77),
        book.sale("mastercard", pan="5555550000000000042", amount=4242),
        *(book.sale("mastercard", amount=100 + number) for number in range(40)),
    ]
    file = clear(settings=dataclasses.replace(settings, blocked=blocked))["mastercard"]
    return txns, file.path


def test_the_console_command_finds_each_card_and_amount(filled, blocked):
    txns, path = filled
    rows = csv_by_console_command(path, blocked)
    assert [row["MTI"] for row in rows] == ["1644", *["1240"] * len(txns), "1644"]
    details = rows[1:-1]
    assert [(row["DE2"], int(row["DE4"]), row["DE49"], row["DE3"]) for row in details] == [
        (txn.pan, txn.amount, txn.currency, txn.processing_code) for txn in txns
    ]
    assert {(row["DE43_NAME"], row["DE43_SUBURB"]) for row in details} == {("CORNER SHOP", "HAMBURG")}
    assert {row["DE12"] for row in details} == {"2030-11-23 13:05:01"}
    assert {row["DE24"] for row in details} == {"200"}
    assert {row["PDS0148"] for row in details} == {"9782", "3920", "4143"}


def test_the_trailer_says_what_cardutil_counts(filled, blocked):
    txns, path = filled
    header, *details, trailer = read_with_cardutil(path, blocked)
    assert (header["MTI"], header["DE24"], header["DE71"], header["PDS0122"]) == ("1644", "697", 1, "T")
    assert header["PDS0105"] == "002" + "301124" + "00000500001" + "00101"
    assert (trailer["MTI"], trailer["DE24"], trailer["PDS0105"]) == ("1644", "695", header["PDS0105"])
    assert trailer["PDS0301"] == f"{sum(record['DE4'] for record in details):016d}"
    assert trailer["PDS0306"] == f"{len(details) + 2:08d}"
    assert trailer["DE71"] == len(txns) + 2


def test_cardutil_writes_the_same_bytes_from_what_it_read(filled, blocked):
    _, path = filled
    with path.open("rb") as source:
        records = list(IpmReader(source, encoding="cp500", blocked=blocked))
    out = io.BytesIO()
    writer = IpmWriter(out, encoding="cp500", blocked=blocked)
    for record in records:
        writer.write(record)
    writer.close()
    assert path.read_bytes() == out.getvalue()


def test_a_first_presentment_is_byte_for_byte_what_cardutil_makes_of_its_values(book, clear):
    book.sale("mastercard", eci="05", entry_mode="810", condition="59")
    path = clear()["mastercard"].path
    data = path.read_bytes()
    first = 4 + int.from_bytes(data[:4], "big")
    length = int.from_bytes(data[first : first + 4], "big")
    expected = {
        "MTI": "1240",
        "DE2": "5555555555554444",
        "DE3": "000000",
        "DE4": 1234,
        "DE12": datetime(2030, 11, 23, 13, 5, 1),
        "DE22": "099050S99001",
        "DE24": "200",
        "DE26": 5411,
        "DE31": "25000010328000000000019",
        "DE33": "500001",
        "DE37": "000000000001",
        "DE38": "A1B2C3",
        "DE41": "TERM0001",
        "DE42": "MERCHANT0000001",
        "DE43": "CORNER SHOP\\ \\HAMBURG\\" + " " * 13 + "DEU",
        "PDS0023": "CT6",
        "PDS0148": "9782",
        "PDS0165": "M",
        "DE49": "978",
        "DE63": " ABC123DEF1124  ",
        "DE71": 2,
        "DE94": "500001",
    }
    assert data[first + 4 : first + 4 + length] == dumps(expected, encoding="cp500")


def test_our_reader_and_cardutil_see_the_same_fields(filled, blocked):
    _, path = filled
    ours = list(read_ipm(path))
    theirs = read_with_cardutil(path, blocked)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.mti == other["MTI"]
        assert {f"DE{number}" for number in mine.fields} == {key for key in other if key[:2] == "DE" and "_" not in key}
        assert {f"PDS{tag}": value for tag, value in mine.pds.items()} == {
            key: value for key, value in other.items() if key.startswith("PDS")
        }
        assert mine.fields.get("2") == other.get("DE2")
        assert int(mine.fields.get("4", 0)) == other.get("DE4", 0)


def test_a_reversal_of_an_earlier_batch_carries_the_indicator_and_the_same_reference(book, clear):
    txn = book.sale("mastercard", amount=4711)
    first = clear()["mastercard"]
    book.take_back(txn)
    second = clear()["mastercard"]
    [presented] = read_with_cardutil(first.path, False)[1:-1]
    [taken_back] = read_with_cardutil(second.path, False)[1:-1]
    assert "PDS0025" not in presented
    assert taken_back["PDS0025"] == "R"
    assert (taken_back["DE31"], taken_back["DE2"], taken_back["DE4"]) == (presented["DE31"], txn.pan, 4711)


def test_a_file_without_transactions_is_read_too(clear):
    header, trailer = csv_by_console_command(clear()["mastercard"].path, False)
    assert (header["DE24"], trailer["DE24"]) == ("697", "695")


def test_a_production_file_says_so(book, clear):
    settings = ClearingSettings(test=False)
    assert read_with_cardutil(clear(settings=settings)["mastercard"].path, False)[0]["PDS0122"] == "P"
