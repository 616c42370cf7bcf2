"""Frames survive any cutting of the stream; an impossible length ends it and loses nothing before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import FrameError, make_framer

KINDS = ("len2", "visa4", "ascii4")


@pytest.mark.parametrize(("kind", "wire"), [("len2", b"\0\3abc"), ("visa4", b"\0\3\0\0abc"), ("ascii4", b"0003abc")])
def test_a_frame_is_written_and_read_as_its_interface_says(kind: str, wire: bytes) -> None:
    framer = make_framer(kind)
    assert framer.wrap(b"abc") == wire
    assert framer.feed(wire) == [b"abc"]
    assert framer.pending == 0


@pytest.mark.parametrize("kind", KINDS)
@given(frames=st.lists(st.binary(min_size=1, max_size=300), max_size=8), data=st.data())
def test_any_cutting_of_the_stream_gives_the_same_frames(kind: str, frames: list[bytes], data: st.DataObject) -> None:
    framer = make_framer(kind)
    stream = b"".join(framer.wrap(frame) for frame in frames)
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += framer.feed(stream[:size])
        stream = stream[size:]
    assert found == frames
    assert framer.pending == 0


@pytest.mark.parametrize("kind", KINDS)
def test_frames_cut_at_every_byte_arrive_whole(kind: str) -> None:
    framer = make_framer(kind)
    stream = framer.wrap(b"first") + framer.wrap(b"second")
    found = [frame for byte in stream for frame in framer.feed(bytes((byte,)))]
    assert found == [b"first", b"second"]


@pytest.mark.parametrize("kind", KINDS)
def test_keep_alives_are_no_frames(kind: str) -> None:
    framer = make_framer(kind)
    assert framer.feed(framer.wrap(b"") + framer.wrap(b"a") + framer.wrap(b"")) == [b"a"]
    assert framer.pending == 0


def test_an_unfinished_frame_is_pending() -> None:
    framer = make_framer("len2")
    assert framer.feed(b"\0\1a\0\5ab") == [b"a"]
    assert framer.pending == 4
    assert framer.feed(b"cde") == [b"abcde"]


@pytest.mark.parametrize(
    ("kind", "wire", "reason"),
    [
        ("len2", b"\0\x65", "announces 101 bytes, expected at most 100"),
        ("visa4", b"\0\x65\0\0", "announces 101 bytes, expected at most 100"),
        ("visa4", b"\0\3\0\1abc", "is no length"),
        ("ascii4", b"0101", "announces 101 bytes, expected at most 100"),
        ("ascii4", b" 003abc", "is no length"),
        ("ascii4", b"+003abc", "is no length"),
        ("ascii4", b"\xb2003abc", "is no length"),
    ],
)
def test_an_impossible_length_is_refused_after_the_good_frames(kind: str, wire: bytes, reason: str) -> None:
    framer = make_framer(kind, max_frame=100)
    with pytest.raises(FrameError, match=reason) as caught:
        framer.feed(framer.wrap(b"a") + framer.wrap(b"b") + wire)
    assert caught.value.frames == [b"a", b"b"]


def test_a_refused_length_is_seen_before_its_bytes_are_buffered() -> None:
    framer = make_framer("len2", max_frame=100)
    with pytest.raises(FrameError):
        framer.feed(b"\xff\xff")
    assert framer.pending == 0


@pytest.mark.parametrize(("kind", "most"), [("len2", 0xFFFF), ("visa4", 0xFFFF), ("ascii4", 9999)])
def test_a_frame_longer_than_its_length_can_say_is_refused_whatever_the_limit(kind: str, most: int) -> None:
    framer = make_framer(kind, max_frame=1 << 20)
    assert framer.feed(framer.wrap(bytes(most))) == [bytes(most)]
    with pytest.raises(ValueError, match=f"frame of {most + 1} bytes, expected at most {most}"):
        framer.wrap(bytes(most + 1))


def test_an_unknown_framing_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="framing 'tpdu': expected one of len2, len2-le, len4, visa4, ascii4, bcd2, hex4"):
        make_framer("tpdu")
