"""The HSM's side of one connection: bytes in, replies out, no I/O. The server and the in-process HSM share it."""

from collections.abc import Callable

from switch.hsm.statistics import HsmStatistics

# What two bytes can say of a reply; hexadecimal doubles what came in.
_LONGEST = 0xFFFF
_TOO_LONG = b"80"


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
            if not width <= length <= self._most:
                self.fault = f"message of {length} bytes, expected {width} to {self._most}"
                break
            end = position + 2 + length
            if end > len(buffer):
                break
            command = buffer[position + 2 + width : end]
            answer = self._handle(command)
            if width + len(answer) > _LONGEST:
                answer = answer[:2] + _TOO_LONG
            self._count(command, answer)
            reply = buffer[position + 2 : position + 2 + width] + answer
            replies.append(len(reply).to_bytes(2, "big") + reply)
            position = end
        self._position = position
        return b"".join(replies), len(replies) == most and position < len(buffer)
