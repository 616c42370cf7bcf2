"""The whole way of a payment, as `make run` shows it: separate processes, real sockets, files others can read."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from switch.crypto import pinblock, tdes
from switch.journal import reader
from switch.resources import read_text

CARDS = json.loads(read_text("fixtures", "cards.json"))["cards"]
KEYS = json.loads(read_text("fixtures", "clear_keys.json"))["keys"]


@pytest.fixture(scope="module")
def lab(start_lab, tmp_path_factory):
    lab = start_lab(tmp_path_factory.mktemp("lab"), "--once", "--payments", "200")
    status = lab.wait()
    assert status == 0, lab.output
    return lab


@pytest.fixture(scope="module")
def journal(lab):
    with closing(reader.open_reader(lab.folder / "journal.db")) as connection:
        yield connection


def test_the_tables_say_that_every_total_agrees(lab):
    assert "differs" not in lab.output
    assert lab.output.count("agrees") >= 5
    assert "got" not in lab.output.partition("Totals")[0].partition("p99")[2]


def test_every_payment_is_in_the_journal(lab, journal):
    rows = reader.list_transactions(journal, 10_000)
    assert Counter(row["kind"] == "reversal" for row in rows)[False] == 200
    assert {row["response_code"] for row in rows} >= {"00", "14", "51", "54", "55", "75", "82", "92"}
    assert {row["network"] for row in rows} >= {"visa", "mastercard", "on-us"}
    assert not reader.queued(journal).keys() & {"queued", "dead"}


def test_cardutil_reads_the_ipm_file_and_finds_the_journals_total(lab, journal, tmp_path):
    (path,) = (lab.folder / "clearing").glob("*.ipm")
    out = tmp_path / "out.csv"
    tool = Path(sys.executable).with_name("mci_ipm_to_csv")
    subprocess.run(
        [tool, "--no1014blocking", "--in-encoding", "cp500", "-o", out, path], check=True, capture_output=True
    )
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["MTI"] for row in (rows[0], rows[-1])] == ["1644", "1644"]
    found = Counter()
    for row in rows[1:-1]:
        assert row["MTI"] == "1240"
        found[row["DE49"]] += int(row["DE4"])
    expected = reader.captured_totals(journal, 1)["mastercard"]
    assert found == {currency: amount for currency, (_, amount) in expected.items()}
    assert len(rows) - 2 == sum(count for count, _ in expected.values())


def test_the_base_ii_file_carries_the_journals_visa_amounts(lab, journal):
    (path,) = (lab.folder / "clearing").glob("*.ctf")
    lines = path.read_text().splitlines()
    assert [line[:2] for line in (lines[0], *lines[-2:])] == ["90", "91", "92"]
    found = Counter()
    for line in lines[1:-2]:
        if line[:2] in ("05", "06", "07") and line[3] == "0":
            found[line[88:91]] += int(line[76:88])
    expected = reader.captured_totals(journal, 1)["visa"]
    assert found == {currency: amount for currency, (_, amount) in expected.items()}


def test_the_journal_knows_the_files_that_stand(lab, journal):
    found = {row["name"]: row["sha256"] for row in journal.execute("SELECT * FROM clearing_file WHERE batch = 1")}
    assert found == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (lab.folder / "clearing").iterdir()
    }


def test_reversed_payments_are_in_no_file(lab, journal):
    reversed_ = reader.list_transactions(journal, 1000, state="reversed")
    assert reversed_
    text = b"".join(path.read_bytes() for path in (lab.folder / "clearing").iterdir())
    for row in reversed_:
        assert row["rrn"].encode() not in text
        assert row["rrn"].encode("cp500") not in text


# -- nothing sensitive anywhere but in the clearing files


def _forms(digits: str) -> set[bytes]:
    """How a number might be written down: ASCII, EBCDIC, packed, and each of these in hexadecimal."""
    packed = {bytes.fromhex(text) for text in (digits, f"0{digits}", f"{digits}F") if len(text) % 2 == 0}
    plain = {digits.encode(), digits.encode("cp500"), *packed}
    return plain | {form.hex().encode() for form in plain} | {form.hex().upper().encode() for form in plain}


def _secrets() -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = {}
    for card in CARDS:
        pan, name = card["pan"], card["name"]
        found[f"PAN of {name}"] = _forms(pan)
        found[f"discretionary data of {name}"] = _forms(card["track2"].partition("=")[2])
        found[f"CVV2 element of {name}"] = {form for text in (f"9203{card['cvv2']}",) for form in _forms(text)}
        clear = pinblock.encode(pinblock.ISO_0, card["pin"], pinblock.account_of(pan), "0" * 16)
        blocks = {clear, *(tdes.encrypt(bytes.fromhex(key), clear) for key in KEYS.values())}
        texts = {text.encode() for block in blocks for text in (block.hex(), block.hex().upper())}
        found[f"PIN blocks of {name}"] = blocks | texts
    for name, key in KEYS.items():
        found[f"key {name}"] = {bytes.fromhex(key), key.encode(), key.lower().encode()}
    return found


def test_no_output_of_a_whole_run_holds_a_card_number_pin_block_cvv_or_key(lab):
    files = [path for path in lab.folder.rglob("*") if path.is_file() and path.parent.name != "clearing"]
    assert {path.name for path in files} >= {"journal.db", "switch.log", "visa.log", "issuer-a.db", "hsm.log"}
    contents = {path.name: path.read_bytes() for path in files} | {"console": lab.output.encode()}
    leaks = [
        f"{what} in {name}"
        for what, forms in _secrets().items()
        for name, content in contents.items()
        if any(form in content for form in forms)
    ]
    assert not leaks


def test_the_search_would_find_them_where_they_may_be(lab):
    """The clearing files hold card numbers: a search that finds none there finds none anywhere."""
    content = b"".join(path.read_bytes() for path in (lab.folder / "clearing").iterdir())
    assert any(form in content for what, forms in _secrets().items() if what.startswith("PAN") for form in forms)


def test_logs_are_json_lines_with_one_per_transaction(lab, journal):
    for path in (lab.folder / "log").iterdir():
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert all({"event", "level", "time", "process"} <= line.keys() for line in lines), path
    lines = [json.loads(line) for line in (lab.folder / "log" / "switch.log").read_text().splitlines()]
    told = Counter(line["txn_id"] for line in lines if line["event"] == "transaction")
    assert told == Counter(row["txn_id"] for row in reader.list_transactions(journal, 10_000))


def test_no_process_complained(lab):
    for path in (lab.folder / "log").iterdir():
        text = path.read_text()
        assert "Traceback" not in text, path
        assert '"level":"error"' not in text, path


def test_a_second_run_in_the_same_folder_goes_on_with_the_next_batch(lab, start_lab):
    again = start_lab(lab.folder, "--once", "--payments", "40", "--seed", "2")
    assert again.wait() == 0, again.output
    assert len(list((lab.folder / "clearing").glob("*.ipm"))) == 2


def test_a_second_lab_in_the_same_folder_is_refused_in_one_line(lab, start_lab):
    (lab.folder / "lab.lock").touch()
    first = start_lab(lab.folder, "--payments", "1")
    try:
        for line in first.process.stdout:
            first.output += line
            if "up until Ctrl-C" in line:
                break
        second = start_lab(lab.folder, "--once", "--payments", "1")
        assert second.wait() == 2
        assert re.fullmatch(r"error: \S+: another lab runs here; choose another folder with --dir\n", second.output)
    finally:
        first.process.terminate()
    assert first.wait() == 0, first.output
    assert "drained" in first.output
