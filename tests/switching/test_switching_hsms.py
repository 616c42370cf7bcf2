"""Two HSMs: the switch asks the first that is up, and a payment after a loss goes to the other one."""

import trio

from switch.hsm.server import HsmConfig, serve
from switch.hsm.statistics import HsmStatistics

VISA, DIRECT = "4111111111111111", "4242424242424242"


async def _second(nursery):
    """Another HSM: its address as a configuration has it, and what it has done."""
    statistics = HsmStatistics()
    (address,) = await nursery.start(serve, HsmConfig(port=0), statistics)
    return f"127.0.0.1:{address[1]}", statistics


def _work(statistics):
    return sum(count for what, count in statistics.by_error().items() if not what.startswith("NC"))


async def test_when_the_first_hsm_dies_payments_go_on_with_the_second_and_come_back(world, sale, cards):
    async with trio.open_nursery() as nursery:
        other, statistics = await _second(nursery)
        first = f"127.0.0.1:{world.hsm.port}"
        world.hsm_link = {"hosts": [other]}
        async with world.life() as life:
            terminal = await life.connect()
            await life.until(lambda: all(life.switch.status()["hsms"].values()))
            pin = cards[VISA]["pin"]
            assert (await terminal.ask(sale(VISA, pin=pin)))["39"] == "00"
            assert _work(statistics) == 0
            world.hsm.die()
            await life.until(lambda: life.switch.status()["hsms"] == {first: False, other: True})
            assert life.switch.status()["hsm"]
            assert (await terminal.ask(sale(VISA, pin=pin)))["39"] == "00"
            assert (asked := _work(statistics)) > 0
            await world.hsm.start()
            await life.until(lambda: all(life.switch.status()["hsms"].values()))
            assert (await terminal.ask(sale(VISA, pin=pin)))["39"] == "00"
            assert _work(statistics) == asked
        nursery.cancel_scope.cancel()


async def test_commands_in_flight_at_the_loss_are_declined_and_none_is_lost(world, sale, cards):
    async with trio.open_nursery() as nursery:
        other, _ = await _second(nursery)
        world.hsm_link = {"hosts": [other]}
        async with world.life() as life:
            terminal = await life.connect()
            await life.until(lambda: all(life.switch.status()["hsms"].values()))
            requests = [sale(DIRECT, pin=cards[DIRECT]["pin"]) for _ in range(100)]
            await terminal.send(*requests)
            await world.hosts["issuer-b"].until(lambda: world.hosts["issuer-b"].requests)
            world.hsm.die()
            answers = [await terminal.receive() for _ in requests]
            assert {answer["11"] for answer in answers} == {request["11"] for request in requests}
            assert {answer["39"] for answer in answers} <= {"00", "96"}
            assert (await terminal.ask(sale(VISA, pin=cards[VISA]["pin"])))["39"] == "00"
        nursery.cancel_scope.cancel()


async def test_an_hsm_that_answers_nothing_is_not_preferred_to_one_that_works(world, sale, cards):
    async def silent(stream):
        async for _ in stream:
            pass

    world.hsm.die()
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(world.hsm.port, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, silent, [listener])
        other, _ = await _second(nursery)
        world.hsm_link = {"hosts": [other]}
        async with world.life(wait=("visa",)) as life:
            terminal = await life.connect()
            await life.until(lambda: life.switch.status()["hsm"])
            assert (await terminal.ask(sale(VISA, pin=cards[VISA]["pin"])))["39"] == "00"
            assert not life.switch.status()["hsms"][f"127.0.0.1:{world.hsm.port}"]
        nursery.cancel_scope.cancel()


async def test_with_spread_both_work(world, sale, cards):
    async with trio.open_nursery() as nursery:
        other, statistics = await _second(nursery)
        world.hsm_link = {"hosts": [other], "spread": True}
        async with world.life() as life:
            terminal = await life.connect()
            await life.until(lambda: all(life.switch.status()["hsms"].values()))
            for _ in range(4):
                assert (await terminal.ask(sale(VISA, pin=cards[VISA]["pin"])))["39"] == "00"
        assert _work(statistics) == 2
        nursery.cancel_scope.cancel()


async def test_an_hsm_in_process_serves_as_one_behind_a_socket_does(world, sale, cards):
    world.hsm.die()
    world.hsm_link = {"host": "in-process"}
    async with world.life() as life:
        terminal = await life.connect()
        for pan in (VISA, DIRECT):
            assert (await terminal.ask(sale(pan, pin=cards[pan]["pin"])))["39"] == "00"
        requests = [sale(DIRECT, pin=cards[DIRECT]["pin"]) for _ in range(50)]
        await terminal.send(*requests)
        assert {(await terminal.receive())["39"] for _ in requests} == {"00"}
