"""An HSM without a process or a socket: the server's own framing and command table behind a stream in memory.

Clear keys then live in the caller's process. It is for tests, benchmarks and small set-ups, not a way to keep keys.
"""

import trio

from switch.hsm.config import HsmConfig, open_commands
from switch.hsm.conversation import HostConversation
from switch.hsm.statistics import HsmStatistics

_ALL = 1 << 30


def open_conversation(header_length: int) -> HostConversation:
    """An HSM as `switch hsm` starts it without a file, but for messages as long as a session sends them."""
    config = HsmConfig(header_length=header_length, max_message=0xFFFF)
    return HostConversation(open_commands(config).handle, header_length, config.max_message, HsmStatistics())


def exchange(conversation: HostConversation, data: bytes) -> bytes:
    """What an HSM answers to the bytes of a client."""
    conversation.feed(data)
    return conversation.answer(_ALL)[0]


class InProcessStream(trio.abc.Stream):
    """The client's end: what is sent is answered at once and waits to be received."""

    def __init__(self, header_length: int) -> None:
        self._conversation = open_conversation(header_length)
        self._replies = b""
        self._arrived = trio.Event()
        self._closed = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise trio.ClosedResourceError("HSM in process is closed")
        if self._conversation.fault:
            raise trio.BrokenResourceError(self._conversation.fault)
        self._replies += exchange(self._conversation, bytes(data))
        self._arrived.set()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        while not (self._replies or self._closed or self._conversation.fault):
            self._arrived = trio.Event()
            await self._arrived.wait()
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise trio.ClosedResourceError("HSM in process is closed")
        most = max_bytes or len(self._replies)
        taken, self._replies = self._replies[:most], self._replies[most:]
        return taken

    def close(self) -> None:
        """At once; whoever receives learns of it."""
        self._closed = True
        self._arrived.set()

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()
