"""Framing of IPM files against cardutil's, at every length around a block's end."""

import io

import pytest
from cardutil.mciipm import vbs_bytes_to_list, vbs_list_to_bytes

from switch.clearing import ClearingError
from switch.clearing.vbs import VbsReader, VbsWriter

LENGTHS = [1, 1000, 1003, 1004, 1005, 1007, 1008, 1009, 1011, 1012, 1013, 2015, 2016, 2020, 2024, 3031, 3032, 3033]


def written(records, blocked):
    out = io.BytesIO()
    writer = VbsWriter(out, blocked=blocked)
    for record in records:
        writer.write(record)
    writer.close()
    return out.getvalue()


def read(data, max_record=6000):
    reader = VbsReader(io.BytesIO(data), "file", max_record)
    found = []
    while (record := reader.read()) is not None:
        found.append(record)
    return found


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_written_is_read_here_and_by_cardutil(length, blocked):
    records = [bytes([1 + number]) * size for number, size in enumerate((length, 7, length))]
    data = written(records, blocked)
    assert not blocked or len(data) % 1014 == 0
    assert read(data) == records
    assert vbs_bytes_to_list(data, blocked=blocked) == records


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("length", LENGTHS)
def test_what_cardutil_writes_is_read(length, blocked):
    records = [b"\xf1" * length, b"\xf2" * length]
    assert read(vbs_list_to_bytes(records, blocked=blocked)) == records


def test_a_further_block_of_fill_is_read_only_where_the_data_ends_with_its_block():
    exact = written([b"\xf1" * (1012 - 8)], True)
    assert len(exact) == 1014
    assert read(exact) == read(exact + b"\x40" * 1014) == [b"\xf1" * 1004]
    with pytest.raises(ClearingError, match="up to the end of the block and no more"):
        read(exact + b"\x40" * 2028)
    with pytest.raises(ClearingError, match="up to the end of the block and no more"):
        read(written([b"\xf1" * 1003], True) + b"\x40" * 1014)


def test_a_block_that_does_not_end_in_its_two_bytes_is_refused():
    data = bytearray(written([b"\xf1" * 3000], True))
    data[1013] = 0
    with pytest.raises(ClearingError, match="file: record 1 at byte 1012: expected two bytes X'40'"):
        read(bytes(data))


def test_fill_that_is_none_is_refused():
    data = bytearray(written([b"\xf1" * 10], True))
    data[500] = 0xF1
    with pytest.raises(ClearingError, match="expected X'40' up to the end of the block"):
        read(bytes(data))


def test_a_file_of_no_records_is_an_end_and_nothing_else():
    assert written([], False) == bytes(4)
    assert read(bytes(4)) == read(written([], True)) == []
