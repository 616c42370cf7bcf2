"""TCP segments of packets: Ethernet, loopback, Linux cooked and raw links, IPv4 and IPv6. Knows no order of them.

Sources: RFC 791, 8200, 9293; link types: the registry of the pcap format."""

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from switch.explain.capture import Packet

_TCP = 6
_IPV4, _IPV6 = 0x0800, 0x86DD
_VLAN = (0x8100, 0x88A8, 0x9100)
# Extension headers that stand before the payload and say their length in units of 8 bytes.
_EXTENSIONS = (0, 43, 60, 135, 139, 140)
_NULL, _ETHERNET, _RAW, _LOOP, _COOKED, _RAW4, _RAW6, _COOKED2 = 0, 1, 101, 108, 113, 228, 229, 276
_RAW_TOO = (12, 14)  # what some systems write for raw IP


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment: who sent it to whom ("10.0.0.1:8583"), and what it carries."""

    packet: int
    time: float
    source: str
    destination: str
    sequence: int
    syn: bool
    end: bool
    data: bytes = field(repr=False)


def segment(packet: Packet) -> Segment | None:
    """The TCP segment in `packet`; None when it has none, a fragment of one, or is cut off in its headers."""
    try:
        data = _network(packet)
        version = data[0] >> 4 if data else 0
        if version == 4:
            return _ipv4(packet, data)
        if version == 6:
            return _ipv6(packet, data)
    except (struct.error, IndexError):
        pass
    return None


def _network(packet: Packet) -> bytes:
    """What follows the link layer, b"" when that is not IP."""
    data, link = packet.data, packet.link
    if link in (_RAW, _RAW4, _RAW6, *_RAW_TOO):
        return data
    if link in (_NULL, _LOOP):
        return data[4:]
    if link == _COOKED:
        return data[16:] if struct.unpack_from(">H", data, 14)[0] in (_IPV4, _IPV6) else b""
    if link == _COOKED2:
        return data[20:] if struct.unpack_from(">H", data)[0] in (_IPV4, _IPV6) else b""
    if link != _ETHERNET:
        return b""
    position = 12
    kind = struct.unpack_from(">H", data, position)[0]
    while kind in _VLAN:
        position += 4
        kind = struct.unpack_from(">H", data, position)[0]
    return data[position + 2 :] if kind in (_IPV4, _IPV6) else b""


def _ipv4(packet: Packet, data: bytes) -> Segment | None:
    header = (data[0] & 15) * 4
    total, _, fragment = struct.unpack_from(">HHH", data, 2)
    if data[9] != _TCP or fragment & 0x3FFF or header < 20:
        return None
    # 0 is what a card that splits segments itself leaves there. Short frames are padded, so the length counts.
    end = total or len(data)
    return _tcp(packet, str(IPv4Address(data[12:16])), str(IPv4Address(data[16:20])), data[header:end])


def _ipv6(packet: Packet, data: bytes) -> Segment | None:
    size, kind = struct.unpack_from(">HB", data, 4)
    position, end = 40, 40 + size if size else len(data)
    while kind in _EXTENSIONS:
        kind, length = data[position], data[position + 1]
        position += (length + 1) * 8
    if kind != _TCP:
        return None
    source, destination = (f"[{IPv6Address(data[at : at + 16])}]" for at in (8, 24))
    return _tcp(packet, source, destination, data[position:end])


def _tcp(packet: Packet, source: str, destination: str, data: bytes) -> Segment:
    sender, receiver, sequence = struct.unpack_from(">HHI", data)
    offset, flags = data[12] >> 4, data[13]
    return Segment(
        packet=packet.number,
        time=packet.time,
        source=f"{source}:{sender}",
        destination=f"{destination}:{receiver}",
        sequence=sequence,
        syn=bool(flags & 2),
        end=bool(flags & 5),
        data=data[offset * 4 :] if offset >= 5 else b"",
    )
