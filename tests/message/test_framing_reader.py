"""Frames one at a time: every good one before the fault, each with what stood before its message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import Frame, FrameError, FrameReader, MessageError, Tpdu, make_framer, parse_framing, split_frame

TPDU = Tpdu(destination="0001", source="8002")


def test_frames_come_one_at_a_time_until_the_bytes_run_out() -> None:
    reader = FrameReader(parse_framing("len2"))
    assert reader.next_frame() is None
    reader.feed(b"\0\1a\0\2bc\0\3d")
    assert reader.next_frame() == Frame(b"a")
    assert reader.next_frame() == Frame(b"bc")
    assert reader.next_frame() is None
    assert reader.pending == 3
    reader.feed(b"ef")
    assert reader.next_frame() == Frame(b"def")
    reader.finish()


def test_good_frames_come_before_the_fault_and_nothing_after_it() -> None:
    reader = FrameReader(parse_framing("ascii4", max_frame=10))
    reader.feed(b"0001a0001b9999")
    reader.feed(b"0001c")
    assert [reader.next_frame(), reader.next_frame()] == [Frame(b"a"), Frame(b"b")]
    for _ in range(2):
        with pytest.raises(FrameError, match="announces 9999 bytes, expected at most 10"):
            reader.next_frame()


def test_an_unfinished_frame_is_told_at_the_end() -> None:
    reader = FrameReader(parse_framing("len2"))
    reader.feed(b"\0\1a\0\5ab")
    assert reader.next_frame() == Frame(b"a")
    with pytest.raises(FrameError, match="stream ends in mid-frame, with 4 of 7 bytes"):
        reader.finish()


def test_keep_alives_are_counted() -> None:
    reader = FrameReader(parse_framing("len2"))
    reader.feed(b"\0\0\0\0\0\1a")
    assert (reader.next_frame(), reader.keep_alives) == (Frame(b"a"), 2)


@given(
    frames=st.lists(
        st.builds(Frame, st.binary(min_size=1, max_size=40), st.just(TPDU), st.binary(min_size=4, max_size=4))
    ),
    size=st.integers(1, 50),
)
def test_tpdu_header_and_message_come_back_as_they_were_written(frames: list[Frame], size: int) -> None:
    framing = parse_framing("bcd2-inclusive+tpdu+header4")
    stream = b"".join(make_framer(framing).wrap(bytes(frame)) for frame in frames)
    reader = FrameReader(framing)
    found = []
    for at in range(0, len(stream), size):
        reader.feed(stream[at : at + size])
        while (frame := reader.next_frame()) is not None:
            found.append(frame)
    assert found == frames


def test_the_answer_goes_back_where_the_request_came_from() -> None:
    request = Frame(b"question", TPDU, b"HEADER")
    answer = request.reply(b"answer")
    assert answer == Frame(b"answer", Tpdu(destination="8002", source="0001"), b"HEADER")
    assert bytes(answer) == bytes.fromhex("60 8002 0001") + b"HEADER" + b"answer"
    assert Frame(b"a").reply(b"b") == Frame(b"b")


def test_a_frame_of_another_framing_is_not_taken_apart() -> None:
    assert split_frame(parse_framing("len2+header2"), b"headmessage") == Frame(b"admessage", None, b"he")
    with pytest.raises(MessageError, match="TPDU does not begin with 60"):
        split_frame(parse_framing("len2+tpdu"), b"0100" + bytes(20))


def test_a_frame_does_not_show_its_message() -> None:
    assert repr(Frame(b"4111111111111111", TPDU, b"4222222222222")) == f"Frame(tpdu={TPDU!r})"
