"""One connection to one HSM, many callers at once. Opened by the first call, and again after a loss."""

import ssl

import trio

from switch.hsm.address import HsmAddress
from switch.hsm.inprocess import InProcessStream
from switch.hsm.requests import HsmReply
from switch.hsm.session import HsmProtocolError, HsmSession
from switch.hsm.tls import send_alert

_TlsStream = trio.SSLStream[trio.SocketStream]
Stream = trio.SocketStream | _TlsStream | InProcessStream
_LOST = (OSError, trio.BrokenResourceError, trio.ClosedResourceError, HsmProtocolError)


class HsmUnavailable(Exception):
    """The HSM could not be reached, went away or did not answer in time."""


class Dialer:
    """How a new connection to an HSM is made."""

    def __init__(self, address: HsmAddress, header_length: int, tls: ssl.SSLContext | None, server_name: str) -> None:
        self.header_length = header_length
        self.address = address
        self._tls = tls
        self._server_name = server_name or address.host

    async def __call__(self) -> Stream:
        """Raises OSError and BrokenResourceError."""
        if self.address.in_process:
            return InProcessStream(self.header_length)
        stream = await trio.open_tcp_stream(self.address.host, self.address.port)
        if self._tls is None:
            return stream
        secure = trio.SSLStream(stream, self._tls, server_hostname=self._server_name, https_compatible=True)
        try:
            await secure.do_handshake()
        except trio.BrokenResourceError:
            await send_alert(secure)
            await trio.aclose_forcefully(secure)
            raise
        except BaseException:
            await trio.aclose_forcefully(secure)
            raise
        return secure


class _Call:
    __slots__ = ("event", "reply")

    def __init__(self) -> None:
        self.event = trio.Event()
        self.reply: HsmReply | None = None


class Channel:
    """Its reader runs in `nursery`. A reply whose caller has left is dropped under its header."""

    def __init__(self, dial: Dialer, nursery: trio.Nursery) -> None:
        self._dial = dial
        self._nursery = nursery
        self._lock = trio.Lock()
        self._stream: Stream | None = None
        self._session: HsmSession[_Call] = HsmSession(dial.header_length)
        self._failures = 0
        self._callers = 0

    @property
    def in_flight(self) -> int:
        """Callers that wait for a reply, or to send."""
        return self._callers

    async def call(self, command: bytes) -> HsmReply:
        """Waits for as long as it takes; raises HsmUnavailable when it cannot be sent or the connection is lost."""
        self._callers += 1
        try:
            return await self._call(command)
        finally:
            self._callers -= 1

    async def _call(self, command: bytes) -> HsmReply:
        call, seen = _Call(), self._failures
        try:
            async with self._lock:
                if self._failures != seen:
                    raise self._unavailable("cannot be reached")  # found out while this one waited
                stream = self._stream or await self._connect()
                await self._write(stream, self._session.send(command, call))
        except _LOST:
            self._failures += 1
            self.drop()
            raise self._unavailable("cannot be reached") from None
        await call.event.wait()
        if call.reply is None:
            raise self._unavailable("did not answer: connection lost")
        return call.reply

    def _unavailable(self, reason: str) -> HsmUnavailable:
        return HsmUnavailable(f"HSM {self._dial.address} {reason}")

    def drop(self) -> None:
        """Closes the connection at once; who waits on it learns of it."""
        stream, self._stream = self._stream, None
        if isinstance(stream, InProcessStream):
            stream.close()
        elif stream is not None:
            (stream.transport_stream if isinstance(stream, trio.SSLStream) else stream).socket.close()

    async def _write(self, stream: Stream, message: bytes) -> None:
        try:
            await stream.send_all(message)
        except trio.Cancelled:
            self.drop()  # part of the message may be out: nothing can follow it on this connection
            raise

    async def _connect(self) -> Stream:
        stream = await self._dial()
        self._session = HsmSession(self._dial.header_length)
        self._stream = stream
        self._nursery.start_soon(self._read, stream, self._session)
        return stream

    async def _read(self, stream: Stream, session: HsmSession[_Call]) -> None:
        try:
            async for data in stream:
                for call, reply in session.feed(bytes(data)):
                    call.reply = reply
                    call.event.set()
        except _LOST:
            pass  # what waited learns of it below
        finally:
            if self._stream is stream:
                self._stream = None
            for call in session.fail_all():
                call.event.set()
            await trio.aclose_forcefully(stream)
