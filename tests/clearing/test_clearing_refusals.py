"""A file that was cut, changed or put together wrongly is refused, with the place and without card data."""

import dataclasses
from pathlib import Path

import pytest

from switch.clearing import ClearingError, FileRules, file_totals, ipm_spec
from switch.clearing.vbs import VbsWriter

PAN = "4111111111111111"
MASTERCARD_PAN = "5555555555554444"


@pytest.fixture
def damaged(tmp_path):
    """damaged(path, data): a file of the same ending with other bytes."""

    def make(path: Path, data: bytes) -> Path:
        made = tmp_path / f"damaged{path.suffix}"
        made.write_bytes(data)
        return made

    return make


@pytest.fixture
def files(book, clear, settings):
    """Plain IPM, blocked IPM and BASE II of two sales, a refund and (by an earlier batch) a reversal."""
    taken = [book.sale(network, amount=1000) for network in ("mastercard", "visa")]
    book.close_batch()
    for txn in taken:
        book.take_back(txn)
    for network in ("mastercard", "visa"):
        book.sale(network, amount=1234)
        book.sale(network, amount=98765, currency="392")
        book.refund(network, amount=55)
    plain = clear()
    kept = plain["mastercard"].path.rename(plain["mastercard"].path.with_name("plain.ipm"))
    blocked = clear(2, settings=dataclasses.replace(settings, blocked=True))["mastercard"].path
    return {"plain": kept, "blocked": blocked, "base2": plain["visa"].path}


KINDS = pytest.mark.parametrize("kind", ["plain", "blocked", "base2"])


@KINDS
def test_a_whole_file_is_accepted(files, kind):
    totals = file_totals(files[kind])
    assert totals.currencies == {"978": (3, 2289), "392": (1, 98765)}
    assert (totals.presentments, totals.reversals) == (4, 1)


@KINDS
def test_a_file_cut_at_any_byte_is_refused(files, damaged, kind):
    data = files[kind].read_bytes()
    for size in range(len(data)):
        with pytest.raises(ClearingError) as caught:
            file_totals(damaged(files[kind], data[:size]))
        assert PAN not in str(caught.value) and MASTERCARD_PAN not in str(caught.value)


@KINDS
@pytest.mark.parametrize("extra", [b"\x00", b"\n", b"@", b"\x40" * 1014, b"\x00\x00\x00\x00", b"9" * 168 + b"\n"])
def test_anything_behind_the_end_is_refused(files, damaged, kind, extra):
    data = files[kind].read_bytes()
    with pytest.raises(ClearingError):
        file_totals(damaged(files[kind], data + extra))


def places(data: bytes, text: str, encoding: str):
    wanted = text.encode(encoding)
    start = data.find(wanted)
    while start >= 0:
        yield from range(start, start + len(wanted))
        start = data.find(wanted, start + 1)


@KINDS
def test_another_digit_in_any_amount_or_sum_is_refused(files, damaged, kind):
    encoding = "ascii" if kind == "base2" else "cp500"
    data = files[kind].read_bytes()
    seen = 0
    sums = (f"{1000 + 1234 + 98765 + 55:016d}",) if kind != "base2" else (f"{1000 + 1234 + 98765 + 55:015d}",)
    # The authorised amount of TCR5 enters no sum.
    counted = [
        place
        for text in (f"{1000:012d}", f"{1234:012d}", f"{98765:012d}", f"{55:012d}", *sums)
        for place in places(data, text, encoding)
        if kind != "base2" or data[place - place % 169 + 3 : place - place % 169 + 4] != b"5"
    ]
    for place in counted:
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(ClearingError) as caught:
            file_totals(damaged(files[kind], bytes(changed)))
        assert PAN not in str(caught.value) and MASTERCARD_PAN not in str(caught.value)
        seen += 1
    assert seen >= 4 * 12 + 15


@KINDS
def test_no_changed_bit_makes_another_total_or_another_error(files, damaged, kind):
    """Whatever one bit does, the file is refused or its totals are what they were."""
    data = files[kind].read_bytes()
    before = file_totals(files[kind])
    refused = 0
    for place in range(0, len(data), 3):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        try:
            totals = file_totals(damaged(files[kind], bytes(changed)))
        except ClearingError as error:
            refused += 1
            assert PAN not in str(error) and MASTERCARD_PAN not in str(error)
        else:
            assert dataclasses.replace(totals, currencies={}, reversals=0) == dataclasses.replace(
                before, currencies={}, reversals=0
            )
            assert sum(amount for _, amount in totals.currencies.values()) == 2289 + 98765
    assert refused > len(data) / 20


def test_the_error_says_file_record_byte_field_and_what_was_expected(files, damaged):
    lines = files["base2"].read_bytes().split(b"\n")
    lines[1] = lines[1][:61] + b"00000000123X" + lines[1][73:]
    with pytest.raises(ClearingError) as caught:
        file_totals(damaged(files["base2"], b"\n".join(lines)))
    error = caught.value
    assert (error.file, error.record, error.offset, error.field) == ("damaged.ctf", 2, 169, "destination_amount")
    assert str(error) == "damaged.ctf: record 2 at byte 169: field destination_amount: expected digits"


def test_the_byte_of_an_ipm_error_is_where_the_field_lies_in_the_file_blocks_included(files, damaged):
    for kind in ("plain", "blocked"):
        data = files[kind].read_bytes()
        place = data.rindex("00000006".encode("cp500"))  # DE71 of the trailer
        changed = data[:place] + b"\xc1" + data[place + 1 :]
        with pytest.raises(ClearingError) as caught:
            file_totals(damaged(files[kind], changed))
        assert (caught.value.record, caught.value.offset, caught.value.field) == (6, place, "71")


# -- files put together wrongly


HEADER = {"t": "1644", "24": "697", "48": {"0105": "002" + "301124" + "00000500001" + "00101", "0122": "T"}}
DETAIL = {
    "t": "1240", "2": MASTERCARD_PAN, "3": "000000", "4": "000000001234", "12": "301124120000", "22": "000000000000",
    "24": "200", "26": "5411", "31": "25000010328000000000019", "33": "500001", "43": "NAME",
    "48": {"0023": "POI", "0148": "9782", "0165": "M"}, "49": "978", "94": "500001",
}  # fmt: skip
TRAILER = {
    "t": "1644",
    "24": "695",
    "48": {"0105": HEADER["48"]["0105"], "0301": "0000000000001234", "0306": "00000003"},
}


@pytest.fixture
def ipm(tmp_path):
    """ipm(*records): a file of these, DE71 ascending unless a record has its own."""

    def make(*records: dict) -> Path:
        path = tmp_path / "made.ipm"
        with path.open("wb") as out:
            vbs = VbsWriter(out, blocked=False)
            for number, record in enumerate(records, 1):
                whole = {"71": f"{number:08d}"} | record
                if isinstance(whole.get("48"), dict):
                    whole["48"] = ipm_spec.build_pds(whole["48"])
                vbs.write(ipm_spec.CODEC.encode({key: value for key, value in whole.items() if value is not None}))
            vbs.close()
        return path

    return make


def with_pds(record: dict, **changes: str | None) -> dict:
    pds = {tag: value for tag, value in (record["48"] | changes).items() if value is not None}
    return record | {"48": pds}


def test_the_records_made_here_are_sound(ipm):
    assert file_totals(ipm(HEADER, DETAIL, TRAILER)).currencies == {"978": (1, 1234)}


@pytest.mark.parametrize(
    ("records", "where"),
    [
        ((DETAIL, TRAILER), "record 1 at byte 0: field 24: expected a file header"),
        ((HEADER, HEADER, TRAILER), "record 2 at byte .*: field 24: expected 1240-200 or the file trailer"),
        ((HEADER, DETAIL), "record 3 at byte .*: expected a file trailer"),
        ((HEADER, DETAIL, TRAILER, TRAILER), "record 4 .*: expected nothing behind the file trailer"),
        ((HEADER, DETAIL | {"71": "00000003"}, TRAILER), "record 2 .*: field 71: expected message number 00000002"),
        ((HEADER, DETAIL | {"71": None}, TRAILER), "record 2 .*: field 71: expected message number"),
        ((HEADER, DETAIL | {"24": "205"}, TRAILER), "field 24: expected 1240-200"),
        ((HEADER, DETAIL | {"49": "000"}, TRAILER), "field 49: expected an ISO 4217"),
        ((HEADER, DETAIL | {"31": "25000010328000000000018"}, TRAILER), "field 31: expected 23 digits"),
        ((HEADER, DETAIL | {"31": "2500001"}, TRAILER), "field 31: expected 23 digits"),
        ((HEADER, DETAIL | {"48": "0023009POI"}, TRAILER), r"field 48\.23: structure"),
        ((HEADER, with_pds(DETAIL, **{"0148": "9783"}), TRAILER), "field PDS0148"),
        ((HEADER, with_pds(DETAIL, **{"0148": "3920"}), TRAILER), "field PDS0148"),
        ((HEADER, DETAIL, with_pds(TRAILER, **{"0301": None})), "field PDS0301: expected 0000000000001234"),
        ((HEADER, DETAIL, with_pds(TRAILER, **{"0301": "1234"})), "field PDS0301: expected 0000000000001234"),
        ((HEADER, DETAIL, with_pds(TRAILER, **{"0306": "00000002"})), "field PDS0306: expected 00000003"),
        ((HEADER, DETAIL, with_pds(TRAILER, **{"0105": "0" * 25})), "field PDS0105: expected the file id"),
        ((with_pds(HEADER, **{"0105": "0" * 24}), DETAIL, TRAILER), "record 1 .*field PDS0105: expected 25 digits"),
        ((with_pds(HEADER, **{"0122": "X"}), DETAIL, TRAILER), "record 1 .*field PDS0122: expected P or T"),
    ],
)
def test_ipm_records_out_of_place_are_refused(ipm, records, where):
    with pytest.raises(ClearingError, match=where) as caught:
        file_totals(ipm(*records))
    assert MASTERCARD_PAN not in str(caught.value)


@pytest.mark.parametrize("number", [number for number in ipm_spec.MANDATORY if number not in ("24", "71")])
def test_a_presentment_without_a_mandatory_field_is_refused(ipm, number):
    with pytest.raises(ClearingError, match=f"record 2 .*field {number}: expected it in every first presentment"):
        file_totals(ipm(HEADER, DETAIL | {number: None}, TRAILER))


@pytest.mark.parametrize("tag", ipm_spec.MANDATORY_PDS)
def test_a_presentment_without_a_mandatory_private_element_is_refused(ipm, tag):
    with pytest.raises(ClearingError, match=f"record 2 .*field PDS{tag}: expected it in every first presentment"):
        file_totals(ipm(HEADER, with_pds(DETAIL, **{tag: None}), TRAILER))


def test_a_record_longer_than_the_limit_is_refused_before_it_is_read(files, damaged):
    data = files["plain"].read_bytes()
    with pytest.raises(ClearingError, match="record 1 at byte 4: expected a record of at most 6000 bytes"):
        file_totals(damaged(files["plain"], b"\x7f\xff\xff\xff" + data[4:]))
    with pytest.raises(ClearingError, match="expected a record of at most 50 bytes"):
        file_totals(files["plain"], FileRules(max_record=50))


def flip(line: bytes, position: int) -> bytes:
    """The last bit of the character at a 1-based position turned round."""
    return line[: position - 1] + bytes([line[position - 1] ^ 1]) + line[position:]


def base2_lines(files):
    return files["base2"].read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda lines: lines[1:], "record 1 at byte 0: expected one file header"),
        (lambda lines: [lines[0], *lines], "record 2 .*: expected one file header"),
        (lambda lines: [*lines[:-2], lines[-1]], "expected a batch trailer TC91 first"),
        (lambda lines: [*lines[:-1], *lines[1:4], lines[-1]], "expected a batch trailer TC91 first"),
        (lambda lines: [lines[0], lines[-1]], "expected a batch trailer TC91 first"),
        (lambda lines: lines[:-1], "expected a file trailer TC92"),
        (lambda lines: [*lines, lines[-1]], "expected nothing behind the file trailer"),
        (lambda lines: [lines[0], *lines[2:]], "record 2 .*: expected TCR0, TCR1 and then TCR5"),
        (lambda lines: [lines[0], lines[1], *lines[3:]], "record 3 .*: expected TCR0, TCR1 and then TCR5"),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "expected TCR0, TCR1 and then TCR5"),
        (lambda lines: [*lines[:3], *lines[2:]], "expected TCR0, TCR1 and then TCR5"),
        (lambda lines: [*lines[:2], b"06" + lines[2][2:], *lines[3:]], "expected TCR0, TCR1 and then TCR5"),
        (lambda lines: [*lines[:2], *lines[4:]], "expected TCR1 behind TCR0"),
        (lambda lines: [*lines[:1], *lines[4:]], "field destination_amount: expected [0-9]+, counted from the records"),
        (lambda lines: [*lines[:1], b"15" + lines[1][2:], *lines[2:]], "field transaction_code: expected TC 05"),
        (lambda lines: [*lines[:3], lines[3][:3] + b"7" + lines[3][4:], *lines[4:]], "field transaction_code"),
        (lambda lines: [lines[0][:8] + b"30329" + lines[0][13:], *lines[1:]], "field processing_date"),
        (lambda lines: [lines[0][:2] + b"400002" + lines[0][8:], *lines[1:]], "field processing_bin"),
        (lambda lines: [*lines[:1], lines[1][:4] + b" " * 16 + lines[1][20:], *lines[2:]], "field account_number"),
        (
            lambda lines: [*lines[:1], flip(lines[1], 49), *lines[2:]],
            "acquirer_reference_number",
        ),
        (lambda lines: [*lines[:1], lines[1][:88] + b"000" + lines[1][91:], *lines[2:]], "source_currency"),
        (lambda lines: [*lines[:1], lines[1][:100] + b"\xe9" + lines[1][101:], *lines[2:]], "expected printable ASCII"),
        (lambda lines: [*lines[:1], lines[1][:100] + lines[1][101:], *lines[2:]], "expected 168 characters"),
        (lambda lines: [line.replace(b"\n", b"\r\n") for line in lines], "expected 168 characters"),
    ],
)
def test_base2_records_out_of_place_are_refused(files, damaged, change, where):
    with pytest.raises(ClearingError, match=where) as caught:
        file_totals(damaged(files["base2"], b"".join(change(base2_lines(files)))))
    assert PAN not in str(caught.value)


@pytest.mark.parametrize("trailer", [-2, -1])
@pytest.mark.parametrize(
    ("last", "name"),
    [
        (30, "destination_amount"),
        (42, "monetary_count"),
        (48, "batch_number"),
        (60, "record_count"),
        (83, "transaction_count"),
        (116, "source_amount"),
    ],
)
def test_every_figure_of_both_trailers_is_counted_again(files, damaged, trailer, last, name):
    lines = base2_lines(files)
    lines[trailer] = flip(lines[trailer], last)
    with pytest.raises(ClearingError, match=f"field {name}: expected [0-9]+, counted from the records"):
        file_totals(damaged(files["base2"], b"".join(lines)))


def test_amounts_that_a_network_converted_add_up_on_their_own_and_totals_are_those_of_the_source(files, damaged):
    lines = base2_lines(files)
    lines[1] = lines[1][:61] + b"000000000777" + b"840" + lines[1][76:]
    for trailer in (-2, -1):
        changed = f"{2289 + 98765 - 1000 + 777:015d}".encode()
        lines[trailer] = lines[trailer][:15] + changed + lines[trailer][30:]
    assert file_totals(damaged(files["base2"], b"".join(lines))).currencies == {"978": (3, 2289), "392": (1, 98765)}


def test_a_missing_file_is_one_clear_line(tmp_path):
    for name in ("none.ipm", "none.ctf"):
        with pytest.raises(ClearingError, match=f"{name}: expected a file to read: No such file"):
            file_totals(tmp_path / name)


def test_other_rules_than_those_it_was_written_under_are_refused(files):
    for rules in (FileRules(trailers_count=False), FileRules(net_totals=True)):
        with pytest.raises(ClearingError, match="counted from the records"):
            file_totals(files["base2"], rules)
