"""Which framing, header and interface bytes are of: tries all of them and ranks them, with reasons. Shows nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from switch.explain.envelope import Cut, Header, cut, framing_of, framings, headers
from switch.explain.score import Fit, fit
from switch.message import Codec, compile_spec, load_spec
from switch.message.spec import shipped_specs

# Below this there is no telling what the bytes are; two whose points differ by less are equally likely.
LIKELY = 50.0
# Any bytes get so many from some interface or other; with one interface given they are read by it.
_NOTHING = 18.0
_CLOSE = 3.0
_FRAME_EXACT, _FRAME_MORE, _FRAME_CUT, _FRAME_CHANCE = 6.0, 3.0, -10.0, -25.0
# Two bytes of zero may be a keep-alive, or the first half of a length of four bytes, which is likelier.
_KEEP_ALIVE_FIRST = -4.0
_HEADER = {"visa": 8.0, "visa reject": 8.0, "tpdu": 4.0, "iso": 6.0}
_HEADER_FAULT = -6.0
_TRIED_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way of reading a frame: its framing, what stands before the message, the interface, how well it fits."""

    framing: str
    header: Header
    codec: Codec = field(repr=False)
    fit: Fit = field(repr=False)
    points: float

    @property
    def name(self) -> str:
        """ "pos-1987-ascii, len2, tpdu"."""
        return ", ".join(part for part in (self.codec.name, self.framing, self.header.kind) if part)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it has its points."""
        fault = (f"header: {self.header.fault.reason}",) if self.header.fault else ()
        return (*self.fit.reasons, *fault)


@cache
def shipped() -> tuple[Codec, ...]:
    """The codecs of all shipped specs."""
    return tuple(compile_spec(load_spec(name)) for name in shipped_specs())


def guess(data: bytes, codecs: Sequence[Codec], framing: str | None) -> list[Candidate]:
    """The candidates for `data`, the likeliest first; judged by its first frames. `framing` is a name when it is known.

    Raises ValueError for a framing of no such name.
    """
    found: list[Candidate] = []
    for name in (framing,) if framing is not None else framings():
        cuts = _first(data, name)
        if cuts and (framing is not None or not cuts[0].missing or len(cuts) == 1):
            found += _of_frames(data, name, cuts, codecs)
    found.sort(key=lambda candidate: -candidate.points)
    return [candidate for candidate in found if candidate.points >= _NOTHING or len(codecs) == 1]


def read_frame(frame: bytes, prefix: int, like: Candidate) -> Candidate:
    """A further frame of the same kind as `like`."""
    known = headers(frame, prefix, framing_of(like.framing))
    header = next((each for each in known if each.kind == like.header.kind), known[0])
    read = fit(like.codec, frame, prefix + header.size)
    return Candidate(like.framing, header, like.codec, read, _points(read, header, 0.0))


def unsure(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates among which cannot be told: the first alone when it is clear."""
    if not candidates:
        return []
    best = candidates[0].points
    least = best - _CLOSE if best >= LIKELY else best - 4 * _CLOSE
    return [candidate for candidate in candidates if candidate.points >= least][:6]


def _first(data: bytes, name: str) -> list[Cut]:
    cuts = []
    for each in cut(data, framing_of(name)):
        cuts.append(each)
        if len(cuts) == _TRIED_FRAMES:
            break
    return cuts


def _of_frames(data: bytes, name: str, cuts: list[Cut], codecs: Iterable[Codec]) -> Iterator[Candidate]:
    """The candidates for the first frame, with the points that the next ones bear out."""
    first, framing = cuts[0], framing_of(name)
    frame = data[first.begin : first.end]
    frame_points = 0.0
    if framing is not None:
        exact = cuts[-1].end == len(data) and not cuts[-1].missing
        frame_points = _FRAME_CUT if first.missing else _FRAME_EXACT if exact else _FRAME_MORE if len(cuts) > 1 else 0.0
        # A length that leaves bytes over, and nothing that bears it out, is chance.
        if len(cuts) == 1 and not exact and not first.missing:
            frame_points = _FRAME_CHANCE
        frame_points += _KEEP_ALIVE_FIRST if first.begin else 0.0
    for header in headers(frame, first.prefix, framing):
        for codec in codecs:
            read = fit(codec, frame, first.prefix + header.size)
            if read.points:
                yield Candidate(name, header, codec, read, _points(read, header, frame_points))


def _points(read: Fit, header: Header, frame_points: float) -> float:
    header_points = _HEADER_FAULT if header.fault else _HEADER.get(header.kind, 0.0)
    return round(min(100.0, read.points * 0.9 + header_points + frame_points), 1)
