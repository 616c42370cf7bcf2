"""Frames one by one, each taken apart into TPDU, header and message. No I/O; knows no fields."""

from collections import deque
from dataclasses import dataclass, field

from switch.message.framing import FrameError, Framer
from switch.message.framing_settings import Framing
from switch.message.tpdu import TPDU_BYTES, Tpdu, parse_tpdu


def split_frame(framing: Framing, frame: bytes) -> "Frame":
    """The parts of a frame that `Framer.feed` gave; raises MessageError when it is none of this framing."""
    tpdu = parse_tpdu(frame) if framing.tpdu else None
    start = TPDU_BYTES if framing.tpdu else 0
    return Frame(frame[framing.before_message :], tpdu, frame[start : framing.before_message])


@dataclass(frozen=True, slots=True)
class Frame:
    """A message and what stood before it; `bytes(frame)` is what `Framer.wrap` takes."""

    message: bytes = field(repr=False)
    tpdu: Tpdu | None = None
    header: bytes = field(default=b"", repr=False)

    def __bytes__(self) -> bytes:
        return (b"" if self.tpdu is None else bytes(self.tpdu)) + self.header + self.message

    def reply(self, message: bytes) -> "Frame":
        """`message` as the answer: the TPDU turned round, the header as it came."""
        return Frame(message, None if self.tpdu is None else self.tpdu.reply(), self.header)


class FrameReader:
    """Bytes in, frames out one at a time: every good frame comes before the error that follows it."""

    def __init__(self, framing: Framing) -> None:
        self._framer = Framer(framing)
        self._ready: deque[bytes] = deque()
        self._fault: FrameError | None = None

    def feed(self, data: bytes | bytearray) -> None:
        """Takes what has arrived, in any portions; what is wrong with it is said by `next_frame`."""
        if self._fault is None:
            try:
                self._ready += self._framer.feed(data)
            except FrameError as error:
                self._ready += error.frames
                self._fault = error.again()

    def next_frame(self) -> Frame | None:
        """The next whole frame, None until more bytes come; raises FrameError once the good frames are out."""
        if self._ready:
            return split_frame(self._framer.framing, self._ready.popleft())
        if self._fault is not None:
            raise self._fault.again()
        return None

    def finish(self) -> None:
        """Call it when the peer has ended and `next_frame` gives None; raises FrameError when it was in mid-frame."""
        self._framer.finish()

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return self._framer.pending

    @property
    def keep_alives(self) -> int:
        """How many have come so far."""
        return self._framer.keep_alives
