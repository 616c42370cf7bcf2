"""The codec against its oracle: pyiso8583 with the same spec reads and writes the same messages."""

from collections.abc import Callable

import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import Codec, MessageError

Messages = Callable[[Codec], st.SearchStrategy[dict[str, str]]]


@given(data=st.data())
def test_what_is_encoded_decodes_to_the_same_fields(codec: Codec, messages: Messages, data: st.DataObject) -> None:
    fields = data.draw(messages(codec))
    decoded = codec.decode(codec.encode(fields))
    assert {key: value for key, value in decoded.items() if key not in ("p", "1")} == fields


@given(data=st.data())
def test_both_encode_the_same_bytes(codec: Codec, messages: Messages, data: st.DataObject) -> None:
    fields = data.draw(messages(codec))
    raw, _ = iso8583.encode(dict(fields), codec.spec.fields)
    assert codec.encode(fields) == bytes(raw)


@given(data=st.data())
def test_both_decode_the_same_dictionary_with_the_bitmaps(
    codec: Codec, messages: Messages, data: st.DataObject
) -> None:
    raw = codec.encode(data.draw(messages(codec)))
    decoded, _ = iso8583.decode(raw, codec.spec.fields)
    assert codec.decode(raw) == decoded


@given(data=st.data())
def test_the_offsets_are_where_pyiso8583_found_the_fields(
    codec: Codec, messages: Messages, data: st.DataObject
) -> None:
    raw = codec.encode(data.draw(messages(codec)))
    _, encoded = iso8583.decode(raw, codec.spec.fields)
    view = codec.view(raw)
    for field in view.fields:
        assert view.raw(field) == encoded[field]["data"]
        assert raw[view.offset(field) :].startswith(encoded[field]["len"] + encoded[field]["data"])


@given(data=st.data())
def test_whatever_we_read_from_damaged_bytes_pyiso8583_reads_too(
    codec: Codec, messages: Messages, data: st.DataObject
) -> None:
    raw = bytearray(codec.encode(data.draw(messages(codec))))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        ours = codec.decode(bytes(raw))
    except MessageError:
        return
    theirs, _ = iso8583.decode(bytes(raw), codec.spec.fields)
    # Hexadecimal bitmaps are given back in upper case.
    assert ours == {key: value.upper() if key in ("p", "1") else value for key, value in theirs.items()}


@pytest.mark.parametrize("length", [b" 5", b"+5", b"5 ", b"_5"])
def test_a_length_that_int_would_take_is_refused_where_it_is_no_digits(codecs: dict[str, Codec], length: bytes) -> None:
    raw = b"0800" + b"4000000000000000" + length + b"12345"
    with pytest.raises(MessageError, match="length is no number") as caught:
        codecs["pos-1987-ascii"].view(raw)
    assert (caught.value.path, caught.value.offset) == ("2", 20)


@pytest.mark.parametrize("mti", [b"08A0", b" 800", b"08\xb20", b"\xff\xff\xff\xff"])
def test_a_message_type_of_anything_but_digits_is_refused(codecs: dict[str, Codec], mti: bytes) -> None:
    with pytest.raises(MessageError, match="4 digits") as caught:
        codecs["pos-1987-ascii"].view(mti + b"0" * 16)
    assert (caught.value.path, caught.value.offset, caught.value.partial) == ("t", 0, None)


@pytest.mark.parametrize("bitmap", [b"40 0000000000000", b"4G00000000000000", b"\xb4000000000000000"])
def test_a_bitmap_of_anything_but_hexadecimal_digits_is_refused(codecs: dict[str, Codec], bitmap: bytes) -> None:
    with pytest.raises(MessageError, match="16 hexadecimal digits") as caught:
        codecs["pos-1987-ascii"].view(b"0800" + bitmap + b"05" + b"12345")
    assert (caught.value.path, caught.value.offset) == ("p", 4)


def test_a_lower_case_bitmap_is_read_and_an_upper_case_one_written(codecs: dict[str, Codec]) -> None:
    codec = codecs["pos-1987-ascii"]
    lower = codec.encode({"t": "0800", "7": "0611191024", "9": "00000001", "11": "000001", "12": "010203"})
    raw = lower[:4] + lower[4:20].lower() + lower[20:]
    view = codec.view(raw)
    assert view.fields == ("7", "9", "11", "12")
    assert lower[4:20] == b"02B0000000000000"
    assert view.splice({"11": "000001"}) == raw
    assert view.splice({"9": None, "10": "00000001"})[4:20] == b"0270000000000000"


def test_the_third_bitmap_of_visa_round_trips(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    fields = {"t": "0100", "2": "4111111111111111", "70": "301", "131": "0102030405", "152": "0011223344556677"}
    raw = codec.encode(fields)
    assert raw[2:26] == bytes.fromhex("C000000000000000" + "8400000000000000" + "2000010000000000")
    assert codec.view(raw).fields == ("2", "70", "131", "152")


def test_a_third_bitmap_is_refused_where_the_interface_has_none(codecs: dict[str, Codec]) -> None:
    with pytest.raises(MessageError, match="no third bitmap") as caught:
        codecs["mastercard"].view("0100".encode("cp500") + b"\x80" + bytes(7) + b"\x80" + bytes(7) + bytes(8))
    assert (caught.value.path, caught.value.offset) == ("65", 20)
