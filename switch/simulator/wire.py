"""Framed messages over one trio stream, as the counterparties read and write them. Knows no message."""

import trio

from switch.message import FrameError, make_framer

_READ = 65536


class ConnectionLost(Exception):
    """The peer is gone, or its bytes are no frames; the message says which."""


class FrameStream:
    """Owns `stream`. One task receives; any task may send, and frames never interleave."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, framing: str, max_frame: int = 8192) -> None:
        self._stream = stream
        self._framer = make_framer(framing, max_frame)
        self._lock = trio.Lock()
        self._fault = ""

    async def receive(self) -> list[bytes]:
        """The frames that arrive next, at least one; [] when the peer has ended. Raises ConnectionLost.

        Good frames in front of a bad one are returned first.
        """
        if self._fault:
            raise ConnectionLost(self._fault)
        try:
            async for data in self._stream:
                frames = self._framer.feed(bytes(data))
                if frames:
                    return frames
        except FrameError as error:
            self._fault = f"bad frame: {error}"
            return error.frames or await self.receive()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise ConnectionLost("connection lost") from None
        return []

    async def send(self, frame: bytes) -> None:
        """Writes one frame; raises ConnectionLost."""
        try:
            async with self._lock:
                await self._stream.send_all(self._framer.wrap(frame))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise ConnectionLost("connection lost") from None

    async def aclose(self) -> None:
        await trio.aclose_forcefully(self._stream)
