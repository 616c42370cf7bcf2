"""The 22-byte Visa header: what is written reads back, an answer turns it round, and a lie is refused."""

import pytest

from switch.message import VISA_HEADER, MessageError, build_visa_header, parse_visa_header, reply_visa_header

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
