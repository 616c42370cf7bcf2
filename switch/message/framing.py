"""Frames on a byte stream: a length, perhaps a TPDU or a fixed header, a message. No I/O, no clock, no answers."""

from typing import NoReturn

from switch.message.framing_lengths import LENGTHS
from switch.message.framing_settings import Framing, parse_framing
from switch.message.tpdu import TPDU_ID


def make_framer(framing: str | Framing, max_frame: int = 8192) -> "Framer":
    """A framer of a Framing, or of a short name for frames of at most `max_frame` bytes; raises ValueError."""
    return Framer(framing if isinstance(framing, Framing) else parse_framing(framing, max_frame))


class FrameError(ValueError):
    """Bytes that are no frames of this interface; `frames` are the good ones that came before them.

    `announced` is the length that was read, `allowed` the most (or least) it may be, both in bytes and as they stand
    on the wire; None where the fault is another.
    """

    def __init__(
        self, reason: str, frames: list[bytes], announced: int | None = None, allowed: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.frames = frames
        self.announced = announced
        self.allowed = allowed

    def again(self) -> "FrameError":
        """The same fault for whoever reads on; the frames before it were handed out."""
        return FrameError(self.reason, [], self.announced, self.allowed)


class Framer:
    """One direction of one connection: cuts a stream into frames, and puts lengths before them.

    A frame of nothing, or of nothing behind its TPDU and header, is a keep-alive: counted in `keep_alives`, else
    ignored. After a FrameError the stream cannot be read further: `feed` and `finish` raise it again, without frames.
    """

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self.keep_alives = 0
        self._length = LENGTHS[framing.kind]
        self._own = self._length.width if framing.inclusive else 0
        self._before = framing.before_message
        self._most = min(framing.max_frame, self._length.most - self._own)
        self._in_a_row = 0
        self._rest = bytearray()
        self._needed = 0
        self._fault: FrameError | None = None

    def feed(self, data: bytes | bytearray) -> list[bytes]:
        """The frames completed by `data`: TPDU, header and message, without the length. Raises FrameError."""
        self._refuse_more()
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < self._needed:
                return []
        source = rest or data
        frames: list[bytes] = []
        try:
            position = self._cut(source, frames)
        except FrameError as error:
            rest.clear()
            self._fault = error.again()
            raise
        if source is rest:
            del rest[:position]
        else:
            rest += source[position:]
        return frames

    def finish(self) -> None:
        """Call it when the peer has ended its stream; raises FrameError when that was in mid-frame."""
        self._refuse_more()
        if self._rest:
            raise FrameError(f"stream ends in mid-frame, with {len(self._rest)} of {self._needed} bytes", [])

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet, its length included."""
        return len(self._rest)

    def wrap(self, frame: bytes) -> bytes:
        """`frame` (TPDU, header and message) behind its length, b"" a keep-alive; raises ValueError for what `feed`
        of the other side would refuse."""
        size = len(frame)
        if size > self._most:
            raise ValueError(f"frame of {size} bytes, expected at most {self._most}")
        if 0 < size < self._before:
            raise ValueError(f"frame of {size} bytes, expected at least {self._before}: TPDU and header")
        if size and self.framing.tpdu and frame[0] != TPDU_ID:
            raise ValueError(f"frame does not begin with a TPDU of {TPDU_ID:02x}")
        return self._length.build(size + self._own) + frame

    def _cut(self, source: bytes | bytearray, frames: list[bytes]) -> int:
        """Adds the whole frames of `source` to `frames`; where the first one that is not whole begins."""
        width, position, have = self._length.width, 0, len(source)
        while have - position >= width:
            begin = position + width
            end = begin + self._size(bytes(source[position:begin]), frames)
            if end > have:
                self._needed = end - position
                return position
            self._take(bytes(source[begin:end]), frames)
            position = end
        self._needed = width
        return position

    def _size(self, header: bytes, frames: list[bytes]) -> int:
        """Bytes of the frame behind the length in `header`."""
        announced = self._length.parse(header)
        most, least = self._most + self._own, self._before + self._own
        if announced is None:
            raise FrameError(
                f"frame header is no length, expected {self._length.form} for at most {most} bytes", frames, None, most
            )
        if announced > most:
            _refuse_length(announced, "most", most, frames)
        if announced < least and announced != self._own:
            _refuse_length(announced, "least", least, frames)
        return announced - self._own

    def _take(self, frame: bytes, frames: list[bytes]) -> None:
        if frame and self.framing.tpdu and frame[0] != TPDU_ID:
            raise FrameError(f"frame does not begin with a TPDU of {TPDU_ID:02x}", frames)
        if len(frame) > self._before:
            self._in_a_row = 0
            frames.append(frame)
            return
        self.keep_alives += 1
        self._in_a_row += 1
        if self._in_a_row > self.framing.max_keep_alives:
            allowed = self.framing.max_keep_alives
            raise FrameError(f"{self._in_a_row} keep-alives in a row, expected at most {allowed}", frames)

    def _refuse_more(self) -> None:
        if self._fault is not None:
            raise self._fault.again()


def _refuse_length(announced: int, bound: str, allowed: int, frames: list[bytes]) -> NoReturn:
    reason = f"frame header announces {announced} bytes, expected at {bound} {allowed} bytes"
    raise FrameError(reason, frames, announced, allowed)
