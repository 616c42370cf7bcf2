"""The messages of a capture file in the order of its packets: connections put together, framing and interface guessed
for each direction. Knows no file and no terminal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from switch.explain.capture import CaptureError, packets
from switch.explain.envelope import Cut, cut, framing_of
from switch.explain.explained import Explained, Settings, explain_frame
from switch.explain.guess import LIKELY, Candidate, unsure
from switch.explain.guesser import Guesser
from switch.explain.segments import Segment, segment
from switch.explain.streams import Stream, streams

# Called with the bytes read and the bytes there are.
Progress = Callable[[int, int], None]
_EVERY = 256  # packets between two calls


@dataclass(frozen=True, slots=True)
class _Found:
    """One frame of a stretch of a stream: the packet that completed it, where it lies, how it is read."""

    packet: int
    way: str
    data: bytes = field(repr=False)
    where: Cut
    candidates: Sequence[Candidate] = field(repr=False)


def explain_capture(data: bytes, settings: Settings, progress: Progress | None = None) -> Iterator[Explained | str]:
    """The messages in a capture; a string says what of it is none. A damaged capture is read up to the damage."""
    remarks: list[str] = []
    found: list[_Found] = []
    directions = streams(_segments(data, remarks, progress))
    guesser = Guesser(settings.codecs, settings.framing)
    for stream in directions:
        found += _frames(stream, guesser, remarks)
    yield from remarks
    if not found:
        yield f"no message in {len(directions)} directions of TCP connections"
    # Sorting is stable: frames that one packet completed keep their order.
    for each in sorted(found, key=lambda frame: frame.packet):
        place = f"packet {each.packet}, {each.way}"
        yield explain_frame(place, "capture", each.candidates, each.data, each.where, settings)


def _segments(data: bytes, remarks: list[str], progress: Progress | None) -> Iterator[Segment]:
    try:
        for packet in packets(data):
            if progress and packet.number % _EVERY == 0:
                progress(packet.end, len(data))
            found = segment(packet)
            if found is not None:
                yield found
    except CaptureError as error:
        remarks.append(str(error))
    if progress:
        progress(len(data), len(data))


def _frames(stream: Stream, guesser: Guesser, remarks: list[str]) -> Iterator[_Found]:
    way = f"{stream.source} > {stream.destination}"
    whole = bytes(stream.data)
    for begin, end in stream.pieces():
        if begin in stream.gaps:
            remarks.append(f"{way}: packets are missing before byte {begin}")
        data = whole[begin:end]
        candidates = guesser.guess(data)
        if not candidates or candidates[0].points < LIKELY:
            remarks.append(f"{way}: {len(data)} bytes that do not look like ISO 8583")
            continue
        done = 0
        for where in cut(data, framing_of(candidates[0].framing)):
            number, _ = stream.packet(begin + where.end - 1)
            yield _Found(number, way, data, where, candidates[:1] if done else unsure(candidates))
            done = where.end
        if done < len(data):
            remarks.append(f"{way}: {len(data) - done} bytes from byte {begin + done} on are no frame")
