"""Each bound is reached, refuses at once and visibly, and is recovered from. docs/overload.rst lists them."""

import threading

import trio

from switch.engine.config import QueueLimits

VISA, MASTERCARD = "4111111111111111", "5555555555554444"


def counted(life):
    return life.switch.status()["overloaded"]


async def test_past_max_in_flight_requests_are_96_at_once_and_counted(world, sale):
    world.engine["max_in_flight"] = 10
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        terminal = await life.connect()
        await terminal.send(*(sale(VISA) for _ in range(30)))
        refused = [await terminal.receive() for _ in range(20)]
        assert {answer["39"] for answer in refused} == {"96"}
        assert counted(life) == 20
        assert life.switch.status()["in_flight"] == 10
        await host.until(lambda: len(host.requests) == 10)
        await host.send(b"".join(host.answer(view, "00") for view in host.requests))
        assert [(await terminal.receive())["39"] for _ in range(10)] == ["00"] * 10
        host.decide = lambda _view: "00"
        assert (await terminal.ask(sale(VISA)))["39"] == "00"
        assert counted(life) == 20


async def test_a_stalled_issuer_takes_no_more_than_its_share_and_the_others_go_on(world, sale):
    world.engine |= {"max_in_flight": 20, "max_sent": 5}
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        terminal, other = await life.connect(), await life.connect()
        await terminal.send(*(sale(VISA) for _ in range(5)))
        await host.until(lambda: len(host.requests) == 5)
        assert [(await terminal.ask(sale(VISA)))["39"] for _ in range(30)] == ["91"] * 30
        # Were the stalled requests not bounded, they would fill max_in_flight and these would be 96.
        assert [(await other.ask(sale(MASTERCARD)))["39"] for _ in range(30)] == ["00"] * 30
        assert len(host.requests) == 5
        assert counted(life) == 30
        await host.send(b"".join(host.answer(view, "00") for view in host.requests))
        assert [(await terminal.receive())["39"] for _ in range(5)] == ["00"] * 5
        host.decide = lambda _view: "00"
        assert (await terminal.ask(sale(VISA)))["39"] == "00"


async def test_a_host_that_is_owed_too_much_gets_no_new_requests_until_it_has_answered(world, sale, deadlines):
    queue = QueueLimits(max_queued=3, first_retry=0.01, longest_retry=0.05)
    world.engine |= {"queue": queue, "deadlines": deadlines(answer=0.2, grace=0.2, advice=0.1)}
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        terminal = await life.connect()
        await terminal.send(*(sale(VISA) for _ in range(3)))
        assert [(await terminal.receive())["39"] for _ in range(3)] == ["91"] * 3
        await life.until(lambda: life.switch.status()["queued"]["visa"] == 3)
        sent = len(host.of("1"))
        assert [(await terminal.ask(sale(VISA)))["39"] for _ in range(10)] == ["91"] * 10
        assert len(host.of("1")) == sent
        assert life.switch.status()["queued"]["visa"] == 3
        assert counted(life) == 10
        host.decide = lambda _view: "00"
        await life.until(lambda: life.switch.status()["queued"]["visa"] == 0)
        assert (await terminal.ask(sale(VISA)))["39"] == "00"


async def test_past_max_backlog_payments_and_repeats_are_96_and_all_is_well_when_the_journal_catches_up(
    world, sale, deadlines
):
    world.runtime["max_backlog"] = 20
    world.engine["deadlines"] = deadlines(answer=8.0, grace=1.0)
    gate = threading.Event()
    async with world.life() as life:
        terminal = await life.connect()
        first = sale(VISA)
        assert (await terminal.ask(first))["39"] == "00"
        real = life.store._committer.commit

        def stuck(units):
            gate.wait(10)
            return real(units)

        life.store._committer.commit = stuck
        try:
            await terminal.send(*(sale(VISA) for _ in range(60)))
            refused = [await terminal.receive() for _ in range(39)]
            assert {answer["39"] for answer in refused} == {"96"}
            repeat = {**first, "t": "0201"}
            assert (await terminal.ask(repeat))["39"] == "96"
            assert counted(life) == 40
            assert life.store.backlog <= 22
        finally:
            gate.set()
        assert [(await terminal.receive())["39"] for _ in range(21)] == ["00"] * 21
        assert (await terminal.ask(repeat))["39"] == "00"


async def test_a_connection_past_max_outstanding_is_paused_seen_as_such_and_read_again(world, sale, limits):
    world.listener |= {"max_outstanding": 10, "limits": limits(read_per_tick=200)}
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        terminal = await life.connect()
        await terminal.send(*(sale(VISA) for _ in range(40)))
        await host.until(lambda: len(host.requests) >= 10)
        await life.until(lambda: life.switch.status()["connections_paused"] == 1)
        host.decide = lambda _view: "00"
        await host.send(b"".join(host.answer(view, "00") for view in host.requests))
        assert {(await terminal.receive())["39"] for _ in range(40)} == {"00"}
        assert life.switch.status()["connections_paused"] == 0


async def test_past_max_connections_a_newcomer_is_closed_and_the_others_go_on(world, sale, limits):
    world.listener["limits"] = limits(max_connections=2)
    async with world.life() as life:
        first, _second = await life.connect(), await life.connect()
        with trio.fail_after(5):
            assert await (await life.connect()).receive() == {}
        assert (await first.ask(sale(VISA)))["39"] == "00"
        assert life.switch.status()["connections"] == 2
        await first.stream.aclose()
        await life.until(lambda: life.switch.status()["connections"] == 1)
        assert (await (await life.connect()).ask(sale(VISA)))["39"] == "00"
