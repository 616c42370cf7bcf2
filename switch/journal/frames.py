"""The bytes of a segment: a head, then frames. Pure: no file, no key.

Head, 36 bytes: magic (8), log id (16), sequence number of the first frame (8), CRC-32 of these (4).
Frame: marker (4), length of the body (4), sequence number (8), CRC-32 of length, number and body (4), body."""

import struct
import zlib
from collections.abc import Iterator

import msgspec

_MAGIC = b"SWJSEG01"
_HEAD = struct.Struct(">8s16sQ")
_CRC = struct.Struct(">I")
HEAD_SIZE = _HEAD.size + _CRC.size
LOG_ID = 16
_MARKER = b"\xabSJ\xba"
_LENGTH = struct.Struct(">IQ")
_FRAME_SIZE = len(_MARKER) + _LENGTH.size + _CRC.size


class Frame(msgspec.Struct, frozen=True):
    """A sound frame: its number, where it begins and where the next one would, its body."""

    sequence: int
    offset: int
    end: int
    body: bytes


def head(log_id: bytes, first: int) -> bytes:
    """The head of the segment whose first frame has the number `first`."""
    fixed = _HEAD.pack(_MAGIC, log_id, first)
    return fixed + _CRC.pack(zlib.crc32(fixed))


def parse_head(data: bytes) -> tuple[bytes, int] | None:
    """(log id, first sequence number), None when this is no head."""
    if len(data) < HEAD_SIZE or data[:HEAD_SIZE] != head(*(found := _HEAD.unpack_from(data))[1:]):
        return None
    return found[1], found[2]


def is_unborn(data: bytes) -> bool:
    """Whether a segment's head never became durable: nothing is written behind it before it is."""
    return len(data) <= HEAD_SIZE and parse_head(data) is None


def frame(sequence: int, body: bytes) -> bytes:
    measured = _LENGTH.pack(len(body), sequence)
    return _MARKER + measured + _CRC.pack(zlib.crc32(body, zlib.crc32(measured))) + body


def read_frames(data: bytes, first: int) -> Iterator[Frame]:
    """The sound frames one behind the other from the head on, numbered from `first`; ends at the first that is not."""
    offset, sequence = HEAD_SIZE, first
    while (found := frame_at(data, offset)) is not None and found.sequence == sequence:
        yield found
        offset, sequence = found.end, sequence + 1


def last_frame(data: bytes, first: int) -> tuple[int, int, int]:
    """Of the last sound frame: its number, where it begins and where it ends; of the head when there is none."""
    sequence, offset, end = first - 1, 0, HEAD_SIZE
    for found in read_frames(data, first):
        sequence, offset, end = found.sequence, found.offset, found.end
    return sequence, offset, end


def frame_at(data: bytes, offset: int) -> Frame | None:
    """The sound frame that begins at `offset`, if one does."""
    start = offset + _FRAME_SIZE
    if len(data) < start or not data.startswith(_MARKER, offset):
        return None
    length, sequence = _LENGTH.unpack_from(data, offset + len(_MARKER))
    end = start + length
    if len(data) < end:
        return None
    body = data[start:end]
    measured = data[offset + len(_MARKER) : start - _CRC.size]
    if _CRC.pack(zlib.crc32(body, zlib.crc32(measured))) != data[start - _CRC.size : start]:
        return None
    return Frame(sequence, offset, end, body)


def later_frame(data: bytes, offset: int) -> Frame | None:
    """The first sound frame behind `offset`, wherever it begins: what is bad before it is no torn end."""
    while (offset := data.find(_MARKER, offset + 1)) >= 0:
        found = frame_at(data, offset)
        if found is not None:
            return found
    return None
