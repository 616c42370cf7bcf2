"""Connections that crowd the HSM: silent ones, too many of one peer, reconnects without end."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import structlog
import trio
import trio.testing
from structlog.testing import capture_logs

from switch.hsm import connectionlog
from switch.hsm.config import HsmConfig
from switch.hsm.connectionlog import ConnectionLog
from switch.hsm.seats import Seats, peer_of
from switch.hsm.server import serve
from switch.hsm.statistics import HsmStatistics

Address = tuple[str, int]
ECHO, ECHOED = b"\x00\x0a0001B20000", b"\x00\x080001B300"


async def is_served(stream: trio.SocketStream) -> bool:
    """Whether a command is answered; False when the connection is closed instead."""
    with trio.fail_after(10):
        try:
            await stream.send_all(ECHO)
            return bytes(await stream.receive_some()) == ECHOED
        except trio.BrokenResourceError:
            return False


Connect = Callable[..., Awaitable[trio.SocketStream]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """connect(address, source): a connection that comes from one of the many addresses of the loopback."""
    made = []

    async def dial(address: Address, source: str = "127.0.0.1") -> trio.SocketStream:
        sock = trio.socket.socket()
        made.append(sock)
        await sock.bind((source, 0))
        await sock.connect(address)
        return trio.SocketStream(sock)

    yield dial
    for sock in made:
        sock.close()


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as found:
        yield found
    structlog.reset_defaults()


# -- seats


async def test_one_address_has_its_part_of_the_seats_and_others_are_served(
    nursery: trio.Nursery, lines: list[Any], connect: Connect
) -> None:
    statistics = HsmStatistics()
    config = HsmConfig(port=0, max_connections=8, max_connections_per_peer=3)
    (address,) = await nursery.start(serve, config, statistics)
    held = [await connect(address, "127.0.0.2") for _ in range(3)]
    for stream in held:
        assert await is_served(stream)
    assert not await is_served(await connect(address, "127.0.0.2"))
    assert await is_served(await connect(address, "127.0.0.3"))
    assert (statistics.open, statistics.refused) == (4, 1)
    (refusal,) = [line for line in lines if line["event"] == "refused"]
    assert refusal["reason"] == "3 connections of 127.0.0.2 are open"
    await held[0].aclose()
    with trio.fail_after(10):
        while statistics.open > 3:
            await trio.lowlevel.checkpoint()
    assert await is_served(await connect(address, "127.0.0.2"))
    nursery.cancel_scope.cancel()


def test_by_default_one_peer_has_a_quarter_of_many_seats() -> None:
    config = HsmConfig()
    seats = Seats(config.max_connections, config.max_connections_per_peer)
    assert sum(not seats.take("192.0.2.1") for _ in range(config.max_connections)) == config.max_connections // 4
    assert seats.take("192.0.2.2") == ""


def test_seats_given_back_are_free_again() -> None:
    seats = Seats(2, 1)
    assert (seats.take("a"), seats.take("b"), seats.open) == ("", "", 2)
    assert seats.take("c") == "2 connections are open"
    seats.give_back("a")
    assert seats.take("b") == "1 connections of b are open"
    assert seats.take("c") == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_a_peer_is_an_ipv4_address_or_an_ipv6_network(one: str, other: str, same: bool) -> None:
    assert (peer_of(one) == peer_of(other)) is same


# -- silence


async def test_one_that_never_sent_a_message_is_closed_and_one_that_did_may_be_silent(
    nursery: trio.Nursery, lines: list[Any], connect: Connect
) -> None:
    (address,) = await nursery.start(serve, HsmConfig(port=0, first_message_timeout=0.2))
    speaking, mute = await connect(address), await connect(address)
    assert await is_served(speaking)
    with trio.fail_after(10):
        assert await mute.receive_some() == b""
    assert await is_served(speaking)
    nursery.cancel_scope.cancel()
    assert [line["reason"] for line in lines if line["event"] == "disconnected"] == ["sent nothing"]


async def test_silent_connections_do_not_hold_all_seats_by_default(
    nursery: trio.Nursery, mock_clock: trio.testing.MockClock, connect: Connect
) -> None:
    """No setting of timeouts here: those who fill all seats without a word are gone after a while."""
    statistics = HsmStatistics()
    (address,) = await nursery.start(serve, HsmConfig(port=0, max_connections=4), statistics)
    for _ in range(4):
        await connect(address)
    while statistics.open < 4:
        await trio.lowlevel.checkpoint()
    assert not await is_served(await connect(address))
    mock_clock.jump(HsmConfig().first_message_timeout + 1)
    for _ in range(1000):  # no time passes here by itself
        await trio.lowlevel.checkpoint()
    assert statistics.open == 0
    assert await is_served(await connect(address))
    nursery.cancel_scope.cancel()


# -- lines


def test_a_peer_has_its_lines_in_a_minute_and_the_rest_in_one(lines: list[Any]) -> None:
    log = ConnectionLog(4)
    for number in range(50):
        log.note("connected", "192.0.2.1", peer=f"192.0.2.1:{number}")
        log.note("disconnected", "192.0.2.1", peer=f"192.0.2.1:{number}", reason="closed by peer")
    log.note("connected", "192.0.2.2", peer="192.0.2.2:1")
    log.summarise()
    assert [line["peer"] for line in lines] == ["192.0.2.1:0"] * 2 + ["192.0.2.1:1"] * 2 + ["192.0.2.2:1", "192.0.2.1"]
    assert lines[-1] | {"event": "connections not logged", "connected": 48, "disconnected": 48} == lines[-1]
    log.note("connected", "192.0.2.1", peer="192.0.2.1:51")
    assert lines[-1]["peer"] == "192.0.2.1:51"


def test_refusals_do_not_hide_who_is_connected(lines: list[Any]) -> None:
    log = ConnectionLog(2)
    for _ in range(100):
        log.note("refused", "192.0.2.1", peer="x", reason="y")
    log.note("connected", "192.0.2.1", peer="z")
    assert Counter(line["event"] for line in lines) == {"refused": 3, "connected": 1}


def test_more_peers_than_are_told_apart_share_their_lines(lines: list[Any]) -> None:
    log = ConnectionLog(2)
    for number in range(connectionlog._MOST_PEERS + 10):
        log.note("connected", str(number), peer=str(number))
    log.summarise()
    assert len(lines) == connectionlog._MOST_PEERS + 2 + 1
    assert lines[-1] | {"peer": "others", "connected": 8} == lines[-1]


async def test_a_minute_of_reconnects_is_summarised_by_the_server(
    nursery: trio.Nursery, lines: list[Any], monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    monkeypatch.setattr(connectionlog, "PERIOD", 0.5)
    (address,) = await nursery.start(serve, HsmConfig(port=0, log_lines_per_peer=2))
    for _ in range(5):
        async with await connect(address) as stream:
            assert await is_served(stream)
    with trio.fail_after(10):
        while not any(line["event"] == "connections not logged" for line in lines):
            await trio.lowlevel.checkpoint()
    nursery.cancel_scope.cancel()
    (summary,) = [line for line in lines if line["event"] == "connections not logged"]
    assert summary["peer"] == "127.0.0.1"
    assert summary["connected"] + sum(line["event"] == "connected" for line in lines) == 5
