"""The 22-byte Visa header: what is written reads back, an answer turns it round, a lie is refused, a reject is read."""

import pytest

from switch.message import (
    VISA_HEADER,
    VISA_REJECT_HEADER,
    MessageError,
    build_visa_header,
    build_visa_reject,
    parse_visa_header,
    parse_visa_reject,
    reply_visa_header,
)

HEADER = build_visa_header(100, source="400001", destination="400002", round_trip=7)


def test_the_bytes_are_where_the_layout_puts_them() -> None:
    header = build_visa_header(100, source="400001", destination="400002", round_trip=7)
    assert header == bytes.fromhex("16 01 02 007A 400002 400001 07 0000 000000 00 000000 00")
    assert len(HEADER) == VISA_HEADER


def test_a_header_reads_back() -> None:
    header = parse_visa_header(HEADER + bytes(100))
    assert (header.text_format, header.total_length, header.round_trip) == (2, 122, 7)
    assert (header.source, header.destination) == ("400001", "400002")


def test_status_batch_and_user_are_read_from_their_places() -> None:
    raw = bytes.fromhex("16 01 02 0016 400002 400001 00 A1A2 B1B2B3 C1 D1D2D3 E1")
    header = parse_visa_header(raw)
    assert (header.flags, header.status, header.batch, header.user) == (b"\xa1\xa2", b"\xb1\xb2\xb3", 0xC1, 0xE1)


def test_the_answer_goes_back_to_the_source_with_the_round_trip_field() -> None:
    answer = reply_visa_header(parse_visa_header(HEADER + bytes(100)), 50)
    header = parse_visa_header(answer + bytes(50))
    assert (header.source, header.destination, header.round_trip) == ("400002", "400001", 7)


@pytest.mark.parametrize(
    ("frame", "offset", "reason"),
    [
        (HEADER[:21], 0, "header is short"),
        (b"\x15" + HEADER[1:] + bytes(100), 0, "expected header length 22"),
        (b"\x1a" + HEADER[1:] + bytes(104), 0, "the peer rejected a message"),
        (HEADER + bytes(99), 3, "total length differs from the frame"),
        (HEADER + bytes(101), 3, "total length differs from the frame"),
        (HEADER[:5] + b"\xaa" + HEADER[6:] + bytes(100), 5, "expected 6 BCD digits for each station"),
    ],
)
def test_a_header_that_is_not_true_is_refused(frame: bytes, offset: int, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_visa_header(frame)
    assert (caught.value.path, caught.value.offset, caught.value.reason) == ("h", offset, reason)


@pytest.mark.parametrize(
    ("length", "source", "round_trip", "reason"),
    [
        (100, "40001", 0, "expected 6 digits for each station"),
        (100, "4000011", 0, "expected 6 digits for each station"),
        (100, "40000A", 0, "expected 6 digits for each station"),
        (100, "٤٠٠٠٠١", 0, "expected 6 digits for each station"),
        (0xFFFF - 21, "400001", 0, "expected at most 65535 bytes in all"),
        (100, "400001", 256, "a round-trip field of 1 byte"),
        (100, "400001", -1, "a round-trip field of 1 byte"),
    ],
)
def test_a_header_that_cannot_be_written_is_refused(length: int, source: str, round_trip: int, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        build_visa_header(length, source=source, destination="400002", round_trip=round_trip)
    with pytest.raises(MessageError, match=reason):
        build_visa_header(length, source="400002", destination=source, round_trip=round_trip)


def test_the_longest_message_just_fits() -> None:
    header = build_visa_header(0xFFFF - 22, source="400001", destination="400002")
    assert header == bytes.fromhex("16 01 02 FFFF 400002 400001 00") + bytes(10)
    assert parse_visa_header(header + bytes(0xFFFF - 22)).total_length == 0xFFFF


def test_the_round_trip_field_takes_a_whole_byte() -> None:
    header = build_visa_header(1, source="400001", destination="400002", round_trip=255) + b"m"
    assert parse_visa_header(header).round_trip == 255


SENT = HEADER + bytes(100)
REJECT = build_visa_reject(SENT, b"\x80\0", "0025")


def test_a_reject_puts_26_bytes_before_what_came_and_sends_it_back() -> None:
    head = bytes.fromhex("1A 01 02 0094 400001 400002 07 0000 000000 00 000000 00 8000 0025")
    assert head + SENT == REJECT
    assert len(head) == VISA_REJECT_HEADER


def test_a_reject_reads_back_with_the_message_it_is_about() -> None:
    reject = parse_visa_reject(REJECT)
    assert (reject.bitmap, reject.code, reject.original) == (b"\x80\0", "0025", SENT)
    assert (reject.header.source, reject.header.destination) == ("400002", "400001")
    assert (reject.header.round_trip, reject.header.total_length) == (7, len(REJECT))
    assert parse_visa_header(reject.original).source == "400001"


def test_a_reject_does_not_show_the_message() -> None:
    assert "original" not in repr(parse_visa_reject(REJECT))


@pytest.mark.parametrize(
    ("frame", "offset", "reason"),
    [
        (b"", 0, "header is short"),
        (REJECT[:25], 0, "header is short"),
        (SENT, 0, "expected header length 26"),
        (REJECT[:-1], 3, "total length differs from the frame"),
        (REJECT[:8] + b"\x0f" + REJECT[9:], 5, "expected 6 BCD digits for each station"),
    ],
)
def test_a_reject_that_is_not_true_is_refused(frame: bytes, offset: int, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_visa_reject(frame)
    assert (caught.value.path, caught.value.offset, caught.value.reason) == ("h", offset, reason)


@pytest.mark.parametrize(
    ("bitmap", "code"), [(b"\x80", "0025"), (bytes(3), "0025"), (bytes(2), "025"), (bytes(2), "00 5")]
)
def test_a_reject_has_a_bitmap_and_a_code_of_two_bytes_each(bitmap: bytes, code: str) -> None:
    with pytest.raises(MessageError, match="expected a bitmap of 2 bytes and a code of 4 hexadecimal digits"):
        build_visa_reject(SENT, bitmap, code)


def test_only_what_can_be_sent_back_can_be_rejected() -> None:
    with pytest.raises(MessageError, match="total length differs"):
        build_visa_reject(SENT[:-1], bytes(2), "0025")
    with pytest.raises(MessageError, match="the peer rejected a message"):
        build_visa_reject(REJECT, bytes(2), "0025")
