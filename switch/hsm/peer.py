"""One connection of the HSM's server: reads, answers in turns, and gives up on a peer that stalls."""

import math
from collections.abc import Callable

import trio

from switch.hsm.conversation import HostConversation

# TCP or TLS.
Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
# Bytes taken in one read: with one message before them, all that a connection may hold.
_READ = 65536


class Peer:
    """Timeouts in seconds, `idle_timeout` 0 for none; `turn` says how many commands may be answered at a time."""

    def __init__(
        self,
        stream: Stream,
        conversation: HostConversation,
        turn: Callable[[], int],
        message_timeout: float,
        idle_timeout: float,
    ) -> None:
        self._stream = stream
        self._conversation = conversation
        self._turn = turn
        self._message_timeout = message_timeout
        self._idle_timeout = idle_timeout or math.inf

    async def converse(self) -> str:
        """Answers until the connection ends and returns why."""
        conversation = self._conversation
        deadline = trio.current_time() + self._idle_timeout
        while True:
            with trio.move_on_at(deadline) as silence:
                data = await self._stream.receive_some(_READ)
            if silence.cancelled_caught:
                return "silent inside a message" if conversation.unfinished else "idle"
            if not data:
                return "closed by peer"
            begun = conversation.unfinished
            conversation.feed(bytes(data))
            answered, fault = await self._answer()
            if fault:
                return fault
            if not conversation.unfinished:
                deadline = trio.current_time() + self._idle_timeout
            elif answered or not begun:
                deadline = trio.current_time() + self._message_timeout

    async def _answer(self) -> tuple[bool, str]:
        """Whether a message was complete, and why the connection ends, "" when it does not."""
        answered, more = False, True
        while more:
            replies, more = self._conversation.answer(self._turn())
            if replies:
                answered = True
                # A checkpoint as well: what is left waits until every other connection had its turn.
                with trio.move_on_after(self._message_timeout) as stalled:
                    await self._stream.send_all(replies)
                if stalled.cancelled_caught:
                    return answered, "does not read its replies"
        return answered, self._conversation.fault
