"""The HSM's side of one connection: bytes in, replies out, no I/O. The server and the in-process HSM share it."""

from collections.abc import Callable

import structlog

from switch.hsm.statistics import HsmStatistics

log = structlog.get_logger()

# The HSM has a fault of its own; what it was must not reach the peer.
_INTERNAL = b"41"


class HostConversation:
    """Cuts frames and answers them in order, so many at a time as the caller allows.

    Holds what one `feed` brought and less than one message before it: `feed` again only after `answer` has given all.
    """

    def __init__(
        self, handle: Callable[[bytes], bytes], header_length: int, max_message: int, statistics: HsmStatistics
    ) -> None:
        self._handle = handle
        self._width = header_length
        self._most = max_message
        self._count = statistics.count
        self._buffer = b""
        self._position = 0
        # Why nothing that follows can be understood; "" while all is well.
        self.fault = ""

    @property
    def unfinished(self) -> bool:
        """Whether the bytes at hand end inside a message."""
        return self._position < len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        self._buffer = self._buffer[self._position :] + data if self.unfinished else data
        self._position = 0

    def answer(self, most: int) -> tuple[bytes, bool]:
        """The replies to at most `most` commands, framed, and whether there may be more to answer."""
        buffer, width, position = self._buffer, self._width, self._position
        replies: list[bytes] = []
        while len(replies) < most and len(buffer) - position >= 2:
            length = int.from_bytes(buffer[position : position + 2], "big")
            if not width + 2 <= length <= self._most:
                self.fault = f"message of {length} bytes, expected {width + 2} to {self._most}"
                break
            end = position + 2 + length
            if end > len(buffer):
                break
            header = buffer[position + 2 : position + 2 + width]
            reply = header + self._reply(buffer[position + 2 + width : end])
            replies.append(len(reply).to_bytes(2, "big") + reply)
            position = end
        self._position = position
        return b"".join(replies), len(replies) == most and position < len(buffer)

    def _reply(self, command: bytes) -> bytes:
        try:
            reply = self._handle(command)
        except Exception as error:
            # The table never raises. If it does all the same, one command fails; its data stay out of the log.
            code = command[:2].decode("latin-1")
            log.error("command failed", command=code, error=type(error).__name__)
            reply = command[:1] + bytes((command[1] + 1 & 0xFF,)) + _INTERNAL
        self._count(command, reply)
        return reply
