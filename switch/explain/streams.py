"""One direction of a TCP connection put together from its segments by sequence number. Knows no message."""

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from switch.explain.segments import Segment

_WRAP = 1 << 32
_HALF = 1 << 31


@dataclass(slots=True)
class Stream:
    """What went from `source` to `destination`; `gaps` are offsets in `data` before which segments are missing.

    `marks` are (offset in `data`, packet, time): from there on that packet carried the bytes.
    """

    source: str
    destination: str
    data: bytearray = field(default_factory=bytearray, repr=False)
    marks: list[tuple[int, int, float]] = field(default_factory=list, repr=False)
    gaps: list[int] = field(default_factory=list)

    def packet(self, offset: int) -> tuple[int, float]:
        """Number and time of the packet that carried the byte at `offset`."""
        found = bisect_right(self.marks, offset, key=lambda mark: mark[0]) - 1
        _, number, time = self.marks[max(0, found)]
        return number, time

    def pieces(self) -> list[tuple[int, int]]:
        """The stretches of `data` without a gap inside: begin and end."""
        bounds = [0, *self.gaps, len(self.data)]
        return [(begin, end) for begin, end in pairwise(bounds) if end > begin]


def streams(segments: Iterable[Segment]) -> list[Stream]:
    """Every direction of every connection that carried something, by its first packet."""
    connections: dict[tuple[str, str], list[_Connection]] = {}
    order: list[_Connection] = []
    for each in segments:
        known = connections.setdefault((each.source, each.destination), [])
        if not known or (each.syn and known[-1].is_other(each)):
            known.append(_Connection())
            order.append(known[-1])
        known[-1].add(each)
    found = [connection.stream() for connection in order]
    return [stream for stream in found if stream is not None]


class _Connection:
    """The segments of one direction; sequence numbers count on from the first one, past the wrap at 2**32."""

    def __init__(self) -> None:
        self._segments: list[tuple[int, int, Segment]] = []
        self._first: Segment | None = None
        self._latest = 0
        self._start: int | None = None
        self._syn: int | None = None

    def is_other(self, opening: Segment) -> bool:
        """Whether `opening` opens another connection between the same ports, not this one once more."""
        return self._syn != opening.sequence if self._syn is not None else bool(self._segments)

    def add(self, each: Segment) -> None:
        if self._first is None:
            self._first = each
            self._latest = each.sequence
        position = self._latest + (each.sequence - self._latest + _HALF) % _WRAP - _HALF
        self._latest = max(self._latest, position)
        if each.syn:
            self._syn = each.sequence
            self._start = position = position + 1
        if each.data:
            insort(self._segments, (position, len(self._segments), each))

    def stream(self) -> Stream | None:
        if self._first is None or not self._segments:
            return None
        found = Stream(self._first.source, self._first.destination)
        position = self._segments[0][0] if self._start is None else self._start
        for begin, _, each in self._segments:
            end = begin + len(each.data)
            if begin > position:
                found.gaps.append(len(found.data))
                position = begin
            # What was sent again, in whole or in part, is taken as it came first.
            if end > position:
                found.marks.append((len(found.data), each.packet, each.time))
                found.data += each.data[position - begin :]
                position = end
        return found
