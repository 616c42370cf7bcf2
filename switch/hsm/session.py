"""Many commands in flight on one HSM connection, matched by header. No I/O: bytes in, bytes out."""

from typing import Generic, TypeVar

from switch.hsm.requests import HsmError, HsmReply, parse_reply

Context = TypeVar("Context")


class HsmProtocolError(ValueError):
    """The peer does not speak the host protocol; the connection is of no use."""


class HsmSession(Generic[Context]):
    """One connection's worth of commands. At most 10**header_length - 1 may be in flight."""

    def __init__(self, header_length: int = 4) -> None:
        self._width = header_length
        self._next = 0
        self._waiting: dict[bytes, tuple[str, Context]] = {}
        self._rest = b""

    @property
    def in_flight(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        most: int = 10**self._width - 1
        return len(self._waiting) >= most

    def send(self, command: bytes, context: Context) -> bytes:
        """The bytes to write for `command`; its reply comes back with `context`."""
        if self.full:
            raise HsmProtocolError("too many commands in flight")
        if not 2 <= len(command) <= 0xFFFF - self._width:
            raise HsmProtocolError("command has no code, or is too long for its length field")
        while True:
            header = b"%0*d" % (self._width, self._next)
            self._next = (self._next + 1) % 10**self._width
            if header not in self._waiting:
                break
        self._waiting[header] = (chr(command[0]) + chr(command[1] + 1 & 0xFF), context)
        return (len(header) + len(command)).to_bytes(2, "big") + header + command

    def feed(self, data: bytes) -> list[tuple[Context, HsmReply]]:
        """The replies completed by `data`, in the order they came.

        Raises HsmProtocolError on anything else; then all that waited before the call still waits, for `fail_all`.
        """
        buffer = self._rest + data
        replies: dict[bytes, HsmReply] = {}
        position = 0
        while len(buffer) - position >= 2:
            end = position + 2 + int.from_bytes(buffer[position : position + 2], "big")
            if end > len(buffer):
                break
            header = buffer[position + 2 : position + 2 + self._width]
            if header not in self._waiting or header in replies:
                raise HsmProtocolError("reply to no command in flight")
            replies[header] = self._reply(buffer[position + 2 + self._width : end], self._waiting[header][0])
            position = end
        self._rest = buffer[position:]
        return [(self._waiting.pop(header)[1], reply) for header, reply in replies.items()]

    def fail_all(self) -> list[Context]:
        """The connection is gone: what waited, in order; the session starts anew."""
        waiting = [context for _, context in self._waiting.values()]
        self._waiting.clear()
        self._rest = b""
        return waiting

    @staticmethod
    def _reply(message: bytes, code: str) -> HsmReply:
        """A 00 says yes to one question only, so the code must be that of the command sent under this header."""
        try:
            reply = parse_reply(message)
        except HsmError as error:
            raise HsmProtocolError(str(error)) from None
        if reply.code != code:
            raise HsmProtocolError("reply to another command than the one under its header")
        return reply
