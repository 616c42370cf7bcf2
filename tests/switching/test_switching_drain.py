"""The orderly end: what is in flight finishes, hosts hear the sign-off, then the listeners close."""

import socket

import msgspec
import pytest
import structlog
import trio

from switch.link.network import AddressError

VISA, MASTERCARD = "4111111111111111", "5555555555554444"


async def test_the_drain_in_its_order(world, sale):
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        busy, other = await life.connect(), await life.connect()
        await busy.send(sale(VISA))
        await host.until(lambda: host.requests)
        life.switch.stop()
        refused = await other.ask(sale(MASTERCARD))
        assert refused["39"] == "96" and world.hosts["mastercard"].requests == []
        late = await life.connect()  # still listening: a refusal can be seen
        assert (await late.ask(sale(MASTERCARD)))["39"] == "96"
        assert "sign-off" not in host.management
        await host.send(host.answer(host.requests[0], "00"))
        assert (await busy.receive())["39"] == "00"
        assert [await terminal.receive() for terminal in (busy, other, late)] == [{}, {}, {}]
        with trio.fail_after(5):
            await life.ended.wait()
        assert [each.management[-1] for each in world.hosts.values()] == ["sign-off"] * 4
        with pytest.raises(OSError, match="failed"):
            await trio.open_tcp_stream(*life.addresses["hex"])


async def test_a_request_that_does_not_finish_does_not_hold_up_the_end_and_is_reversed_by_the_next_life(world, sale):
    world.runtime["drain"] = 0.3
    host = world.hosts["visa"]
    host.decide = lambda view: "00" if view.mti[1] == "4" else None
    with structlog.testing.capture_logs() as logs:
        async with world.life() as life:
            terminal = await life.connect()
            await terminal.send(sale(VISA))
            await host.until(lambda: host.requests)
            await life.stop()
            assert await terminal.receive() == {}
    (drained,) = [line for line in logs if line["event"] == "drained"]
    assert (drained["complete"], drained["left"]) == (False, 1)
    assert ("terminal disconnected", "switch is stopping") in [(line["event"], line.get("reason")) for line in logs]
    async with world.life():
        await host.until(lambda: host.of("4"))
        assert host.of("4")[0]["90"][4:10] == host.of("1")[0]["11"]


async def test_an_approval_that_the_end_leaves_unwritten_is_taken_back(world, sale, journal):
    world.runtime["drain"] = 0.5
    host = world.hosts["visa"]
    async with world.life() as life:
        terminal = await life.connect(receive_buffer=2048)
        await life.until(lambda: life.switch.status()["connections"] == 1)
        for connection in life.switch._reactor._connections.values():
            if connection.name.startswith("hex"):
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        await terminal.send(*[sale(VISA) for _ in range(100)])
        await host.until(lambda: len(host.of("1")) == 100)
        await life.until(lambda: not life.switch.status()["in_flight"])
        await life.stop()
        got = {answer["37"] for answer in await terminal.receive_all()}
    states = {row["rrn"]: row["state"] for row in journal()}
    assert 0 < len(got) < 100
    assert {rrn for rrn, state in states.items() if state == "approved"} == got
    assert set(states.values()) == {"approved", "reversed"}


async def test_a_host_that_does_not_answer_the_sign_off_does_not_hold_up_the_end(world):
    for host in world.hosts.values():
        host.accept = lambda function: None if function == "sign-off" else "00"
    world.links = {name: {"management_timeout": 0.2} for name in world.hosts}
    async with world.life() as life:
        started = trio.current_time()
        await life.stop()
        assert trio.current_time() - started < 3


async def test_answers_under_way_during_the_sign_off_still_count(world, sale, deadlines):
    """A reversal acknowledged while the sign-off is open is not sent again by the next life."""
    world.engine["deadlines"] = deadlines(answer=0.3, grace=0.5, advice=5)
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    host.accept = lambda function: None if function == "sign-off" else "00"
    async with world.life() as life:
        terminal = await life.connect()
        assert (await terminal.ask(sale(VISA)))["39"] == "91"
        await host.until(lambda: host.of("4"))
        life.switch.stop()
        await host.until(lambda: "sign-off" in host.management)
        await host.send(host.answer(host.of("4")[0], "00"))
        with trio.fail_after(5):
            await life.ended.wait()
    host.accept = lambda _function: "00"
    async with world.life() as life:
        assert not life.switch.status()["queued"]["visa"]
    assert len(host.of("4")) == 1


async def test_a_switch_without_anything_to_do_ends_at_once_and_can_begin_again_on_its_ports(world):
    async with world.life(wait=()) as life:
        port = life.addresses["hex"][1]
        await life.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_a_taken_port_is_one_clear_error_and_leaves_nothing_open(world):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = world.settings()
        port = taken.getsockname()[1]
        world.settings = lambda: _with_port(settings, port)
        with pytest.raises(BaseExceptionGroup) as caught:
            async with world.life(wait=()):
                pass
    errors = _leaves(caught.value)
    assert [str(error) for error in errors] == [f"cannot listen on 127.0.0.1:{port}: Address already in use"]
    assert isinstance(errors[0], AddressError)
    assert world.hosts["visa"].management == []


def _with_port(settings, port):
    first, second = settings.listeners
    return msgspec.structs.replace(settings, listeners=[first, msgspec.structs.replace(second, port=port)])


def _leaves(group):
    found = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
