"""Messages, and a writer of capture files that shares nothing with the reader under test."""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from switch.explain import Explained, Settings, explain, shipped
from switch.message import Codec, MessageError, compile_spec, load_spec

PAN = "4111111111111111"
SECRETS = {
    "2": PAN,
    "35": f"{PAN}=30122019876543210",
    "52": "9E3F5A7C1B2D4E6F",
    "48.92": "739",
    "55.9F26": "C0FFEE1234ABCD99",
}
PURCHASE = {
    "t": "0200",
    "2": PAN,
    "3": "000000",
    "4": "000000001234",
    "7": "0611191024",
    "11": "000001",
    "12": "211024",
    "13": "0611",
    "18": "5411",
    "22": "051",
    "25": "00",
    "32": "123456",
    "35": SECRETS["35"],
    "37": "123456789012",
    "41": "TERM0001",
    "42": "MERCHANT0000001",
    "48": "9203739",
    "49": "978",
    "52": SECRETS["52"],
    "55": f"9F2608{SECRETS['55.9F26']}9F270180950500000080009F34034203005F2A0209789F0206000000001234",
}


@pytest.fixture(scope="session")
def codec() -> Callable[[str], Codec]:
    known: dict[str, Codec] = {}

    def get(name: str) -> Codec:
        if name not in known:
            known[name] = compile_spec(load_spec(name))
        return known[name]

    return get


@pytest.fixture(scope="session")
def fitting() -> Callable[[Codec, dict[str, str]], dict[str, str]]:
    """Those of the wanted fields that an interface can hold, with a header where it has one."""

    def fit(codec: Codec, wanted: dict[str, str]) -> dict[str, str]:
        fields = {"t": "0100"}
        if codec.header is not None:
            fields["h"] = "6000010002".ljust(2 * codec.header.op.size, "0")
        for key, value in wanted.items():
            try:
                codec.view(codec.encode({**fields, key: value})).check()
            except MessageError:
                continue
            fields[key] = value
        return fields

    return fit


@pytest.fixture(scope="session")
def purchase(codec: Callable[[str], Codec]) -> bytes:
    """A purchase of the ASCII terminals, behind a 2-byte length."""
    message = codec("pos-1987-ascii").encode(PURCHASE)
    return len(message).to_bytes(2, "big") + message


@pytest.fixture(scope="session")
def echo(codec: Callable[[str], Codec]) -> bytes:
    """An echo of the ASCII terminals, behind a 2-byte length."""
    message = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "11": "000002", "70": "301"})
    return len(message).to_bytes(2, "big") + message


@pytest.fixture(scope="session")
def read() -> Callable[..., list[Explained]]:
    """The messages that are found in bytes; `spec` and `framing` as on the command line."""

    def messages(data: bytes, spec: str | None = None, **settings: object) -> list[Explained]:
        codecs = shipped() if spec is None else (compile_spec(load_spec(spec)),)
        found = explain(data, Settings(codecs, **settings))  # type: ignore[arg-type]
        return [each for each in found if isinstance(each, Explained)]

    return messages


@pytest.fixture(scope="session")
def meanings(read: Callable[..., list[Explained]]) -> Callable[..., dict[str, tuple[str, str]]]:
    """Value and meaning by path of the one message in `data`."""

    def by_path(data: bytes, **settings: object) -> dict[str, tuple[str, str]]:
        (message,) = read(data, **settings)
        return {node.path: (node.value, node.meaning) for node in message.nodes}

    return by_path


@dataclass(frozen=True, slots=True)
class Flow:
    """Writes TCP segments of one direction as packets of a link."""

    source: int = 40000
    target: int = 8583
    version: int = 4
    link: int = 1
    addresses: tuple[int, int] = (1, 2)

    def packet(self, sequence: int, data: bytes = b"", flags: int = 0x18) -> bytes:
        tcp = struct.pack(">HHIIBBHHH", self.source, self.target, sequence % 2**32, 0, 0x50, flags, 8192, 0, 0) + data
        if self.version == 4:
            hosts = bytes((10, 0, 0, self.addresses[0], 10, 0, 0, self.addresses[1]))
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + hosts + tcp
        else:
            hosts = b"".join(bytes(15) + bytes((each,)) for each in self.addresses)
            ip = struct.pack(">IHBB", 0x60000000, len(tcp), 6, 64) + hosts + tcp
        return self._linked(ip)

    def _linked(self, ip: bytes) -> bytes:
        kind = 0x0800 if self.version == 4 else 0x86DD
        if self.link == 1:
            return bytes(12) + struct.pack(">H", kind) + ip + bytes(max(0, 46 - len(ip)))
        if self.link == 113:
            return struct.pack(">HHHQH", 0, 1, 6, 0, kind) + ip
        if self.link == 276:
            return struct.pack(">HHIHBB8s", kind, 0, 1, 1, 0, 6, bytes(8)) + ip
        if self.link == 0:
            return struct.pack("<I", 2 if self.version == 4 else 30) + ip
        return ip


def _pcap(packets: Iterable[bytes], link: int = 1, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    data = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for number, packet in enumerate(packets):
        data += struct.pack(f"{order}IIII", 1_780_000_000 + number, 0, len(packet), len(packet)) + packet
    return data


def _pcapng(packets: Iterable[bytes], link: int = 1, order: str = "<") -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = 12 + len(body)
        return struct.pack(f"{order}II", kind, size) + body + struct.pack(f"{order}I", size)

    data = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    # A resolution of nanoseconds, and a name that is no multiple of four bytes.
    options = struct.pack(f"{order}HH", 2, 3) + b"lo0\0" + struct.pack(f"{order}HHB3xHH", 9, 1, 9, 0, 0)
    data += block(1, struct.pack(f"{order}HHI", link, 0, 65535) + options)
    data += block(0x0BAD, b"ignored")
    for number, packet in enumerate(packets):
        time = (1_780_000_000 + number) * 10**9
        stamp = (0, time >> 32, time & 0xFFFFFFFF, len(packet), len(packet))
        data += block(6, struct.pack(f"{order}IIIII", *stamp) + packet)
    return data


@pytest.fixture(scope="session")
def flow() -> type[Flow]:
    return Flow


@pytest.fixture(scope="session")
def write_pcap() -> Callable[..., bytes]:
    return _pcap


@pytest.fixture(scope="session")
def write_pcapng() -> Callable[..., bytes]:
    return _pcapng


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    return SECRETS


@pytest.fixture(scope="session")
def fields() -> dict[str, str]:
    """The fields of `purchase`."""
    return PURCHASE
