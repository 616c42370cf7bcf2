"""Frames survive any cutting of the stream, in every framing; keep-alives are counted and are no frames."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import FrameError, Framing, make_framer, parse_framing
from switch.message.framing_lengths import LENGTHS

KINDS = tuple(LENGTHS)
TPDU = bytes.fromhex("60 0001 8002")


@st.composite
def framings(draw: st.DrawFn) -> Framing:
    return Framing(
        kind=draw(st.sampled_from(KINDS)),
        inclusive=draw(st.booleans()),
        tpdu=draw(st.booleans()),
        header=draw(st.sampled_from((0, 1, 8))),
        max_frame=draw(st.sampled_from((400, 8192, 1 << 20))),
    )


def bodies(framing: Framing) -> st.SearchStrategy[bytes]:
    """Frames with a sound TPDU, a header and a message of at least one byte."""
    before = (TPDU if framing.tpdu else b"") + bytes(framing.header)
    return st.binary(min_size=1, max_size=300).map(lambda message: before + message)


def cut(stream: bytes, data: st.DataObject) -> list[bytes]:
    """The stream in portions of any size."""
    marks = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    return [stream[begin:end] for begin, end in zip([0, *marks], [*marks, len(stream)], strict=True)]


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("len2", b"\0\3abc"),
        ("len2-inclusive", b"\0\5abc"),
        ("len2-le", b"\3\0abc"),
        ("len4", b"\0\0\0\3abc"),
        ("len4-inclusive", b"\0\0\0\7abc"),
        ("visa4", b"\0\3\0\0abc"),
        ("ascii4", b"0003abc"),
        ("ascii4-inclusive", b"0007abc"),
        ("bcd2", b"\0\3abc"),
        ("hex4", b"0003abc"),
        ("hex4-inclusive", b"0007abc"),
    ],
)
def test_a_frame_is_written_and_read_as_its_interface_says(name: str, wire: bytes) -> None:
    framer = make_framer(name)
    assert framer.wrap(b"abc") == wire
    assert framer.feed(wire) == [b"abc"]
    assert framer.pending == 0


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("len2", b"\x12\x34"),
        ("len2-le", b"\x34\x12"),
        ("len4", b"\0\0\x12\x34"),
        ("visa4", b"\x12\x34\0\0"),
        ("ascii4", b"4660"),
        ("bcd2", b"\x46\x60"),
        ("hex4", b"1234"),
        ("len2-inclusive", b"\x12\x36"),
        ("bcd2-inclusive", b"\x46\x62"),
    ],
)
def test_a_length_of_4660_has_its_digits_in_the_order_of_its_interface(name: str, length: bytes) -> None:
    framer = make_framer(name)
    assert framer.wrap(bytes(0x1234)) == length + bytes(0x1234)
    assert framer.feed(length + bytes(0x1234)) == [bytes(0x1234)]


def test_hexadecimal_digits_are_written_in_upper_case_and_read_in_either() -> None:
    framer = make_framer("hex4")
    assert framer.wrap(bytes(0xAB))[:4] == b"00AB"
    assert framer.feed(b"00ab" + bytes(0xAB)) == [bytes(0xAB)]


def test_the_tpdu_and_the_header_stand_in_the_length_and_before_the_message() -> None:
    frame = TPDU + b"HEADER08" + b"abc"
    framer = make_framer("len2+tpdu+header8")
    assert framer.wrap(frame) == b"\0\x10" + frame
    assert framer.feed(b"\0\x10" + frame) == [frame]
    assert make_framer("ascii4-inclusive+tpdu").wrap(TPDU + b"abc") == b"0012" + TPDU + b"abc"


@given(framing=framings(), data=st.data())
def test_any_cutting_of_the_stream_gives_the_same_frames(framing: Framing, data: st.DataObject) -> None:
    frames = data.draw(st.lists(bodies(framing), max_size=8))
    framer = make_framer(framing)
    stream = b"".join(framer.wrap(frame) for frame in frames)
    assert [frame for part in cut(stream, data) for frame in framer.feed(part)] == frames
    assert framer.pending == 0
    framer.finish()


@given(framing=framings(), data=st.data())
def test_every_prefix_of_a_stream_gives_a_prefix_of_its_frames(framing: Framing, data: st.DataObject) -> None:
    frames = data.draw(st.lists(bodies(framing), min_size=1, max_size=4))
    wires = [make_framer(framing).wrap(frame) for frame in frames]
    stream = b"".join(wires)
    size = data.draw(st.integers(0, len(stream)))
    framer = make_framer(framing)
    found = framer.feed(stream[:size])
    assert found == frames[: len(found)]
    assert framer.pending == size - sum(len(wire) for wire in wires[: len(found)])
    assert found + framer.feed(stream[size:]) == frames


@given(framing=framings(), data=st.data())
def test_random_bytes_give_frames_or_a_frame_error_and_the_same_at_every_cutting(
    framing: Framing, data: st.DataObject
) -> None:
    stream = data.draw(st.binary(max_size=60) | st.text("0123456789", max_size=60).map(str.encode))
    assert _outcome(framing, [stream]) == _outcome(framing, cut(stream, data))


def _outcome(framing: Framing, parts: list[bytes]) -> tuple[list[bytes], str]:
    framer, frames = make_framer(framing), []
    try:
        for part in parts:
            frames += framer.feed(part)
        framer.finish()
    except FrameError as error:
        return frames + error.frames, error.reason
    return frames, ""


@pytest.mark.parametrize("kind", KINDS)
def test_frames_cut_at_every_byte_arrive_whole(kind: str) -> None:
    framer = make_framer(kind)
    stream = framer.wrap(b"first") + framer.wrap(b"second")
    found = [frame for byte in stream for frame in framer.feed(bytes((byte,)))]
    assert found == [b"first", b"second"]


def test_an_unfinished_frame_is_pending() -> None:
    framer = make_framer("len2")
    assert framer.feed(b"\0\1a\0\5ab") == [b"a"]
    assert framer.pending == 4
    assert framer.feed(b"cde") == [b"abcde"]


def test_what_was_fed_may_be_changed_afterwards() -> None:
    framer = make_framer("len2")
    data = bytearray(b"\0\3abc\0\3d")
    frames = framer.feed(data)
    data[:] = bytes(len(data))
    assert frames == [b"abc"]
    assert framer.feed(b"ef") == [b"def"]
    assert isinstance(frames[0], bytes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inclusive", ["", "-inclusive"])
def test_keep_alives_are_counted_and_are_no_frames(kind: str, inclusive: str) -> None:
    framer = make_framer(kind + inclusive)
    assert framer.feed(framer.wrap(b"") + framer.wrap(b"a") + framer.wrap(b"")) == [b"a"]
    assert (framer.pending, framer.keep_alives) == (0, 2)


def test_a_tpdu_without_a_message_is_a_keep_alive_too() -> None:
    framer = make_framer("len2+tpdu")
    assert framer.feed(b"\0\0" + framer.wrap(TPDU) + framer.wrap(TPDU + b"a")) == [TPDU + b"a"]
    assert framer.keep_alives == 2
    assert framer.wrap(b"") == b"\0\0"


def test_keep_alives_without_end_end_the_stream() -> None:
    framer = make_framer(Framing(kind="len2", max_keep_alives=3))
    assert framer.feed(b"\0\0" * 3) == []
    assert framer.feed(b"\0\1a" + b"\0\0" * 3) == [b"a"], "a frame begins the count anew"
    with pytest.raises(FrameError, match="4 keep-alives in a row, expected at most 3"):
        framer.feed(b"\0\0")
    assert framer.keep_alives == 7


def test_an_interface_without_keep_alives_refuses_the_first() -> None:
    with pytest.raises(FrameError, match="1 keep-alives in a row, expected at most 0") as caught:
        make_framer(Framing(kind="ascii4", max_keep_alives=0)).feed(b"0001a0000")
    assert caught.value.frames == [b"a"]


def test_short_names_say_what_they_mean() -> None:
    assert parse_framing("len2") == Framing(kind="len2")
    assert parse_framing("len2-le-inclusive") == Framing(kind="len2-le", inclusive=True)
    assert parse_framing("bcd2+tpdu", max_frame=100) == Framing(kind="bcd2", tpdu=True, max_frame=100)
    assert parse_framing("hex4-inclusive+tpdu+header12") == Framing(kind="hex4", inclusive=True, tpdu=True, header=12)


@given(framings())
def test_a_framing_reads_back_from_its_name(framing: Framing) -> None:
    assert parse_framing(framing.name, framing.max_frame) == framing


@pytest.mark.parametrize(
    "name", ["tpdu", "", "len3", "len2+", "len2+tpdu-inclusive", "len2+header", "len2+header-1", "LEN2", "len2+headerx"]
)
def test_another_name_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(ValueError, match="expected one of len2, len2-le, len4, visa4, ascii4, bcd2, hex4, then"):
        make_framer(name)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"kind": "tpdu"}, "framing kind 'tpdu': expected one of len2, "),
        ({"kind": "len2", "header": -1}, "header, max_keep_alives: expected 0 or more"),
        ({"kind": "len2", "max_keep_alives": -1}, "header, max_keep_alives: expected 0 or more"),
        ({"kind": "len2", "max_frame": 0}, "max_frame 0: expected at least 1"),
        ({"kind": "len2", "max_frame": 13, "tpdu": True, "header": 8}, "max_frame 13: expected at least 14"),
    ],
)
def test_a_framing_that_cannot_be_is_refused(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Framing(**settings)


def test_a_framing_is_read_from_a_table_of_the_configuration() -> None:
    table = {"kind": "bcd2", "tpdu": True, "max_frame": 1000}
    assert msgspec.convert(table, Framing) == parse_framing("bcd2+tpdu", 1000)
    for wrong in ({"kind": "bcd3"}, {"kind": "bcd2", "tpdus": True}, {"kind": "bcd2", "header": "8"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, Framing)
