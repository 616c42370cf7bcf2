"""Several HSMs: one that is killed, hangs or comes back; late replies; who is asked."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from subprocess import DEVNULL
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from switch.hsm import requests
from switch.hsm.client import HsmClient, HsmUnavailable
from switch.hsm.server import HsmConfig, serve
from switch.hsm.statistics import HsmStatistics

Address = tuple[str, int]
_CODE = """
import sys
import structlog
import trio
from switch.hsm.server import HsmConfig, serve
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
async def main():
    async with trio.open_nursery() as nursery:
        (address,) = await nursery.start(serve, HsmConfig(port=0))
        print(address[1], flush=True)
trio.run(main)
"""


def at(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


@asynccontextmanager
async def process() -> AsyncIterator[tuple[trio.Process, Address]]:
    """An HSM in a process of its own."""
    async with trio.open_nursery() as nursery:
        found: trio.Process = await nursery.start(
            partial(trio.run_process, [sys.executable, "-c", _CODE], stdout=-1, stderr=DEVNULL, check=False)
        )
        assert found.stdout is not None
        line = b""
        with trio.fail_after(30):
            while not line.endswith(b"\n"):
                piece = await found.stdout.receive_some()
                assert piece, "the process ended before it listened"
                line += piece
        yield found, ("127.0.0.1", int(line.split()[-1]))
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def listening(peer: Callable[[trio.SocketStream], Any], port: int = 0) -> AsyncIterator[Address]:
    """A server of the test's own behaviour."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, peer, port, host="127.0.0.1"))
        yield listeners[0].socket.getsockname()[:2]
        nursery.cancel_scope.cancel()


async def test_calls_in_flight_when_one_of_two_hsms_is_killed_are_answered_by_the_other(nursery: trio.Nursery) -> None:
    statistics = HsmStatistics()
    (backup,) = await nursery.start(serve, HsmConfig(port=0), statistics)
    answers: list[str] = []
    async with process() as (victim, address), HsmClient(*address, timeout=10, addresses=[at(backup)]) as hsm:

        async def ask(number: int) -> None:
            for turn in range(20):
                text = f"{number} {turn}"
                assert (await hsm.call(requests.echo(text))).body == text
                answers.append(text)
                if len(answers) == 100:
                    victim.kill()

        with trio.fail_after(30):
            async with trio.open_nursery() as callers:
                for number in range(20):
                    callers.start_soon(ask, number)
        assert hsm.up == {at(address): False, at(backup): True}
    assert len(set(answers)) == 400
    assert statistics.commands > 100
    nursery.cancel_scope.cancel()


async def test_the_first_is_asked_while_it_is_up_and_again_when_it_is_back(nursery: trio.Nursery) -> None:
    counts = [HsmStatistics(), HsmStatistics(), HsmStatistics()]
    life = trio.CancelScope()
    addresses: list[Address] = []

    async def mortal(task_status: trio.TaskStatus[None]) -> None:
        with life:
            async with trio.open_nursery() as inner:
                addresses.extend(await inner.start(serve, HsmConfig(port=0), counts[0]))
                task_status.started()

    await nursery.start(mortal)
    (backup,) = await nursery.start(serve, HsmConfig(port=0), counts[1])
    with capture_logs() as lines:
        async with HsmClient(addresses=[at(addresses[0]), at(backup)], timeout=10, check_interval=0.2) as hsm:
            await hsm.call(requests.echo("one"))
            life.cancel()
            with trio.fail_after(10):
                while hsm.up[at(addresses[0])]:
                    assert (await hsm.call(requests.echo("two"))).ok
            asked = counts[0].by_error()["B2 00"]
            assert (await hsm.call(requests.echo("three"))).ok
            assert counts[1].by_error()["B2 00"] >= 1
            await nursery.start(serve, HsmConfig(port=addresses[0][1]), counts[2])
            with trio.fail_after(10):
                while not hsm.up[at(addresses[0])]:
                    await trio.lowlevel.checkpoint()
            assert (await hsm.call(requests.echo("four"))).ok
    assert counts[0].by_error()["B2 00"] == asked
    assert counts[2].by_error()["B2 00"] == 1
    told = [line["event"] for line in lines if line.get("hsm") == at(addresses[0])]
    assert told == ["HSM down", "HSM up"]
    nursery.cancel_scope.cancel()


async def test_an_hsm_that_hangs_is_left_for_the_other_within_the_timeout_of_one_call(address: Address) -> None:
    async def silent(stream: trio.SocketStream) -> None:
        async for _ in stream:
            pass

    async with (
        listening(silent) as hung,
        HsmClient(*hung, timeout=1.0, addresses=[at(address)], check_interval=60) as hsm,
    ):
        begun = trio.current_time()
        assert (await hsm.call(requests.echo("one"))).body == "one"
        assert 0.4 < trio.current_time() - begun < 1.0
        begun = trio.current_time()
        assert (await hsm.call(requests.echo("two"))).body == "two"  # now it is known
        assert trio.current_time() - begun < 0.4


async def test_an_hsm_that_answers_nothing_but_takes_connections_is_found_by_the_check(address: Address) -> None:
    closed = trio.Event()

    async def silent(stream: trio.SocketStream) -> None:
        async for _ in stream:
            pass
        closed.set()

    async with (
        listening(silent) as hung,
        HsmClient(*hung, timeout=0.2, addresses=[at(address)], check_interval=0.05) as hsm,
    ):
        with trio.fail_after(10):
            while hsm.up[at(hung)]:
                await trio.lowlevel.checkpoint()
            await closed.wait()  # a connection on which nothing is answered is not kept
        assert (await hsm.call(requests.echo("well"))).body == "well"


async def test_a_reply_after_its_call_has_gone_elsewhere_is_dropped(address: Address) -> None:
    """The slow HSM answers the first call under its header when another call is in flight there."""
    asked, release = trio.Event(), trio.Event()

    async def slow(stream: trio.SocketStream) -> None:
        first = await stream.receive_some()
        asked.set()
        await release.wait()
        await stream.send_all(b"\x00\x0c" + first[2:6] + b"B300late")
        second = await stream.receive_some()
        await stream.send_all(b"\x00\x0c" + second[2:6] + b"B300next")
        await trio.sleep_forever()

    async with (
        listening(slow) as late,
        HsmClient(*late, timeout=0.4, addresses=[at(address)], check_interval=0) as hsm,
    ):
        assert (await hsm.call(requests.echo("mine"))).body == "mine"
        assert asked.is_set()
        release.set()
        hsm._members[0].up = True
        hsm._timeout = 10
        assert (await hsm.call(requests.echo("mine"))).body == "next"


async def test_with_spread_the_less_busy_is_asked_and_connections_are_opened_when_needed(
    nursery: trio.Nursery,
) -> None:
    counts = [HsmStatistics(), HsmStatistics()]
    both = [(await nursery.start(serve, HsmConfig(port=0), each))[0] for each in counts]
    async with HsmClient(addresses=[*map(at, both)], timeout=10, spread=True, connections=3, check_interval=0) as hsm:
        await hsm.call(requests.echo("alone"))
        assert (counts[0].opened, counts[1].opened) == (1, 0)
        async with trio.open_nursery() as callers:
            for _ in range(60):
                callers.start_soon(hsm.call, requests.echo("x"))
    assert all(each.by_error()["B2 00"] > 10 for each in counts)
    assert [each.opened for each in counts] == [3, 3]
    nursery.cancel_scope.cancel()


async def test_when_every_hsm_is_gone_it_is_said_at_once(nursery: trio.Nursery) -> None:
    async with listening(lambda stream: stream.aclose()) as one, listening(lambda stream: stream.aclose()) as two:
        pass
    async with HsmClient(*one, timeout=60, addresses=[at(two)]) as hsm:
        for _ in range(2):
            with trio.fail_after(10), pytest.raises(HsmUnavailable, match="cannot be reached"):
                await hsm.call(requests.diagnostics())
        assert hsm.up == {at(one): False, at(two): False}


@pytest.mark.parametrize("text", ["", "host", "host:", ":1500", "host:0", "host:65536", "host:x", "::1:1500"])
def test_an_address_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        HsmClient(addresses=[text])


def test_a_client_without_any_address_is_refused() -> None:
    with pytest.raises(ValueError, match="address"):
        HsmClient()
