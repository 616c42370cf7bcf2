"""What may stand around a message: a length, a TPDU, a header. Cuts payloads into frames; knows no fields."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from switch.message import VISA_HEADER, VISA_REJECT_HEADER, Framing, MessageError, parse_framing
from switch.message.framing_lengths import LENGTHS
from switch.message.tpdu import TPDU_BYTES, TPDU_ID
from switch.message.visa_header import parse_visa_header

NO_FRAMING = "none"
_LONGEST = 1 << 24
# A literal that some hosts write before the message type: "ISO" and nine digits about product, release and status.
_ISO_LITERAL = 12
_VISA_START = bytes((VISA_HEADER, 1, 2))


@dataclass(frozen=True, slots=True)
class Cut:
    """One frame: `begin` to `end` in its payload, its first `prefix` bytes the length; `missing` bytes are cut off."""

    begin: int
    end: int
    prefix: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """What stands between length and message: "", "tpdu", "visa", "visa reject", "iso", "header"; its bytes.

    `fault` says what is wrong with it.
    """

    kind: str
    size: int
    fault: MessageError | None = field(default=None, compare=False)


def framings() -> tuple[str, ...]:
    """The names of all lengths that are tried, likeliest first; "none" for a message without one."""
    return (NO_FRAMING, *LENGTHS, *(f"{kind}-inclusive" for kind in LENGTHS))


def framing_of(name: str) -> Framing | None:
    """The framing of a name, None for "none"; raises ValueError for any other."""
    return None if name == NO_FRAMING else parse_framing(name, max_frame=_LONGEST)


def cut(data: bytes, framing: Framing | None) -> Iterator[Cut]:
    """The frames of `data`, the last one perhaps cut off; ends where no length stands. Keep-alives are no frames."""
    if framing is None:
        if data:
            yield Cut(0, len(data), 0)
        return
    length = LENGTHS[framing.kind]
    own = length.width if framing.inclusive else 0
    position = 0
    while position + length.width <= len(data):
        announced = length.parse(data[position : position + length.width])
        if announced is None or announced < own or announced > _LONGEST:
            return
        end = position + length.width + announced - own
        if end > position + length.width:
            yield Cut(position, min(end, len(data)), length.width, max(0, end - len(data)))
        position = end


def headers(frame: bytes, start: int, framing: Framing | None) -> list[Header]:
    """The headers that `frame` may have behind its length, which ends at `start`; those that are surely there alone."""
    if framing is not None and (framing.tpdu or framing.header):
        return [_named(frame, start, framing)]
    if frame[start : start + 3] == b"ISO" and frame[start + 3 : start + _ISO_LITERAL].isdigit():
        return [Header("iso", _ISO_LITERAL)]
    found = [Header("", 0)]
    visa = _visa(frame, start)
    if visa is not None:
        found.insert(0, visa)
    elif frame[start : start + 1] == bytes((TPDU_ID,)) and len(frame) > start + TPDU_BYTES:
        found.insert(0, Header("tpdu", TPDU_BYTES))
    return found


def _named(frame: bytes, start: int, framing: Framing) -> Header:
    """The header that a framing's name asks for."""
    if framing.tpdu and not framing.header:
        return Header("tpdu", TPDU_BYTES)
    visa = _visa(frame, start) if framing.header == VISA_HEADER and not framing.tpdu else None
    return visa or Header("header", framing.before_message)


def _visa(frame: bytes, start: int) -> Header | None:
    """The Visa header at `start`; a reject's own header and the header of the message that it returns are one."""
    if frame[start : start + 1] == bytes((VISA_REJECT_HEADER,)):
        inner = start + VISA_REJECT_HEADER
        if frame[start + 1 : start + 3] == _VISA_START[1:] and frame[inner : inner + 3] == _VISA_START:
            return Header("visa reject", VISA_REJECT_HEADER + VISA_HEADER)
    if frame[start : start + 3] != _VISA_START:
        return None
    try:
        parse_visa_header(frame[start:])
    except MessageError as error:
        return Header("visa", min(VISA_HEADER, len(frame) - start), error)
    return Header("visa", VISA_HEADER)
