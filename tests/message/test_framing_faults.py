"""A length that lies ends its stream, after the good frames, with what it announced and what is allowed."""

import pytest

from switch.message import FrameError, Framing, make_framer

TPDU = bytes.fromhex("60 0001 8002")


@pytest.mark.parametrize(
    ("name", "wire", "announced", "allowed"),
    [
        ("len2", b"\0\x65", 101, 100),
        ("len2-le", b"\x65\0", 101, 100),
        ("len4", b"\0\0\0\x65", 101, 100),
        ("len4", b"\xff\xff\xff\xff", 0xFFFFFFFF, 100),
        ("visa4", b"\0\x65\0\0", 101, 100),
        ("ascii4", b"0101", 101, 100),
        ("bcd2", b"\x01\x01", 101, 100),
        ("hex4", b"0065", 101, 100),
        ("len2-inclusive", b"\0\x67", 103, 102),
        ("ascii4-inclusive", b"0105", 105, 104),
    ],
)
def test_a_length_over_the_maximum_is_refused(name: str, wire: bytes, announced: int, allowed: int) -> None:
    error = _fault(name, wire)
    assert str(error) == f"frame header announces {announced} bytes, expected at most {allowed} bytes"
    assert (error.announced, error.allowed) == (announced, allowed)


@pytest.mark.parametrize(
    ("name", "wire", "announced", "least"),
    [
        ("len2-inclusive", b"\0\1", 1, 2),
        ("len2-inclusive", b"\0\0", 0, 2),
        ("ascii4-inclusive", b"0003", 3, 4),
        ("len4-inclusive", b"\0\0\0\3", 3, 4),
        ("len2+tpdu", b"\0\4", 4, 5),
        ("len2+header8", b"\0\7", 7, 8),
        ("len2-inclusive+tpdu+header8", b"\0\x0e", 14, 15),
        ("len2-inclusive+tpdu", b"\0\1", 1, 7),
    ],
)
def test_a_length_shorter_than_what_it_must_count_is_refused(
    name: str, wire: bytes, announced: int, least: int
) -> None:
    error = _fault(name, wire)
    assert str(error) == f"frame header announces {announced} bytes, expected at least {least} bytes"
    assert (error.announced, error.allowed) == (announced, least)


@pytest.mark.parametrize(
    ("name", "wire", "form"),
    [
        ("visa4", b"\0\3\0\1abc", "2 bytes and 2 of zero"),
        ("visa4", b"\0\3\1\0abc", "2 bytes and 2 of zero"),
        ("ascii4", b" 003abc", "4 ASCII digits"),
        ("ascii4", b"+003abc", "4 ASCII digits"),
        ("ascii4", b"0_03abc", "4 ASCII digits"),
        ("ascii4", b"\xb2003abc", "4 ASCII digits"),
        ("ascii4", b"\xf0\xf0\xf0\xf3abc", "4 ASCII digits"),
        ("bcd2", b"\x00\x0aabc", "4 BCD digits"),
        ("bcd2", b"\xf0\x03abc", "4 BCD digits"),
        ("hex4", b"000Gabc", "4 hexadecimal digits"),
        ("hex4", b"0x03abc", "4 hexadecimal digits"),
        ("hex4", b"+003abc", "4 hexadecimal digits"),
        ("hex4", b"0_03abc", "4 hexadecimal digits"),
        ("hex4", b" 003abc", "4 hexadecimal digits"),
    ],
)
def test_what_is_no_number_is_refused_and_not_shown(name: str, wire: bytes, form: str) -> None:
    error = _fault(name, wire)
    assert str(error) == f"frame header is no length, expected {form} for at most 100 bytes"
    assert (error.announced, error.allowed) == (None, 100)


@pytest.mark.parametrize("first", [0x00, 0x06, 0x16, 0x30, 0x61, 0x68])
def test_a_tpdu_that_does_not_begin_with_60_is_refused(first: int) -> None:
    body = bytes((first,)) + TPDU[1:] + b"abc"
    framer = make_framer("len2+tpdu")
    with pytest.raises(FrameError, match="frame does not begin with a TPDU of 60") as caught:
        framer.feed(framer.wrap(TPDU + b"a") + b"\0\x08" + body)
    assert caught.value.frames == [TPDU + b"a"]


def test_a_stream_that_lied_cannot_be_read_further() -> None:
    framer = make_framer("len2", max_frame=100)
    with pytest.raises(FrameError):
        framer.feed(b"\0\1a\xff\xff")
    assert framer.pending == 0
    for read_on in (lambda: framer.feed(b"\0\1b"), framer.finish):
        with pytest.raises(FrameError, match="announces 65535 bytes, expected at most 100") as caught:
            read_on()
        assert (caught.value.frames, caught.value.announced, caught.value.allowed) == ([], 65535, 100)


def test_a_refused_length_is_seen_before_its_bytes_arrive() -> None:
    framer = make_framer("len4", max_frame=100)
    assert framer.feed(b"\0\0\1") == []
    with pytest.raises(FrameError):
        framer.feed(b"\0")
    assert framer.pending == 0


@pytest.mark.parametrize(
    ("wire", "have", "needed"), [(b"\0", 1, 2), (b"\0\5", 2, 7), (b"\0\5abcd", 6, 7), (b"\0\1a\0\5ab", 4, 7)]
)
def test_a_stream_that_ends_in_mid_frame_says_so(wire: bytes, have: int, needed: int) -> None:
    framer = make_framer("len2")
    for byte in wire:
        framer.feed(bytes((byte,)))
    with pytest.raises(FrameError, match=f"stream ends in mid-frame, with {have} of {needed} bytes"):
        framer.finish()


def test_a_stream_that_ends_between_frames_ends_well() -> None:
    framer = make_framer("len2")
    framer.finish()
    framer.feed(b"\0\1a\0\0")
    framer.finish()


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("len2", 0xFFFF),
        ("len2-le", 0xFFFF),
        ("len2-inclusive", 0xFFFD),
        ("visa4", 0xFFFF),
        ("ascii4", 9999),
        ("ascii4-inclusive", 9995),
        ("bcd2", 9999),
        ("bcd2-inclusive", 9997),
        ("hex4", 0xFFFF),
        ("len4", 1 << 20),
    ],
)
def test_a_frame_longer_than_its_length_can_say_is_refused_whatever_the_limit(name: str, most: int) -> None:
    framer = make_framer(name, max_frame=1 << 20)
    assert framer.feed(framer.wrap(bytes(most))) == [bytes(most)]
    with pytest.raises(ValueError, match=f"frame of {most + 1} bytes, expected at most {most}"):
        framer.wrap(bytes(most + 1))


def test_frames_of_8192_bytes_are_taken_unless_another_limit_is_set() -> None:
    framer = make_framer("len2")
    assert framer.feed(framer.wrap(bytes(8192))) == [bytes(8192)]
    with pytest.raises(FrameError, match="announces 8193 bytes, expected at most 8192 bytes"):
        framer.feed(b"\x20\x01")


def test_what_the_other_side_would_refuse_is_not_written() -> None:
    framer = make_framer(Framing(kind="len2", tpdu=True, header=3))
    for short in (TPDU[:1], TPDU + b"he"):
        with pytest.raises(ValueError, match=f"frame of {len(short)} bytes, expected at least 8: TPDU and header"):
            framer.wrap(short)
    with pytest.raises(ValueError, match="frame does not begin with a TPDU of 60"):
        framer.wrap(b"\x61" + TPDU[1:] + b"headabc")


def _fault(name: str, wire: bytes) -> FrameError:
    """What is raised for `wire` behind two good frames of an interface with at most 100 bytes."""
    framing = make_framer(name, max_frame=100).framing
    before = (TPDU if framing.tpdu else b"") + bytes(framing.header)
    framer = make_framer(framing)
    good = [before + b"a", before + b"b"]
    with pytest.raises(FrameError) as caught:
        framer.feed(b"".join(map(framer.wrap, good)) + wire)
    assert caught.value.frames == good
    assert framer.pending == 0
    return caught.value
