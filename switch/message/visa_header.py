"""The 22-byte header of a Visa-style link, and the 26 bytes of a reject. Layout: docs/framing.rst. Knows no fields."""

from dataclasses import dataclass, field
from string import hexdigits

from switch.message.errors import MessageError

VISA_HEADER = 22
VISA_REJECT_HEADER = 26


@dataclass(frozen=True, slots=True)
class VisaHeader:
    """Stations are 6 digits; `total_length` counts header and message; `round_trip` comes back unchanged."""

    text_format: int
    total_length: int
    destination: str
    source: str
    round_trip: int
    flags: bytes
    status: bytes
    batch: int
    user: int


@dataclass(frozen=True, slots=True)
class VisaReject:
    """What a peer could not take: `original` is header and message as they were sent.

    `bitmap` and `code` are the two fields of 2 bytes that only this header has: which further fields there are, and
    the reject code, 4 hexadecimal digits.
    """

    header: VisaHeader
    bitmap: bytes
    code: str
    original: bytes = field(repr=False)


def parse_visa_header(data: bytes) -> VisaHeader:
    """The header at the start of `data`; raises MessageError when it is short, a reject or lies about the length."""
    if data[:1] == bytes((VISA_REJECT_HEADER,)):
        raise MessageError("visa", "h", "the peer rejected a message", 0)
    return _parse(data, VISA_HEADER)


def parse_visa_reject(data: bytes) -> VisaReject:
    """A rejected message; raises MessageError when `data` does not begin with a true header of 26 bytes."""
    header = _parse(data, VISA_REJECT_HEADER)
    return VisaReject(header, data[22:24], data[24:26].hex().upper(), data[VISA_REJECT_HEADER:])


def build_visa_header(message_length: int, *, source: str, destination: str, round_trip: int = 0) -> bytes:
    """A header for a message of `message_length` bytes between two stations of 6 digits.

    Raises MessageError for stations of another form, a message that with its header is longer than 65535 bytes, a
    round-trip field that is no byte.
    """
    return _build(VISA_HEADER, message_length, source, destination, round_trip)


def reply_visa_header(request: VisaHeader, message_length: int) -> bytes:
    """The header of the answer: stations swapped, round-trip field returned."""
    return build_visa_header(
        message_length, source=request.destination, destination=request.source, round_trip=request.round_trip
    )


def build_visa_reject(original: bytes, bitmap: bytes, code: str) -> bytes:
    """The reject of `original`, header and message as they came: sent back to its source behind 26 bytes.

    Raises MessageError as `parse_visa_header` does, and for a bitmap that is not 2 bytes or a code that is not 4
    hexadecimal digits.
    """
    if len(bitmap) != 2 or len(code) != 4 or not set(code) <= set(hexdigits):
        raise MessageError("visa", "h", "expected a bitmap of 2 bytes and a code of 4 hexadecimal digits")
    came = parse_visa_header(original)
    header = _build(VISA_REJECT_HEADER, len(original), came.destination, came.source, came.round_trip)
    return header + bitmap + bytes.fromhex(code) + original


def _parse(data: bytes, size: int) -> VisaHeader:
    if len(data) < size:
        raise MessageError("visa", "h", "header is short", 0, size, len(data))
    if data[0] != size:
        raise MessageError("visa", "h", f"expected header length {size}", 0)
    header = VisaHeader(
        text_format=data[2],
        total_length=int.from_bytes(data[3:5], "big"),
        destination=data[5:8].hex(),
        source=data[8:11].hex(),
        round_trip=data[11],
        flags=data[12:14],
        status=data[14:17],
        batch=data[17],
        user=data[21],
    )
    if not (header.destination + header.source).isdigit():
        raise MessageError("visa", "h", "expected 6 BCD digits for each station", 5)
    if header.total_length != len(data):
        raise MessageError("visa", "h", "total length differs from the frame", 3, header.total_length, len(data))
    return header


def _build(size: int, message_length: int, source: str, destination: str, round_trip: int) -> bytes:
    """The first 22 bytes of a header of `size` bytes."""
    total = size + message_length
    if not all(len(station) == 6 and station.isascii() and station.isdigit() for station in (source, destination)):
        raise MessageError("visa", "h", "expected 6 digits for each station")
    if total > 0xFFFF or not 0 <= round_trip <= 0xFF:
        raise MessageError("visa", "h", "expected at most 65535 bytes in all and a round-trip field of 1 byte")
    return (
        bytes((size, 1, 2))
        + total.to_bytes(2, "big")
        + bytes.fromhex(destination)
        + bytes.fromhex(source)
        + bytes((round_trip,))
        + bytes(10)
    )
