"""What each fault of the proxy does to a stream of frames, between a caller and a peer that sends everything back."""

import pytest
import trio
import trio.testing
from switch.tools.chaos.plan import KILL, PROXY, plan_round
from switch.tools.chaos.proxy import DOWN, HOST, KINDS, UP, Proxy

from switch.simulator.wire import ConnectionLost, FrameStream

_FRAME = b"0800 twenty bytes ok"


@pytest.fixture
async def proxy(nursery):
    """In front of a peer that sends every byte back; `heard` is what it got."""
    heard = bytearray()

    async def echo(stream):
        try:
            async for data in stream:
                heard.extend(data)
                await stream.send_all(data)
        except trio.BrokenResourceError:
            pass

    listeners = await trio.open_tcp_listeners(0, host=HOST)
    nursery.start_soon(trio.serve_listeners, echo, listeners)
    proxy = Proxy("test", "len2", listeners[0].socket.getsockname()[1])
    await proxy.open(nursery)
    proxy.heard = heard
    return proxy


@pytest.fixture
async def call(proxy):
    """call(): a new connection through the proxy; closed at the end."""
    streams = []

    async def connect():
        streams.append(FrameStream(await trio.open_tcp_stream(HOST, proxy.port), "len2"))
        return streams[-1]

    yield connect
    for stream in streams:
        await stream.aclose()


async def _ask(proxy, stream):
    await stream.send(_FRAME)
    with trio.fail_after(5):
        return await stream.receive()


async def test_without_a_fault_every_frame_passes(proxy, call):
    stream = await call()
    assert await _ask(proxy, stream) == [_FRAME]


async def test_a_doubled_frame_arrives_twice(proxy, call):
    stream = await call()
    with proxy.fault("duplicate", UP):
        await _ask(proxy, stream)
    assert proxy.heard.count(_FRAME) == 2


async def test_a_trickled_frame_arrives_whole(proxy, call):
    stream = await call()
    with proxy.fault("trickle", "both"):
        assert await _ask(proxy, stream) == [_FRAME]


@pytest.mark.parametrize("kind", ["stall", "lose"])
async def test_nothing_comes_back_while_one_direction_is_silent(proxy, call, kind, autojump_clock):
    stream = await call()
    got = []
    with proxy.fault(kind, DOWN):
        await stream.send(_FRAME)
        with trio.move_on_after(1):
            got = await stream.receive()
        assert not got
    assert bytes(proxy.heard[2:]) == _FRAME
    if kind == "stall":
        assert await stream.receive() == [_FRAME]
    else:
        assert await _ask(proxy, stream) == [_FRAME]


@pytest.mark.parametrize("kind", ["drop", "refuse"])
async def test_connections_are_reset(proxy, call, kind):
    stream = await call()
    await _ask(proxy, stream)
    with proxy.fault(kind, "both"), pytest.raises(ConnectionLost), trio.fail_after(5):
        await stream.receive()


async def test_nobody_is_accepted_until_it_heals(proxy, call):
    with proxy.fault("refuse", "both"):
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(OSError):
            await call()
    await proxy.heal()
    assert await _ask(proxy, await call()) == [_FRAME]


async def test_a_reset_comes_in_mid_frame(proxy, call):
    stream = await call()
    with proxy.fault("reset", UP), pytest.raises(ConnectionLost):
        await _ask(proxy, stream)
    assert len(proxy.heard) <= (len(_FRAME) + 2) // 2


async def test_a_half_close_is_an_end_for_one_side_only(proxy, call):
    stream = await call()
    with proxy.fault("half-close", DOWN):
        assert await _ask(proxy, stream) == []
        await stream.send(_FRAME)


def test_a_plan_is_the_same_for_the_same_seed_and_number():
    both = frozenset((KILL, PROXY))
    assert plan_round(1, 7, both, 2.5) == plan_round(1, 7, both, 2.5) != plan_round(2, 7, both, 2.5)


def test_a_campaign_meets_every_kind_of_fault():
    rounds = [plan_round(1, number, frozenset((KILL, PROXY)), 2.5) for number in range(200)]
    assert {fault.what for plan in rounds for fault in plan.faults} == {KILL, *KINDS}
    assert all(any(fault.what == KILL for fault in plan.faults) for plan in rounds)
