"""The connections of one listener: bounded in number, size, silence and work in flight; answers in any order."""

import math
import socket

import structlog
import trio

from switch.message import FrameError, make_framer
from switch.simulator.issuer.config import Limits, ListenerSettings
from switch.simulator.issuer.host import Financial, IssuerHost, Session
from switch.simulator.issuer.messages import Unanswerable
from switch.simulator.wire import ConnectionLost, FrameStream

log = structlog.get_logger()

_FRAMING = "ascii4"


class Door:
    """One listener. No connection, whatever it sends or does not read, costs another one anything."""

    def __init__(self, settings: ListenerSettings, host: IssuerHost) -> None:
        self._settings = settings
        self._host = host
        self._open = 0

    async def handle(self, stream: trio.SocketStream) -> None:
        """One connection, to its end."""
        name, limits = self._settings.name, self._settings.limits
        try:
            peer = str(stream.socket.getpeername()[1])
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError:
            return  # gone before it was looked at
        if self._open >= limits.connections:
            log.warning("refused", listener=name, peer=peer, reason=f"{self._open} connections are open")
            return
        self._open += 1
        log.info("connected", listener=name, peer=peer)
        connection = _Connection(stream, Session(self._settings, peer), self._host, limits)
        try:
            await connection.run()
        finally:
            self._open -= 1
            log.info("disconnected", listener=name, peer=peer, reason=connection.reason)


class _Connection:
    """`reason` is why it ended. A peer that has only stopped sending still gets what it waits for."""

    def __init__(self, stream: trio.SocketStream, session: Session, host: IssuerHost, limits: Limits) -> None:
        self._watched = _Watched(stream, limits)
        self._frames = FrameStream(self._watched, _FRAMING, limits.max_frame)
        self._session = session
        self._host = host
        self._limits = limits
        self._slots = trio.Semaphore(limits.in_flight)
        self.reason = ""

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            try:
                while frames := await self._frames.receive():
                    for frame in frames:
                        await self._take_slot()
                        nursery.start_soon(self._answer, self._host.receive(self._session, frame))
                self._end("closed by peer")
            except (ConnectionLost, Unanswerable) as error:
                await self._close(self._watched.silence or str(error))
            except Exception as error:
                await self._fail(error)

    async def _take_slot(self) -> None:
        """Waits only when it must: frames that arrived together start together, and share a commit."""
        try:
            self._slots.acquire_nowait()
        except trio.WouldBlock:
            await self._slots.acquire()

    async def _answer(self, message: bytes | Financial) -> None:
        try:
            if not isinstance(message, bytes):
                message = await self._host.process(self._session, message)
            with trio.move_on_after(self._limits.frame_timeout) as scope:
                await self._frames.send(message)
            if scope.cancelled_caught:
                await self._close("does not read its answers")
        except ConnectionLost as error:
            await self._close(str(error))
        except Exception as error:
            await self._fail(error)
        finally:
            self._slots.release()

    async def _fail(self, error: Exception) -> None:
        """A fault of ours takes this connection and no other; its type is told, what it says might be card data."""
        log.error("internal error", listener=self._session.listener.name, error=type(error).__name__)
        await self._close("internal error")

    def _end(self, reason: str) -> None:
        self.reason = self.reason or reason

    async def _close(self, reason: str) -> None:
        self._end(reason)
        await self._frames.aclose()


class _Watched(trio.abc.HalfCloseableStream):
    """A stream on which a frame that has begun must end within `frame_timeout`; `silence` says that one did not.

    Only the time spent waiting for the peer counts, not that in which this side does not read.
    """

    def __init__(self, stream: trio.SocketStream, limits: Limits) -> None:
        self._stream = stream
        self._framer = make_framer(_FRAMING, limits.max_frame)
        self._timeout = limits.frame_timeout
        self._patience = math.inf
        self.silence = ""

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Raises BrokenResourceError also when the rest of a frame does not come in time."""
        began = trio.current_time()
        with trio.move_on_after(max(0.0, self._patience)) as scope:
            data = await self._stream.receive_some(max_bytes)
        self._patience -= trio.current_time() - began
        if scope.cancelled_caught:
            self.silence = f"silence in mid-frame for {self._timeout:g} s"
            raise trio.BrokenResourceError(self.silence)
        self._note(bytes(data))
        return data

    def _note(self, data: bytes) -> None:
        began = self._framer.pending
        try:
            whole = self._framer.feed(data)
        except FrameError:
            return  # the reader of the frames finds it too
        if not self._framer.pending:
            self._patience = math.inf
        elif whole or not began:
            self._patience = self._timeout
        if not data and self._framer.pending:
            self.silence = "connection ended in mid-frame"

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()
