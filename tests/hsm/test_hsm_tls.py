"""Mutual TLS: both sides show a certificate, 1.2 or later, and no other client gets a word out of the HSM."""

import datetime
import functools
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trio
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from switch.cli import main
from switch.daemon import hsmd
from switch.hsm import requests
from switch.hsm import tls as tls_module
from switch.hsm.client import HsmClient, HsmUnavailable
from switch.hsm.config import HsmConfig, HsmConfigError, ServerTls
from switch.hsm.ping import CertificateRefused, ping
from switch.hsm.server import serve
from switch.hsm.statistics import HsmStatistics
from switch.hsm.tls import ClientTls, server_context

Address = tuple[str, int]


class Authority:
    """A CA of the test's own, which writes PEM files."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = str(folder / f"{name}.pem")
        self._write(self.file, self._sign(name, self._key.public_key(), authority=True))

    def issue(self, name: str, days: int = 1) -> dict[str, str]:
        """A certificate for `name` and its key: the two paths that a configuration names; of -1 days has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = str(self._folder / f"{name}.crt"), self._folder / f"{name}.key"
        self._write(certificate, self._sign(name, key.public_key(), days, authority=False))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        private.chmod(0o600)
        return {"certificate": certificate, "key": str(private)}

    def _sign(self, name: str, key: ec.EllipticCurvePublicKey, days: int = 1, *, authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(days=2),
            not_valid_after=now + datetime.timedelta(days=days),
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    @staticmethod
    def _write(path: str, certificate: x509.Certificate) -> None:
        Path(path).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def server(authority: Authority) -> ServerTls:
    return ServerTls(**authority.issue("hsm.test"), client_ca=authority.file)


@pytest.fixture(scope="module")
def client(authority: Authority) -> ClientTls:
    return ClientTls(**authority.issue("switch.test"), ca=authority.file, server_name="hsm.test")


@pytest.fixture
def statistics() -> HsmStatistics:
    return HsmStatistics()


@pytest.fixture
async def secured(nursery: trio.Nursery, server: ServerTls, statistics: HsmStatistics) -> AsyncIterator[Address]:
    (address,) = await nursery.start(serve, HsmConfig(port=0, tls=server), statistics)
    yield address
    nursery.cancel_scope.cancel()


async def test_a_client_with_a_certificate_is_served(secured: Address, client: ClientTls) -> None:
    async with HsmClient(*secured, timeout=10, tls=client) as hsm:
        for number in range(3):
            assert (await hsm.call(requests.echo(f"call {number}"))).body == f"call {number}"
    found = await ping("{}:{}".format(*secured), within=10, tls=client)
    assert found.firmware


async def _first_answer(address: Address, context: ssl.SSLContext) -> bytes:
    """What an HSM says to a NC after the handshake; raises BrokenResourceError when it refuses."""
    stream = trio.SSLStream(await trio.open_tcp_stream(*address), context, server_hostname="hsm.test")
    try:
        with trio.fail_after(10):
            await stream.do_handshake()  # with TLS 1.3 the refusal comes with the first read
            await stream.send_all(b"\x00\x060000NC")
            return bytes(await stream.receive_some())
    finally:
        await trio.aclose_forcefully(stream)


def _context(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.file)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_without_a_certificate_is_refused(
    version: ssl.TLSVersion, secured: Address, authority: Authority, statistics: HsmStatistics, client: ClientTls
) -> None:
    context = _context(authority)
    context.maximum_version = version
    with pytest.raises(trio.BrokenResourceError):
        await _first_answer(secured, context)
    assert statistics.commands == 0
    context.load_cert_chain(client.certificate, client.key)
    assert (await _first_answer(secured, context))[6:10] == b"ND00"


async def test_a_certificate_of_another_authority_is_refused(
    secured: Address, authority: Authority, tmp_path: Path, statistics: HsmStatistics
) -> None:
    context = _context(authority)
    stranger = Authority(tmp_path, "theirs").issue("switch.test")
    context.load_cert_chain(stranger["certificate"], stranger["key"])
    with pytest.raises(trio.BrokenResourceError):
        await _first_answer(secured, context)
    with trio.fail_after(10):
        while statistics.open:
            await trio.lowlevel.checkpoint()
    assert (statistics.commands, statistics.handshakes_failed) == (0, 1)


async def test_tls_before_1_2_is_refused(
    secured: Address, authority: Authority, client: ClientTls, statistics: HsmStatistics
) -> None:
    context = _context(authority)
    context.load_cert_chain(client.certificate, client.key)
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")  # or this client would not even try
    with pytest.raises(trio.BrokenResourceError):
        await _first_answer(secured, context)
    assert statistics.commands == 0


async def test_an_hsm_with_another_name_or_authority_is_not_believed(
    secured: Address, authority: Authority, client: ClientTls, tmp_path: Path
) -> None:
    own = {"certificate": client.certificate, "key": client.key}
    for tls in (
        ClientTls(**own, ca=authority.file, server_name="other.test"),
        ClientTls(**own, ca=Authority(tmp_path, "theirs").file, server_name="hsm.test"),
    ):
        async with HsmClient(*secured, timeout=10, tls=tls) as hsm:
            with pytest.raises(HsmUnavailable):
                await hsm.call(requests.diagnostics())


def _refusals(authority: Authority, client: ClientTls, folder: Path) -> list[tuple[ClientTls, str]]:
    """Certificates and authorities that do not do, and what `switch hsm ping` says of them."""
    theirs, good = Authority(folder, "theirs"), {"certificate": client.certificate, "key": client.key}
    tls = functools.partial(ClientTls, server_name="hsm.test")
    return [
        (tls(ca=authority.file, **authority.issue("old.test", days=-1)), "it refuses our certificate: expired"),
        (tls(ca=authority.file, **theirs.issue("new.test")), "it refuses our certificate: not signed by an authority"),
        (tls(ca=theirs.file, **good), "its certificate is refused here: "),
        (ClientTls(ca=authority.file, **good, server_name="x.test"), "its certificate is refused here: Hostname mism"),
    ]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_ping_tells_a_refused_certificate_in_plain_words(
    version: ssl.TLSVersion,
    secured: Address,
    authority: Authority,
    client: ClientTls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = tls_module._context

    def limited(protocol: int, *files: str) -> ssl.SSLContext:
        context = genuine(protocol, *files)
        context.maximum_version = version
        return context

    monkeypatch.setattr(tls_module, "_context", limited)
    for tls, said in _refusals(authority, client, tmp_path):
        with pytest.raises(CertificateRefused, match=said):
            await ping("{}:{}".format(*secured), within=10, tls=tls)


async def test_a_ping_tells_an_hsms_expired_certificate(
    nursery: trio.Nursery, authority: Authority, client: ClientTls
) -> None:
    expired = ServerTls(**authority.issue("expired.test", days=-1), client_ca=authority.file)
    client = msgspec.structs.replace(client, server_name="expired.test")
    (address,) = await nursery.start(serve, HsmConfig(port=0, tls=expired))
    with pytest.raises(CertificateRefused, match="its certificate is refused here: certificate has expired"):
        await ping("{}:{}".format(*address), within=10, tls=client)
    nursery.cancel_scope.cancel()


async def test_a_ping_tells_other_losses_from_a_refused_certificate(
    nursery: trio.Nursery, secured: Address, client: ClientTls
) -> None:
    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.receive_some()

    (listener,) = await nursery.start(functools.partial(trio.serve_tcp, hang_up, 0, host="127.0.0.1"))
    (plain,) = await nursery.start(serve, HsmConfig(port=0))
    for address, tls, said in (
        (listener.socket.getsockname(), client, "TLS handshake failed: connection lost"),
        (listener.socket.getsockname(), None, "closed the connection without an answer"),
        (plain, client, "no TLS handshake in time"),
        (secured, None, "does it want TLS"),
    ):
        with pytest.raises(HsmUnavailable, match=said) as caught:
            await ping("{}:{}".format(*address), within=0.5 if address == plain else 10, tls=tls)
        assert not isinstance(caught.value, CertificateRefused)
    nursery.cancel_scope.cancel()


async def test_a_refused_certificate_has_a_status_of_its_own(
    secured: Address, authority: Authority, client: ClientTls, tmp_path: Path
) -> None:
    for tls, said in [*_refusals(authority, client, tmp_path), (client, "")]:
        options = {"certificate": tls.certificate, "key": tls.key, "ca": tls.ca, "server-name": tls.server_name}
        words = [word for name, value in options.items() for word in (f"--tls-{name}", value)]
        arguments = ["hsm", "ping", "{}:{}".format(*secured), "--timeout", "10", *words]
        found = await trio.to_thread.run_sync(functools.partial(CliRunner().invoke, main, arguments))
        assert (found.exit_code, said in found.stderr) == (77 if said else 0, True), found.stderr


async def test_plain_text_and_an_unfinished_handshake_cost_a_connection_and_nothing_else(
    nursery: trio.Nursery, server: ServerTls, client: ClientTls, statistics: HsmStatistics
) -> None:
    config = HsmConfig(port=0, tls=server, message_timeout=0.2)
    (address,) = await nursery.start(serve, config, statistics)
    async with HsmClient(*address, timeout=10, tls=client) as hsm:
        for sent in (b"\x00\x060000NC", b"\x16\x03\x01"):
            async with await trio.open_tcp_stream(*address) as stream:
                await stream.send_all(sent)
                with trio.fail_after(10):
                    try:
                        while await stream.receive_some():
                            pass
                    except trio.BrokenResourceError:
                        pass
            assert (await hsm.call(requests.echo("well"))).body == "well"
    assert statistics.handshakes_failed == 2
    nursery.cancel_scope.cancel()


async def test_files_that_cannot_be_used_are_named_before_it_listens(authority: Authority, tmp_path: Path) -> None:
    good, other = authority.issue("a.test"), authority.issue("b.test")
    broken = tmp_path / "broken.pem"
    broken.write_text("no PEM")
    for files, key in (
        (good | {"certificate": str(tmp_path / "none.crt")}, "tls.certificate"),
        (good | {"key": other["key"]}, "tls.key"),
        (good | {"client_ca": str(broken)}, "tls.client_ca"),
    ):
        config = HsmConfig(port=0, tls=ServerTls(**({"client_ca": authority.file} | files)))
        with pytest.raises(HsmConfigError, match=key):
            await serve(config)


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    file = tmp_path / "hsm.toml"
    file.write_text('status_socket = "s"\n[tls]\ncertificate = "c"\nkey = "/k"\nclient_ca = "a"\n')
    config = hsmd.load(file)
    assert config.status_socket == str(tmp_path / "s")
    assert config.tls == ServerTls(certificate=str(tmp_path / "c"), key="/k", client_ca=str(tmp_path / "a"))


def test_a_private_key_that_others_may_read_is_refused(authority: Authority) -> None:
    files = authority.issue("open")
    Path(files["key"]).chmod(0o644)
    with pytest.raises(HsmConfigError, match="others may read or write it"):
        server_context(ServerTls(client_ca=authority.file, **files))
