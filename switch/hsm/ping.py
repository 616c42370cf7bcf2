"""Is an HSM there: two NC on a connection of its own, and in plain words why not."""

import ssl
import time
from dataclasses import dataclass

import trio

from switch.hsm import requests
from switch.hsm.address import parse_address
from switch.hsm.channel import Dialer, HsmUnavailable, Stream
from switch.hsm.requests import HsmReply
from switch.hsm.session import HsmProtocolError, HsmSession
from switch.hsm.tls import ClientTls, client_context, refused_certificate

_READ = 65536
_PLAIN = ": does it want TLS?"


class CertificateRefused(HsmUnavailable):
    """One side does not take the other's certificate; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The LMK's check value (16 hexadecimal digits), the firmware (9 characters), and how long NC took."""

    check_value: str
    firmware: str
    seconds: float


async def ping(address: str, *, header_length: int = 4, within: float = 2.0, tls: ClientTls | None = None) -> Pong:
    """Asks twice, so that the time is that of a command and not of connecting; `within` seconds each.

    Raises CertificateRefused, HsmUnavailable for all else that is in the way, HsmError when it answers with an error,
    ValueError for an address that cannot be read, HsmConfigError for TLS files.
    """
    where = parse_address(address)
    context = client_context(tls) if tls else None
    dial = Dialer(where, header_length, context, tls.server_name if tls else "")
    asker = _Asker(f"HSM {where}", HsmSession(header_length), within)
    stream = await asker.dial(dial, "no TLS handshake in time" if tls else "cannot be reached in time")
    try:
        body = (await asker.ask(stream)).require().body
        begun = time.perf_counter()
        await asker.ask(stream)
        return Pong(body[:16], body[16:], time.perf_counter() - begun)
    finally:
        await trio.aclose_forcefully(stream)


class _Asker:
    def __init__(self, name: str, session: HsmSession[None], within: float) -> None:
        self._name = name
        self._session = session
        self._within = within

    async def dial(self, dial: Dialer, late: str) -> Stream:
        with trio.move_on_after(self._within):
            try:
                return await dial()
            except OSError as error:
                raise self._unavailable(f"cannot be reached: {_reason(error)}") from None
            except trio.BrokenResourceError as error:
                raise self._lost(error, "TLS handshake failed: ") from None
        raise self._unavailable(late)

    async def ask(self, stream: Stream) -> HsmReply:
        """The reply to NC; with TLS 1.3 a refusal of our certificate comes here."""
        with trio.move_on_after(self._within):
            try:
                await stream.send_all(self._session.send(requests.diagnostics(), None))
                return await self._receive(stream)
            except trio.BrokenResourceError as error:
                raise self._lost(error, "did not answer: ") from None
            except HsmProtocolError as error:
                raise self._unavailable(f"is none, or its header has another length: {error}") from None
        raise self._unavailable("did not answer in time; is its header of another length?")

    async def _receive(self, stream: Stream) -> HsmReply:
        while True:
            data = bytes(await stream.receive_some(_READ))
            if not data:
                plain = isinstance(stream, trio.SocketStream)
                raise self._unavailable(f"closed the connection without an answer{_PLAIN if plain else ''}")
            for _, reply in self._session.feed(data):
                return reply

    def _lost(self, error: trio.BrokenResourceError, what: str) -> HsmUnavailable:
        cause = error.__cause__
        refused = refused_certificate(cause)
        if refused:
            return CertificateRefused(f"{self._name}: {refused}")
        return self._unavailable(f"{what}{_reason(cause)}")

    def _unavailable(self, reason: str) -> HsmUnavailable:
        return HsmUnavailable(f"{self._name} {reason}")


def _reason(error: BaseException | None) -> str:
    """Of a connection that was lost, or could not be made."""
    if isinstance(error, ssl.SSLEOFError):
        return "connection lost"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS").lower().replace("_", " ")
    return getattr(error, "strerror", None) or "connection lost"
