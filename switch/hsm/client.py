"""An HSM client for code that is not on the hot path: nodes, issuers, the lab. Reconnects by itself."""

from types import TracebackType

import trio

from switch.hsm.requests import HsmReply
from switch.hsm.session import HsmProtocolError, HsmSession


class HsmUnavailable(Exception):
    """The HSM could not be reached, went away or did not answer in time."""


class _Call:
    __slots__ = ("event", "reply")

    def __init__(self) -> None:
        self.event = trio.Event()
        self.reply: HsmReply | None = None


class HsmClient:
    """One connection, many callers at once; `async with HsmClient(host, port) as hsm: await hsm.call(command)`."""

    def __init__(self, host: str, port: int, header_length: int = 4, timeout: float = 1.0) -> None:
        self._address = (host, port)
        self._header_length = header_length
        self._timeout = timeout
        self._lock = trio.Lock()
        self._stream: trio.SocketStream | None = None
        self._session: HsmSession[_Call] = HsmSession(header_length)
        self._nursery_manager = trio.open_nursery()
        self._nursery: trio.Nursery

    async def __aenter__(self) -> "HsmClient":
        self._nursery = await self._nursery_manager.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._nursery.cancel_scope.cancel()
        # The nursery only holds the reader: what the caller raised is not its to wrap into a group.
        await self._nursery_manager.__aexit__(None, None, None)

    async def call(self, command: bytes) -> HsmReply:
        """The reply to `command` within the timeout; raises HsmUnavailable."""
        call = _Call()
        with trio.move_on_after(self._timeout):
            try:
                async with self._lock:
                    stream = self._stream or await self._connect()
                    await self._write(stream, self._session.send(command, call))
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, HsmProtocolError):
                self._drop()
                raise HsmUnavailable("HSM cannot be reached") from None
            await call.event.wait()
        if call.reply is None:
            raise HsmUnavailable("HSM did not answer")
        return call.reply

    async def _write(self, stream: trio.SocketStream, message: bytes) -> None:
        try:
            await stream.send_all(message)
        except trio.Cancelled:
            self._drop()  # part of the message may be out: nothing can follow it on this connection
            raise

    async def _connect(self) -> trio.SocketStream:
        stream = await trio.open_tcp_stream(*self._address)
        self._session = HsmSession(self._header_length)
        self._stream = stream
        self._nursery.start_soon(self._read, stream, self._session)
        return stream

    async def _read(self, stream: trio.SocketStream, session: HsmSession[_Call]) -> None:
        try:
            async for data in stream:
                for call, reply in session.feed(bytes(data)):
                    call.reply = reply
                    call.event.set()
        except (trio.BrokenResourceError, trio.ClosedResourceError, HsmProtocolError):
            pass  # what waited learns of it below
        finally:
            if self._stream is stream:
                self._stream = None
            for call in session.fail_all():
                call.event.set()
            await trio.aclose_forcefully(stream)

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.socket.close()
            self._stream = None
