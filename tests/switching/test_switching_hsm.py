"""The HSM that goes, hangs or talks nonsense: declines with the right code meanwhile, approvals again afterwards."""

import structlog
import trio

VISA, DIRECT = "4111111111111111", "4242424242424242"


async def test_while_the_hsm_is_gone_pin_payments_are_96_and_others_go_on(world, sale, cards):
    async with world.life() as life:
        terminal = await life.connect()
        pin = cards[VISA]["pin"]
        assert (await terminal.ask(sale(VISA, pin=pin)))["39"] == "00"
        world.hsm.die()
        await life.until(lambda: not life.switch.status()["hsm"])
        assert (await terminal.ask(sale(VISA, pin=pin)))["39"] == "96"
        assert (await terminal.ask(sale(VISA)))["39"] == "00"
        assert len(world.hosts["visa"].requests) == 2  # the one that failed never left
        await world.hsm.start()
        await life.until(lambda: life.switch.status()["hsm"])
        assert (await terminal.ask(sale(VISA, pin=pin)))["39"] == "00"


async def test_commands_in_flight_when_the_hsm_dies_end_in_a_decline_each(world, sale, cards):
    async with world.life() as life:
        terminal = await life.connect()
        requests = [sale(DIRECT, pin=cards[DIRECT]["pin"]) for _ in range(100)]
        await terminal.send(*requests)
        await world.hosts["issuer-b"].until(lambda: world.hosts["issuer-b"].requests)
        world.hsm.die()
        answers = [await terminal.receive() for _ in requests]
        assert {answer["11"] for answer in answers} == {request["11"] for request in requests}
        codes = [answer["39"] for answer in answers]
        assert set(codes) <= {"00", "96"}
        assert codes.count("00") == len(world.hosts["issuer-b"].requests)


async def _deaf(port, task_status):
    """Takes commands and answers none."""
    listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")

    async def listen(stream):
        async with stream:
            async for _ in stream:
                pass

    task_status.started()
    await trio.serve_listeners(listen, listeners)


async def test_an_hsm_that_answers_nothing_is_found_out_and_its_link_closed(world, sale, cards):
    world.hsm_link = {"watch_interval": 0.1, "watch_timeout": 0.1}
    world.hsm.die()
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: _deaf(world.hsm.port, task_status))
        with structlog.testing.capture_logs() as logs:
            async with world.life(wait=("visa",)) as life:
                terminal = await life.connect()
                await life.until(lambda: life.switch.status()["hsm"])
                started = trio.current_time()
                assert (await terminal.ask(sale(VISA, pin=cards[VISA]["pin"])))["39"] == "96"
                assert trio.current_time() - started < 4  # told when the link closed, not by the deadline of 5 s
                nursery.cancel_scope.cancel()
        assert "no answer to NC" in [line.get("reason") for line in logs]


async def test_what_is_no_hsm_is_told_from_one(world):
    world.hsm.die()
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(world.hsm.port, host="127.0.0.1")

        async def babble(stream):
            async with stream:
                await stream.send_all(b"\x00\x08xxxxZZ00")
                await trio.sleep_forever()

        nursery.start_soon(trio.serve_listeners, babble, [listener])
        with structlog.testing.capture_logs() as logs:
            async with world.life(wait=()) as life:
                await life.until(lambda: any(line["event"] == "disconnected" for line in logs))
        reasons = [line["reason"] for line in logs if line["event"] == "disconnected" and line.get("link") == "hsm"]
        assert reasons[0] == "not an HSM: reply to no command in flight"
        nursery.cancel_scope.cancel()
