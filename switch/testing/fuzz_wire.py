"""A conversation with the host under test over TCP, under trio. Knows frames, no fields and no judgement."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import trio

from switch.message import FrameError, Framer, make_framer
from switch.testing.fuzz_case import Peer, Shot

_TPDU = "6000000000"
_READ = 65_536


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: "reply" with its message, "closed", "silent", "refused" (no connection) or "unframed"."""

    state: str
    message: bytes = b""
    seconds: float = 0.0


def address(text: str) -> tuple[str, int]:
    """HOST:PORT; raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdecimal() and 0 < int(port) < 65_536):
        raise ValueError(f"{text}: expected HOST:PORT")
    return host.strip("[]"), int(port)


async def is_there(host: str, within: float) -> bool:
    """Whether something listens within so many seconds; asks again until then."""
    with trio.move_on_after(within):
        while True:
            stream = await _connect(host)
            if stream is not None:
                await stream.aclose()
                return True
            await trio.sleep(0.02)
    return False


async def converse(host: str, peer: Peer, shots: Sequence[Shot]) -> list[Heard]:
    """What each shot got, on one connection, until that one ends."""
    with trio.move_on_after(peer.timeout):
        stream = await _connect(host)
        if stream is None:
            return [Heard("refused")]
        heard = []
        async with stream:
            framer = make_framer(peer.frames)
            for shot in shots:
                heard.append(await _ask(stream, framer, peer, shot))
                if heard[-1].state != "reply":
                    break
        return heard
    return [Heard("silent", seconds=peer.timeout)]


async def _connect(host: str) -> trio.SocketStream | None:
    name, port = address(host)
    try:
        return await trio.open_tcp_stream(name, port)
    except OSError:
        return None


async def _ask(stream: trio.SocketStream, framer: Framer, peer: Peer, shot: Shot) -> Heard:
    begun = trio.current_time()
    with trio.move_on_after(peer.timeout):
        try:
            for chunk in _chunks(framer, peer, shot):
                await stream.send_all(chunk)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            # What the host said before it went still counts.
            pass
        state, message = await _read(stream, framer, peer)
        return Heard(state, message, trio.current_time() - begun)
    return Heard("silent", seconds=peer.timeout)


async def _read(stream: trio.SocketStream, framer: Framer, peer: Peer) -> tuple[str, bytes]:
    before = peer.frames.before_message
    while True:
        try:
            data = await stream.receive_some(_READ)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return "closed", b""
        if not data:
            return "closed", b""
        try:
            found = framer.feed(data)
        except FrameError as error:
            return "unframed", error.frames[0][before:] if error.frames else b""
        if found:
            return "reply", found[0][before:]


def _chunks(framer: Framer, peer: Peer, shot: Shot) -> list[bytes]:
    framing = peer.frames
    lead = bytes.fromhex(peer.header or (_TPDU if framing.tpdu else "") + "00" * framing.header)
    whole = (framer.wrap(b"") if shot.keep_alive else b"") + framer.wrap(lead + bytes.fromhex(shot.data))
    edges = [0, *(cut for cut in shot.cuts if 0 < cut < len(whole)), len(whole)]
    return [whole[a:b] for a, b in pairwise(edges)]
