"""One connection of the HSM's server: reads, answers in turns, and gives up on a peer that stalls."""

import math
from dataclasses import dataclass

import trio

from switch.hsm.conversation import HostConversation

# TCP or TLS.
Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
# Bytes taken in one read: with one message before them, all that a connection may hold.
_READ = 65536
# Commands that all connections may have answered in one round without queueing, and the bounds of one's share.
_ROUND = 1024
_LEAST, _MOST = 4, 64
# Connections of the queue served in one round.
_GREEDY = 8


class Turns:
    """What keeps a crowd from starving one client, shared by all connections.

    A connection has a few commands answered as they arrive. One that brought more queues for the rest, and only so
    many of the queue are served in one round of the scheduler: who asks little overtakes who asks much.
    """

    def __init__(self) -> None:
        self.connections = 0
        self._queue = trio.Semaphore(_GREEDY)

    def first(self) -> int:
        """How many commands are answered without queueing."""
        return max(_LEAST, min(_MOST, _ROUND // max(1, self.connections)))

    async def wait(self) -> int:
        """Waits in the queue; how many commands may be answered now."""
        await self._queue.acquire()
        try:
            await trio.lowlevel.checkpoint()  # the place is given to the next in the next round, not in this one
        finally:
            self._queue.release()
        return _MOST


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: what a message may take once begun, silence before the first and between two, where 0 is no end."""

    message: float
    first: float
    idle: float


class Peer:
    def __init__(
        self,
        stream: Stream,
        conversation: HostConversation,
        turns: Turns,
        timeouts: Timeouts,
    ) -> None:
        self._stream = stream
        self._conversation = conversation
        self._turns = turns
        self._message_timeout = timeouts.message
        self._first_timeout = timeouts.first or math.inf
        self._idle_timeout = timeouts.idle or math.inf

    async def converse(self) -> str:
        """Answers until the connection ends and returns why."""
        conversation, heard = self._conversation, False
        deadline = trio.current_time() + min(self._first_timeout, self._idle_timeout)
        while True:
            with trio.move_on_at(deadline) as silence:
                data = await self._stream.receive_some(_READ)
            if silence.cancelled_caught:
                return "silent inside a message" if conversation.unfinished else "idle" if heard else "sent nothing"
            if not data:
                return "closed by peer"
            begun, heard = conversation.unfinished, True
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
        replies, more = self._conversation.answer(self._turns.first())
        answered = bool(replies)
        while replies:
            with trio.move_on_after(self._message_timeout) as stalled:
                await self._stream.send_all(replies)
            if stalled.cancelled_caught:
                return answered, "does not read its replies"
            if not more:
                break
            replies, more = self._conversation.answer(await self._turns.wait())
        return answered, self._conversation.fault
