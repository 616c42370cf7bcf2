"""The 22-byte header of a Visa-style link. Source: docs/messages.rst, "Visa header"."""

from dataclasses import dataclass

from switch.message.errors import MessageError

VISA_HEADER = 22
_REJECT_HEADER = 26


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


def parse_visa_header(data: bytes) -> VisaHeader:
    """The header at the start of `data`; raises MessageError when it is short, a reject or lies about the length."""
    if len(data) < VISA_HEADER:
        raise MessageError("visa", "h", "header is short", 0, VISA_HEADER, len(data))
    if data[0] == _REJECT_HEADER:
        raise MessageError("visa", "h", "the peer rejected a message", 0)
    if data[0] != VISA_HEADER:
        raise MessageError("visa", "h", f"expected header length {VISA_HEADER}", 0)
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


def build_visa_header(message_length: int, *, source: str, destination: str, round_trip: int = 0) -> bytes:
    """A header for a message of `message_length` bytes between two stations of 6 digits."""
    total = VISA_HEADER + message_length
    return (
        bytes((VISA_HEADER, 1, 2))
        + total.to_bytes(2, "big")
        + bytes.fromhex(destination)
        + bytes.fromhex(source)
        + bytes((round_trip,))
        + bytes(10)
    )


def reply_visa_header(request: VisaHeader, message_length: int) -> bytes:
    """The header of the answer: stations swapped, round-trip field returned."""
    return build_visa_header(
        message_length, source=request.destination, destination=request.source, round_trip=request.round_trip
    )
