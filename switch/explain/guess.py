"""Which framing, header and interface bytes are of: tries all of them and ranks them, with reasons. Shows nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from switch.explain.envelope import Cut, Header, cut, framing_of, framings, headers
from switch.explain.score import Fit, fit, fit_if
from switch.message import Codec, MessageError, compile_spec, load_spec
from switch.message.spec import shipped_specs
from switch.message.tpdu import TPDU_BYTES, TPDU_ID

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
# A further message that is read as the one before may have so many points less, for it has other fields.
_AS_BEFORE = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way of reading a frame: its framing, what stands before the message, the interface, how well it fits.

    `around` are the points for what is around the message, its frame and the header that its spec has.
    """

    framing: str
    header: Header
    codec: Codec = field(repr=False)
    fit: Fit = field(repr=False)
    around: float = field(repr=False)

    @property
    def points(self) -> float:
        """From 0 to 100, by which candidates are ranked."""
        header = _HEADER_FAULT if self.header.fault else _HEADER.get(self.header.kind, 0.0)
        return round(min(100.0, self.fit.points * 0.9 + header + self.around), 1)

    @property
    def is_clear(self) -> bool:
        """Whether it is read to its end with nothing wrong in it, and is likely."""
        judged = all(right for _, right in self.fit.judged)
        faults = self.fit.error or self.fit.wrong or self.header.fault
        return not faults and judged and self.points >= LIKELY

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
    names = (framing,) if framing is not None else framings()
    frames = [(name, cuts) for name in names if (cuts := _first(data, name))]
    found = [each for name, cuts in frames for each in _of_frames(data, name, cuts, codecs, whole=True)]
    # What cannot be read to its end comes after what can, and is not worth a look when that is likely.
    if not found or max(candidate.points for candidate in found) < LIKELY:
        found += [each for name, cuts in frames for each in _of_frames(data, name, cuts, codecs, whole=False)]
    return [candidate for candidate in _ranked(found) if candidate.points >= _NOTHING or len(codecs) == 1]


def again(data: bytes, before: Sequence[Candidate]) -> list[Candidate]:
    """The candidates for `data` when it is clearly of the kinds that the payload `before` could not be told apart
    from: read whole by the best of them, nothing wrong, with about its points or more; none when it is not."""
    found: list[Candidate] = []
    for each in before:
        cuts = _first(data, each.framing)
        read = _of_frames(data, each.framing, cuts, (each.codec,), whole=True) if cuts else ()
        found += (candidate for candidate in read if candidate.header.kind == each.header.kind)
    ranked = _ranked(found)
    is_so = ranked and ranked[0].is_clear and ranked[0].points >= before[0].points - _AS_BEFORE
    return ranked if is_so else []


def _ranked(found: list[Candidate]) -> list[Candidate]:
    """By points; of two that fit as well, first the one that says more about what is inside fields."""
    return sorted(found, key=lambda candidate: (-candidate.points, -len(candidate.codec.subs)))


def read_frame(frame: bytes, prefix: int, like: Candidate) -> Candidate:
    """A further frame of the same kind as `like`."""
    known = headers(frame, prefix, framing_of(like.framing))
    header = next((each for each in known if each.kind == like.header.kind), known[0])
    read = fit(like.codec, frame, prefix + header.size)
    return Candidate(like.framing, header, like.codec, read, like.around)


def reads_alike(one: Candidate, other: Candidate) -> bool:
    """Whether two interfaces find the same fields in the same places with the same values."""
    left, right = one.fit.view, other.fit.view
    if left is None or right is None or one.fit.error or other.fit.error or left.fields != right.fields:
        return False
    if left.range("t") != right.range("t") or left.data != right.data:
        return False
    try:
        return all(left.range(key) == right.range(key) and left[key] == right[key] for key in left.fields)
    except MessageError:
        return False


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


def _of_frames(data: bytes, name: str, cuts: list[Cut], codecs: Iterable[Codec], *, whole: bool) -> Iterator[Candidate]:
    """The candidates for the first frame that are read to its end, or those that are not; with the points that the
    next frames bear out."""
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
            read = fit_if(codec, frame, first.prefix + header.size, whole=whole)
            if read is not None and read.points:
                own = _own_header(codec, frame[first.prefix : first.prefix + 1])
                yield Candidate(name, header, codec, read, frame_points + own)


def _own_header(codec: Codec, first: bytes) -> float:
    """The points for a TPDU where the spec itself has a header of that size."""
    is_tpdu = codec.header is not None and codec.header.op.size == TPDU_BYTES and first == bytes((TPDU_ID,))
    return _HEADER["tpdu"] if is_tpdu else 0.0
