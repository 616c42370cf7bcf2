"""TLS contexts: 1.2 or later, and both sides show a certificate."""

import pathlib
import ssl

import msgspec
import trio

from switch.hsm.config import HsmConfigError, Path, ServerTls

_READ = 65536
# Seconds to read an alert in.
_PATIENCE = 1.0
# What a peer answers to a certificate it does not take (RFC 5246, 7.2.2; RFC 8446, 6.2).
_ALERTS = {
    "BAD_CERTIFICATE": "not signed as it says",
    "UNSUPPORTED_CERTIFICATE": "of a kind it does not take, or not for clients",
    "CERTIFICATE_REVOKED": "revoked",
    "CERTIFICATE_EXPIRED": "expired or not valid yet",
    "CERTIFICATE_UNKNOWN": "not acceptable",
    "UNKNOWN_CA": "not signed by an authority it knows",
    "ACCESS_DENIED": "not allowed in",
    "CERTIFICATE_REQUIRED": "none was shown",
}


class ClientTls(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """PEM files: our certificate chain and its key, and who must have signed the HSM's certificate.

    `server_name` is the name expected in it; "" for the host that was dialled.
    """

    certificate: Path
    key: Path
    ca: Path
    server_name: str = ""


def server_context(tls: ServerTls) -> ssl.SSLContext:
    """Asks every client for a certificate and refuses those without; raises HsmConfigError."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, tls.certificate, tls.key, tls.client_ca, "client_ca")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: ClientTls) -> ssl.SSLContext:
    """Checks the HSM's certificate and name; raises HsmConfigError."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, tls.certificate, tls.key, tls.ca, "ca")


def refused_certificate(error: BaseException | None) -> str:
    """Whose certificate was refused and why, in plain words; "" for an error about something else."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused here: {error.verify_message}"
    alert = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
    said = _ALERTS.get(_alert(alert or ""))
    return f"it refuses our certificate: {said}" if said else ""


def _alert(reason: str) -> str:
    """What OpenSSL says of a peer's alert, without the version of TLS that has it."""
    return reason.partition("_ALERT_")[2]


async def send_alert(stream: trio.SSLStream[trio.SocketStream]) -> None:
    """Tells the peer why its handshake failed, which trio does not; waits a moment until it has read that.

    Closing at once would reset the connection where bytes of the peer are unread, and the alert be lost.
    """
    waiting = getattr(stream, "_outgoing", None)
    alert = waiting.read() if isinstance(waiting, ssl.MemoryBIO) else b""
    transport = stream.transport_stream
    with trio.move_on_after(_PATIENCE):
        try:
            await transport.send_all(alert)
            await transport.send_eof()
            while await transport.receive_some(_READ):
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # it is gone, and needs no reason


def _context(protocol: int, certificate: str, key: str, ca: str, ca_key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if pathlib.Path(key).stat().st_mode & 0o077:
            raise HsmConfigError(f"tls.key: {key}: others may read or write it: expected mode 0600")
        # Without a password function OpenSSL would ask on the terminal for that of an enciphered key.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except HsmConfigError:
        raise
    except (OSError, ValueError) as error:
        raise HsmConfigError(f"tls.certificate, tls.key: {certificate}, {key}: {_reason(error)}") from None
    try:
        context.load_verify_locations(ca)
    except (OSError, ValueError) as error:
        raise HsmConfigError(f"tls.{ca_key}: {ca}: {_reason(error)}") from None
    return context


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"expected PEM that fits: {error.reason or 'not readable'}"
    return getattr(error, "strerror", None) or str(error)
