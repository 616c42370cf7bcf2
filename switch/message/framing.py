"""Frames on a byte stream: each interface prefixes its messages with a length in its own way. No I/O."""

from typing import Protocol


class FrameError(ValueError):
    """A length no frame of this interface has; `frames` are the good ones that came before it."""

    def __init__(self, reason: str, frames: list[bytes]) -> None:
        super().__init__(reason)
        self.frames = frames


class Framer(Protocol):
    """One direction of one connection."""

    def feed(self, data: bytes) -> list[bytes]: ...

    @property
    def pending(self) -> int: ...

    def wrap(self, frame: bytes) -> bytes: ...


class _Lengths(Protocol):
    width: int

    def parse(self, header: bytes) -> int | None: ...

    def build(self, length: int) -> bytes: ...


class _Len2:
    """2 bytes, big-endian, not counting themselves."""

    width = 2

    def parse(self, header: bytes) -> int | None:
        return int.from_bytes(header, "big")

    def build(self, length: int) -> bytes:
        return length.to_bytes(2, "big")


class _Visa4:
    """2 bytes, big-endian, and 2 reserved bytes of zero."""

    width = 4

    def parse(self, header: bytes) -> int | None:
        return int.from_bytes(header[:2], "big") if header[2:] == b"\0\0" else None

    def build(self, length: int) -> bytes:
        return length.to_bytes(2, "big") + b"\0\0"


class _Ascii4:
    """4 ASCII digits."""

    width = 4

    def parse(self, header: bytes) -> int | None:
        return int(header) if header.isdigit() else None

    def build(self, length: int) -> bytes:
        return b"%04d" % length


_KINDS: dict[str, tuple[type[_Lengths], int]] = {
    "len2": (_Len2, 0xFFFF),
    "visa4": (_Visa4, 0xFFFF),
    "ascii4": (_Ascii4, 9999),
}


class LengthFramer:
    """Cuts a stream into frames and back. Frames of length zero are keep-alives: they are skipped."""

    def __init__(self, lengths: _Lengths, max_frame: int) -> None:
        self._lengths = lengths
        self._max = max_frame
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by `data`, without their lengths; raises FrameError on an impossible length."""
        buffer = self._rest + data if self._rest else data
        frames: list[bytes] = []
        width, parse, position, size = self._lengths.width, self._lengths.parse, 0, len(buffer)
        while size - position >= width:
            length = parse(buffer[position : position + width])
            if length is None or length > self._max:
                self._rest = b""
                found = "is no length" if length is None else f"announces {length} bytes"
                raise FrameError(f"frame header {found}, expected at most {self._max} bytes", frames)
            end = position + width + length
            if end > size:
                break
            if length:
                frames.append(buffer[position + width : end])
            position = end
        self._rest = buffer[position:]
        return frames

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return len(self._rest)

    def wrap(self, frame: bytes) -> bytes:
        """`frame` behind its length; raises ValueError when it is longer than the interface allows."""
        if len(frame) > self._max:
            raise ValueError(f"frame of {len(frame)} bytes, expected at most {self._max}")
        return self._lengths.build(len(frame)) + frame


def make_framer(kind: str, max_frame: int = 8192) -> Framer:
    """A framer of `kind` "len2", "visa4" or "ascii4" for frames of at most `max_frame` bytes."""
    if kind not in _KINDS:
        raise ValueError(f"framing {kind!r}: expected one of {', '.join(_KINDS)}")
    lengths, most = _KINDS[kind]
    return LengthFramer(lengths(), min(max_frame, most))
