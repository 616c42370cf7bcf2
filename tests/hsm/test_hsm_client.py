"""The client of nodes, issuers and lab: many callers on one connection, an HSM that is gone, silent or no HSM."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio

from switch.hsm import requests
from switch.hsm.client import HsmClient, HsmUnavailable

Address = tuple[str, int]
Peer = Callable[[trio.SocketStream], Any]


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[Address]:
    """A server of the test's own behaviour."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, peer, 0, host="127.0.0.1"))
        yield listeners[0].socket.getsockname()[:2]
        nursery.cancel_scope.cancel()


async def test_callers_at_once_each_get_their_own_reply(address: Address) -> None:
    found: dict[int, str] = {}
    async with HsmClient(*address, timeout=10) as hsm:

        async def call(number: int) -> None:
            found[number] = (await hsm.call(requests.echo(f"call {number}"))).body

        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                for number in range(200):
                    nursery.start_soon(call, number)
    assert found == {number: f"call {number}" for number in range(200)}


async def test_an_hsm_that_refuses_is_an_answer_and_no_exception(address: Address) -> None:
    async with HsmClient(*address) as hsm:
        reply = await hsm.call(b"XX")
        assert (reply.code, reply.error, reply.ok) == ("XY", "68", False)


async def test_an_hsm_that_is_not_there_is_unavailable() -> None:
    async with listening(lambda stream: stream.aclose()) as address:
        pass
    async with HsmClient(*address, timeout=5) as hsm:
        with pytest.raises(HsmUnavailable):
            await hsm.call(requests.diagnostics())


async def test_an_hsm_that_goes_away_fails_all_who_wait_at_once_and_is_found_again() -> None:
    taken = trio.Event()

    async def peer(stream: trio.SocketStream) -> None:
        if not taken.is_set():
            waiting = b""
            while len(waiting) < 3 * 8:
                waiting += await stream.receive_some()
            taken.set()
            return
        await stream.receive_some()
        await stream.send_all(b"\x00\x080000ND00")
        await trio.sleep_forever()

    failed: list[int] = []
    async with listening(peer) as address, HsmClient(*address, timeout=60) as hsm:

        async def call(number: int) -> None:
            with pytest.raises(HsmUnavailable):
                await hsm.call(requests.diagnostics())
            failed.append(number)

        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                for number in range(3):
                    nursery.start_soon(call, number)
            assert sorted(failed) == [0, 1, 2]
            assert (await hsm.call(requests.diagnostics())).ok


async def test_an_hsm_that_is_silent_is_unavailable_after_the_timeout_and_a_late_reply_goes_to_no_one() -> None:
    release = trio.Event()

    async def peer(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await release.wait()
        await stream.send_all(b"\x00\x080000ND01")
        await stream.receive_some()
        await stream.send_all(b"\x00\x080001ND02")
        await trio.sleep_forever()

    async with listening(peer) as address, HsmClient(*address, timeout=0.1) as hsm:
        with trio.fail_after(10), pytest.raises(HsmUnavailable, match="did not answer"):
            await hsm.call(requests.diagnostics())
        release.set()
        hsm._timeout = 10
        assert (await hsm.call(requests.diagnostics())).error == "02"


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 800, b"\x00\x089999ND00", b"\x00\x00", b"\x00\x060000ND"]
)
async def test_a_peer_that_is_no_hsm_is_unavailable_at_once(garbage: bytes) -> None:
    async def peer(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(garbage)
        await trio.sleep_forever()

    async with listening(peer) as address, HsmClient(*address, timeout=60) as hsm:
        with trio.fail_after(10), pytest.raises(HsmUnavailable):
            await hsm.call(requests.diagnostics())


async def test_a_message_sent_in_part_is_followed_by_nothing_on_that_connection() -> None:
    """A peer that stops reading in mid-message: the next command goes out whole, on a new connection."""
    opened: list[bytes] = []

    async def peer(stream: trio.SocketStream) -> None:
        opened.append(await stream.receive_some())
        await stream.send_all(b"\x00\x080000ND00")
        await trio.sleep_forever()

    async with listening(peer) as address, HsmClient(*address, timeout=10) as hsm:
        assert (await hsm.call(requests.diagnostics())).ok
        (channel,) = hsm._members[0]._channels
        channel._stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        hsm._timeout = 0.05
        for _ in range(200):  # until what the kernel takes is full
            with pytest.raises(HsmUnavailable):
                await hsm.call(requests.echo("x" * 60_000))
            if channel._stream is None:
                break
        hsm._timeout = 10
        with trio.fail_after(20):
            assert (await hsm.call(requests.diagnostics())).ok
    assert opened == [b"\x00\x060000NC"] * 2


async def test_leaving_the_client_closes_its_connection() -> None:
    gone = trio.Event()

    async def peer(stream: trio.SocketStream) -> None:
        async for _ in stream:
            await stream.send_all(b"\x00\x080000ND00")
        gone.set()

    async with listening(peer) as address:
        async with HsmClient(*address) as hsm:
            assert (await hsm.call(requests.diagnostics())).ok
        with trio.fail_after(10):
            await gone.wait()
