"""Every fault names the interface, the field, the byte and the sizes, carries no value, and keeps what was read."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import Codec, MessageError

Messages = Callable[[Codec], st.SearchStrategy[dict[str, str]]]

ECHO = b"0800" + b"8220000000000000" + b"0400000000000000" + b"0611191024" + b"000001" + b"301"


@pytest.fixture
def pos(codecs: dict[str, Codec]) -> Codec:
    return codecs["pos-1987-ascii"]


def test_a_cut_field_tells_what_was_needed_and_available(pos: Codec) -> None:
    with pytest.raises(MessageError) as caught:
        pos.view(ECHO[:-1])
    error = caught.value
    assert (error.interface, error.path, error.offset, error.needed, error.available) == (
        "pos-1987-ascii",
        "70",
        52,
        3,
        2,
    )
    assert str(error) == "pos-1987-ascii: field 70 at byte 52: field is cut off (needed 3, available 2)"


@pytest.mark.parametrize(
    ("size", "path", "offset", "needed", "available"),
    [(0, "t", 0, 4, 0), (3, "t", 0, 4, 3), (19, "p", 4, 16, 15), (35, "1", 20, 16, 15), (45, "7", 36, 10, 9)],
)
def test_a_message_cut_anywhere_names_the_part_that_is_short(
    pos: Codec, size: int, path: str, offset: int, needed: int, available: int
) -> None:
    with pytest.raises(MessageError) as caught:
        pos.view(ECHO[:size])
    error = caught.value
    assert (error.path, error.offset, error.needed, error.available) == (path, offset, needed, available)


def test_offsets_count_from_the_start_of_the_frame_behind_a_header(codecs: dict[str, Codec]) -> None:
    message = codecs["visa"].encode({"t": "0800", "7": "0611191024", "70": "301"})
    with pytest.raises(MessageError) as caught:
        codecs["visa"].view(bytes(22) + message[:-1], 22)
    assert (caught.value.path, caught.value.offset) == ("70", 22 + 2 + 16 + 5)


def test_bytes_after_the_last_field_are_refused(pos: Codec) -> None:
    with pytest.raises(MessageError, match="bytes after the last field") as caught:
        pos.view(ECHO + b"0")
    assert (caught.value.path, caught.value.offset, caught.value.available) == ("end", 55, 1)


def test_a_length_above_the_maximum_is_refused_before_its_data(pos: Codec) -> None:
    with pytest.raises(MessageError, match="length exceeds 19") as caught:
        pos.view(b"0100" + b"4000000000000000" + b"20" + b"1" * 20)
    assert (caught.value.path, caught.value.offset) == ("2", 20)


def test_a_field_the_interface_does_not_have_is_refused(codecs: dict[str, Codec]) -> None:
    with pytest.raises(MessageError, match="not part of the interface") as caught:
        codecs["visa"].view(bytes.fromhex("0100" + "0100000000000000" + "00000000"))
    assert (caught.value.path, caught.value.offset) == ("8", 10)


def test_a_field_the_interface_does_not_have_leaves_those_before_it(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    raw = bytearray(codec.encode({"t": "0100", "7": "0611191024", "11": "000001", "37": "123456789012"}))
    raw[9] |= 0x80
    for _ in range(2):  # The second time its bitmap is remembered.
        with pytest.raises(MessageError, match="field 57 at byte 30: ") as caught:
            codec.view(bytes(raw) + bytes(8))
        assert caught.value.partial is not None
        assert caught.value.partial.fields == ("7", "11", "37")


def test_the_partial_view_keeps_the_key_fields_before_the_fault(pos: Codec, purchase: dict[str, str]) -> None:
    raw = pos.encode(purchase)
    cut = raw[: pos.view(raw).offset("43") + 5]
    with pytest.raises(MessageError) as caught:
        pos.view(cut)
    partial = caught.value.partial
    assert partial is not None
    assert partial.mti == "0100"
    assert {key: partial[key] for key in ("3", "4", "7", "11", "41")} == {
        key: purchase[key] for key in ("3", "4", "7", "11", "41")
    }
    assert "43" not in partial


def test_the_partial_view_leaves_out_what_cannot_be_trusted(pos: Codec, purchase: dict[str, str]) -> None:
    raw = bytearray(pos.encode(purchase))
    view = pos.view(bytes(raw))
    raw[view.offset("41")] = 0xFF
    raw[view.offset("4")] = ord("X")
    with pytest.raises(MessageError) as caught:
        pos.view(bytes(raw[:-1]))
    partial = caught.value.partial
    assert partial is not None
    assert (partial.get("4"), partial.get("41"), partial.get("11")) == (None, None, "000001")


def test_a_class_fault_keeps_the_sound_fields_behind_it_too(pos: Codec, purchase: dict[str, str]) -> None:
    raw = bytearray(pos.encode(purchase))
    raw[pos.view(bytes(raw)).offset("4")] = ord("X")
    with pytest.raises(MessageError, match="field 4 at byte 44: expected digits") as caught:
        pos.view(bytes(raw)).check()
    partial = caught.value.partial
    assert partial is not None
    assert (partial.get("4"), partial.get("11"), partial.get("41")) == (None, "000001", "TERM0001")


@pytest.mark.parametrize(
    ("fields", "path", "reason"),
    [
        ({"t": "0100", "4": "123"}, "4", "expected exactly 12 characters, got 3"),
        ({"t": "0100", "2": "1" * 20}, "2", "expected at most 19 characters, got 20"),
        ({"t": "0100", "43": "ü" * 40}, "43", "expected characters of its encoding"),
        ({"t": "0100", "65": "1"}, "65", "field is not part of the interface"),
        ({"t": "0100", "48.92": "123"}, "48.92", "field is not part of the interface"),
        ({"t": "١٢٣٤"}, "t", "expected 4 digits"),
        ({"2": "4111111111111111"}, "t", "expected 4 digits"),
    ],
)
def test_encoding_refuses_naming_the_field(pos: Codec, fields: dict[str, str], path: str, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        pos.encode(fields)
    assert (caught.value.path, caught.value.reason, caught.value.offset) == (path, reason, None)


@pytest.mark.parametrize(
    ("fields", "path", "reason"),
    [
        ({"t": "0100", "52": "0102030405"}, "52", "expected exactly 8 bytes, got 5"),
        ({"t": "0100", "52": "010203040506070"}, "52", "expected whole hexadecimal bytes"),
        ({"t": "0100", "49": "97"}, "49", "expected exactly 3 digits, got 2"),
        ({"t": "0100", "2": "41G1"}, "2", "expected digits"),
        ({"t": "0100", "2": "41 111"}, "2", "expected digits"),
    ],
)
def test_encoding_packed_fields_refuses_naming_the_field(
    codecs: dict[str, Codec], fields: dict[str, str], path: str, reason: str
) -> None:
    with pytest.raises(MessageError) as caught:
        codecs["visa"].encode(fields)
    assert (caught.value.path, caught.value.reason) == (path, reason)


@given(data=st.data())
def test_arbitrary_bytes_raise_nothing_but_message_error(codec: Codec, data: st.DataObject) -> None:
    mti = data.draw(st.sampled_from([b"", codec.encode({"t": "0100"})[:-8], codec.encode({"t": "0100"})[:4]]))
    raw = mti + data.draw(st.binary(max_size=300))
    try:
        view = codec.view(raw)
        view.check()
        for field in view.fields:
            view.sub(field)
    except MessageError as error:
        if error.partial is not None:
            # What an answer needs can be asked for without another fault.
            error.partial.check()


@given(data=st.data())
def test_damaged_messages_raise_nothing_but_message_error_and_tell_no_value(
    codec: Codec, messages: Messages, data: st.DataObject
) -> None:
    fields = data.draw(messages(codec))
    raw = bytearray(codec.encode(fields))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        codec.view(damaged).check()
    except MessageError as error:
        assert error.offset is not None
        assert 0 <= error.offset <= len(damaged)
        assert not any(value in str(error) for value in fields.values() if len(value) > 5)
        if error.partial is not None:
            error.partial.check()


def test_a_remembered_bitmap_set_does_not_grow_without_end(codecs: dict[str, Codec]) -> None:
    codec = Codec(codecs["pos-1987-ascii-binary"].spec)
    for number in range(5000):
        with pytest.raises(MessageError):
            codec.view(b"0100" + (number << 40).to_bytes(8, "big") + b"!")
    assert len(codec._plans) <= 1024
