"""Payloads explained: every message in them decoded as far as it goes. Knows no file, no capture, no terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from switch.explain.envelope import Cut, cut, framing_of
from switch.explain.guess import Candidate, read_frame, shipped, unsure
from switch.explain.head import head_nodes
from switch.explain.hexdump import DumpLine, dump
from switch.explain.tree import Node, message_nodes
from switch.explain.trust import is_odd, may_be_secret, vouched
from switch.message import Codec, MessageError


@dataclass(frozen=True, slots=True)
class Settings:
    """How to read and what to show.

    `codecs` are the interfaces that are tried, `framing` a name when it is known, `most_rest` how many bytes are shown
    of what could not be read.
    """

    codecs: Sequence[Codec] = field(default_factory=shipped)
    framing: str | None = None
    masked: bool = True
    most_rest: int = 4096


@dataclass(frozen=True, slots=True)
class Explained:
    """One message. `place` says where in the input it was, `form` how it was written there.

    `candidates` are the ways of reading it that are as likely as the one taken, which is the first of them; none when
    no interface could read even its type. `frame` begins with `prefix` bytes of length. `error` is why it could not be
    read to its end, `rest` the bytes from there.
    """

    place: str
    form: str
    candidates: tuple[Candidate, ...]
    frame: bytes = field(repr=False)
    prefix: int
    nodes: tuple[Node, ...] = field(repr=False)
    error: MessageError | None
    rest: tuple[DumpLine, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Interface, framing and header."""
        return self.candidates[0].name if self.candidates else "unknown"


def explain_payload(
    data: bytes, place: str, form: str, candidates: Sequence[Candidate], settings: Settings
) -> Iterator[Explained | str]:
    """Every frame of a payload, all read as the first is; a string says what is no frame."""
    if not candidates:
        yield _unreadable(data, place, form, settings)
        return
    end = 0
    for number, each in enumerate(cut(data, framing_of(candidates[0].framing))):
        whole = number == 0 and each.end == len(data)
        where = place if whole else f"{place} byte {each.begin}".strip()
        alike = unsure(candidates) if number == 0 else candidates[:1]
        yield explain_frame(where, form, alike, data, each, settings)
        end = each.end
    if end < len(data):
        yield f"{len(data) - end} bytes from byte {end} on are no frame of {candidates[0].framing}"


def explain_frame(
    place: str, form: str, candidates: Sequence[Candidate], data: bytes, where: Cut, settings: Settings
) -> Explained:
    """The frame at `where` in `data`, read as the first candidate."""
    frame = data[where.begin : where.end]
    chosen = candidates[0]
    # The frame that was guessed by is read already.
    if chosen.fit.view is None or chosen.fit.view.data != frame:
        chosen = read_frame(frame, where.prefix, chosen)
    read = chosen.fit
    trusted = vouched(read)
    doubted = settings.masked and not trusted and is_odd(read)
    nodes = list(head_nodes(frame, where.prefix, where.missing, chosen, trusted=not doubted))
    if read.view is not None:
        nodes += message_nodes(read.view, trusted, masked=settings.masked)
    rest: tuple[DumpLine, ...] = ()
    if read.error is not None:
        offset = read.error.offset
        begin = where.prefix + chosen.header.size if offset is None else min(offset, len(frame))
        secret = may_be_secret(read, trusted, begin)
        rest = tuple(
            dump(frame, begin, _encoding(chosen.codec), masked=settings.masked, secret=secret, most=settings.most_rest)
        )
    error = _without_sizes(read.error) if doubted and read.error else read.error
    return Explained(place, form, (chosen, *candidates[1:]), frame, where.prefix, tuple(nodes), error, rest)


def _without_sizes(error: MessageError) -> MessageError:
    """A fault without the length that was read: where nothing is sure, its digits may be of a card number."""
    return MessageError(error.interface, error.path, error.reason, error.offset)


def _unreadable(data: bytes, place: str, form: str, settings: Settings) -> Explained:
    rest = tuple(dump(data, 0, "ascii", masked=settings.masked, secret=True, most=settings.most_rest))
    fault = "no message type where any interface has one" if data else "nothing to decode"
    return Explained(place, form, (), data, 0, (), MessageError("unknown", "t", fault, 0), rest)


def _encoding(codec: Codec) -> str:
    """The encoding of most texts of an interface."""
    found = [entry["data_enc"] for entry in codec.spec.fields.values() if entry["data_enc"] != "b"]
    return max(set(found), key=found.count, default="ascii")
