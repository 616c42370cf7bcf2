"""Ten times the bytes take about ten times the work, whatever the portions: a quadratic framer takes a hundred."""

import tracemalloc
from collections.abc import Callable
from time import process_time

import pytest

from switch.message import FrameReader, Framing, make_framer, parse_framing
from switch.message.framing_lengths import LENGTHS

_SMALL = 64 * 1024
_AT_MOST = 25


def _one_long_frame(size: int) -> None:
    framer = make_framer("len4", max_frame=size)
    for byte in framer.wrap(bytes(size)):
        found = framer.feed(bytes((byte,)))
    assert [len(frame) for frame in found] == [size]


def _small_frames_in_one_chunk(size: int) -> None:
    framer = make_framer("len2")
    assert len(framer.feed(framer.wrap(bytes(8)) * (size // 10))) == size // 10


def _small_frames_one_by_one(size: int) -> None:
    reader = FrameReader(parse_framing("len2"))
    reader.feed(make_framer("len2").wrap(bytes(8)) * (size // 10))
    count = 0
    while reader.next_frame():
        count += 1
    assert count == size // 10


def _small_frames_across_every_portion(size: int) -> None:
    framer = make_framer("len2")
    stream = framer.wrap(bytes(8)) * (size // 10)
    assert sum(len(framer.feed(stream[at : at + 7])) for at in range(0, len(stream), 7)) == size // 10


def _keep_alives(size: int) -> None:
    framer = make_framer(Framing(kind="len2", max_keep_alives=size))
    assert framer.feed(bytes(size)) == []
    assert framer.keep_alives == size // 2


def _best(work: Callable[[int], None], size: int) -> float:
    """Seconds of this process, so that others on the machine count little, and the better of two."""
    times = []
    for _ in range(2):
        began = process_time()
        work(size)
        times.append(process_time() - began)
    return min(times)


@pytest.mark.parametrize(
    "work",
    [
        _one_long_frame,
        _small_frames_in_one_chunk,
        _small_frames_one_by_one,
        _small_frames_across_every_portion,
        _keep_alives,
    ],
)
def test_ten_times_the_bytes_take_about_ten_times_as_long(work: Callable[[int], None]) -> None:
    assert _best(work, 10 * _SMALL) < _AT_MOST * _best(work, _SMALL)


def test_the_length_of_a_frame_that_arrives_byte_by_byte_is_read_twice_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    length = LENGTHS["len2"]
    counting = type(length)(2, 0xFFFF, "", lambda header: read.append(1) or length.parse(header), length.build)
    monkeypatch.setitem(LENGTHS, "len2", counting)
    framer = make_framer("len2", 65535)
    for byte in framer.wrap(bytes(65535)):
        framer.feed(bytes((byte,)))
    assert len(read) == 2


def test_a_long_stream_leaves_nothing_behind() -> None:
    framer = make_framer("len2")
    stream = framer.wrap(bytes(1000)) * 3
    tracemalloc.start()
    try:
        for _ in range(300):
            for at in range(0, len(stream), 700):
                framer.feed(stream[at : at + 700])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000, "900,000 bytes went through"
