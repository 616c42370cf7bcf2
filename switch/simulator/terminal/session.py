"""A terminal's connection to the switch: requests out, answers back in any order. Reconnecting is the caller's."""

from types import TracebackType

import trio

from switch.message import Codec, MessageError, View
from switch.simulator.wire import ConnectionLost, FrameStream


class NoAnswerError(Exception):
    """No answer came: too late, or the connection is gone. The requester cannot know what became of its request."""


class TerminalSession:
    """`async with TerminalSession(host, port, codec) as session: view = await session.ask(fields)`."""

    def __init__(self, host: str, port: int, codec: Codec, within: float = 5.0) -> None:
        self._address = (host, port)
        self._codec = codec
        self._within = within
        self._waiting: dict[tuple[str, str], tuple[trio.Event, list[View]]] = {}
        self._lost = ""
        self._nursery_manager = trio.open_nursery()
        self._nursery: trio.Nursery
        self._stream: FrameStream

    async def __aenter__(self) -> "TerminalSession":
        """Connects; raises OSError."""
        with trio.move_on_after(self._within) as scope:
            stream = await trio.open_tcp_stream(*self._address)
        if scope.cancelled_caught:
            raise TimeoutError(f"no connection within {self._within:g} s")
        self._stream = FrameStream(stream, "len2")
        self._nursery = await self._nursery_manager.__aenter__()
        self._nursery.start_soon(self._receive)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._nursery.cancel_scope.cancel()
        await self._nursery_manager.__aexit__(None, None, None)
        await self._stream.aclose()

    @property
    def lost(self) -> bool:
        """Whether the connection is of no use any more."""
        return bool(self._lost)

    async def ask(self, fields: dict[str, str]) -> tuple[bytes, View]:
        """The request as sent and its answer, matched by DE11 and DE7; raises NoAnswerError and MessageError."""
        frame = self._codec.encode(fields)
        key = fields["11"], fields["7"]
        event, answers = self._waiting[key] = trio.Event(), []
        try:
            with trio.move_on_after(self._within):
                await self._send(frame)
                await event.wait()
        finally:
            self._waiting.pop(key, None)
        if not answers:
            raise NoAnswerError(self._lost or f"no answer within {self._within:g} s")
        return frame, answers[0]

    async def _send(self, frame: bytes) -> None:
        if self._lost:
            raise NoAnswerError(self._lost)
        try:
            await self._stream.send(frame)
        except ConnectionLost as error:
            self._give_up(str(error))

    async def _receive(self) -> None:
        try:
            while frames := await self._stream.receive():
                for frame in frames:
                    self._answered(self._codec.view(frame))
            self._give_up("the switch closed the connection")
        except (ConnectionLost, MessageError) as error:
            self._give_up(str(error))

    def _answered(self, view: View) -> None:
        waiting = self._waiting.get((view.get("11", ""), view.get("7", "")))
        if waiting is not None:
            event, answers = waiting
            answers.append(view)
            event.set()

    def _give_up(self, reason: str) -> None:
        self._lost = self._lost or reason
        for event, _ in self._waiting.values():
            event.set()
