"""TLS contexts: 1.2 or later, and both sides show a certificate."""

import pathlib
import ssl

import msgspec

from switch.hsm.config import HsmConfigError, Path, ServerTls


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
