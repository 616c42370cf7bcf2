"""A crowd that floods, babbles, stops halfway or never reads, and one good client who is served beside it."""

import random
import socket
from collections.abc import Awaitable, Callable

import pytest
import structlog
import trio

from switch.hsm import requests
from switch.hsm.client import HsmClient
from switch.hsm.server import HsmConfig, serve
from switch.hsm.statistics import HsmStatistics

# What the test machine stands; 1,000 pass as well and take longer.
CROWD = 200
PATIENCE = 1.0  # seconds: the timeout of the good client, that of issuers and nodes
GOOD_CALLS = 20

NC = b"\x00\x060000NC"
FLOOD = NC * 8000


async def flood(stream: trio.SocketStream, _choice: random.Random) -> None:
    """Commands as fast as they go, replies read and thrown away."""

    async def read() -> None:
        async for _ in stream:
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        while True:
            await stream.send_all(FLOOD)


async def deaf(stream: trio.SocketStream, _choice: random.Random) -> None:
    """Commands as fast as they go, no reply read."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while True:
        await stream.send_all(FLOOD)


async def garbage(stream: trio.SocketStream, choice: random.Random) -> None:
    """Frames of every length with anything inside."""
    while True:
        body = choice.randbytes(choice.randrange(6, 2000))
        await stream.send_all(len(body).to_bytes(2, "big") + body)
        await stream.receive_some()


async def half(stream: trio.SocketStream, choice: random.Random) -> None:
    """Some of a frame, and then nothing."""
    await stream.send_all(NC * 3 + NC[: choice.randrange(1, len(NC))])
    await trio.sleep_forever()


_MANNERS: tuple[Callable[[trio.SocketStream, random.Random], Awaitable[None]], ...] = (flood, deaf, garbage, half)


async def test_the_good_client_is_served_within_its_timeout(nursery: trio.Nursery) -> None:
    statistics, ready = HsmStatistics(), trio.Event()
    (address,) = await nursery.start(serve, HsmConfig(port=0, message_timeout=60.0), statistics)

    async def misbehave(number: int) -> None:
        choice = random.Random(number)
        async with await trio.open_tcp_stream(*address) as stream:
            await ready.wait()
            await _MANNERS[number % len(_MANNERS)](stream, choice)

    async with trio.open_nursery() as crowd:
        for number in range(CROWD):
            crowd.start_soon(misbehave, number)
        with trio.fail_after(30):
            while statistics.open < CROWD:
                await trio.lowlevel.checkpoint()
        ready.set()
        async with HsmClient(*address, timeout=PATIENCE) as hsm:
            for number in range(GOOD_CALLS):
                assert (await hsm.call(requests.echo(str(number)))).body == str(number)
        assert statistics.open >= CROWD  # the crowd is still there: nobody was served by their going
        assert statistics.commands > 100 * GOOD_CALLS  # and it was busy
        crowd.cancel_scope.cancel()
    nursery.cancel_scope.cancel()


async def test_one_connection_gets_no_more_than_its_turn_before_another_is_answered(nursery: trio.Nursery) -> None:
    """The greedy one has 8,000 commands there before the other asks; few of them are answered first."""
    statistics = HsmStatistics()
    (address,) = await nursery.start(serve, HsmConfig(port=0), statistics)
    async with await trio.open_tcp_stream(*address) as greedy, await trio.open_tcp_stream(*address) as modest:
        await greedy.send_all(FLOOD)
        await modest.send_all(b"\x00\x0a0001B20000")
        with trio.fail_after(10):
            assert await modest.receive_some() == b"\x00\x080001B300"
        assert statistics.commands < 4000
    nursery.cancel_scope.cancel()


async def test_a_peer_that_drips_a_message_byte_by_byte_has_no_more_time_than_another(nursery: trio.Nursery) -> None:
    (address,) = await nursery.start(serve, HsmConfig(port=0, message_timeout=0.3))
    async with await trio.open_tcp_stream(*address) as stream:
        with trio.fail_after(10), pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"\x1f\x40")
            while True:
                await stream.send_all(b"x")
                with trio.move_on_after(0.01):
                    if not await stream.receive_some():
                        raise trio.BrokenResourceError
    nursery.cancel_scope.cancel()


async def test_a_silent_connection_ends_after_the_idle_timeout_when_there_is_one(nursery: trio.Nursery) -> None:
    (address,) = await nursery.start(serve, HsmConfig(port=0, idle_timeout=0.2))
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(NC)
        with trio.fail_after(10):
            assert await stream.receive_some()
            assert not await stream.receive_some()
    nursery.cancel_scope.cancel()


async def test_refused_connections_are_counted_and_logged_without_a_flood_of_lines(nursery: trio.Nursery) -> None:
    statistics = HsmStatistics()
    with structlog.testing.capture_logs() as lines:
        (address,) = await nursery.start(serve, HsmConfig(port=0, max_connections=1), statistics)
        async with await trio.open_tcp_stream(*address) as first:
            await first.send_all(NC)
            assert await first.receive_some()
            for _ in range(20):
                async with await trio.open_tcp_stream(*address) as other:
                    with trio.fail_after(10):
                        assert not await other.receive_some()
        nursery.cancel_scope.cancel()
    assert statistics.refused == 20
    refusals = [line for line in lines if line["event"] == "refused"]
    assert 1 <= len(refusals) <= 3
    assert refusals[0]["reason"] == "1 connections are open"


async def test_keepalive_and_nodelay_are_configuration(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int, int]] = []
    original = trio.SocketStream.setsockopt

    def note(self: trio.SocketStream, level: int, option: int, value: int) -> None:
        seen.append((level, option, value))
        original(self, level, option, value)

    monkeypatch.setattr(trio.SocketStream, "setsockopt", note)
    config = HsmConfig(port=0, keepalive_idle=7, keepalive_interval=3, keepalive_count=2, nodelay=False)
    (address,) = await nursery.start(serve, config)
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(NC)
        assert await stream.receive_some()
    nursery.cancel_scope.cancel()
    assert {
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 0),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 7),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 3),
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2),
    } <= set(seen)
