"""PIN blocks: really translated by the HSM, or the payment goes no further."""

from typing import Any

import trio


def _with_pin(talk: Any, pin: str = "1234", **changes: str) -> dict[str, str]:
    card = talk.card("issuer-a")
    security = "2001010100000000" if talk.name == "visa" else "9701010001000000"
    request: dict[str, str] = talk.request(**({"f52": talk.pin_block(pin, card["pan"]), "f53": security} | changes))
    return request


async def test_the_issuer_finds_the_same_pin_under_its_own_key(world: Any) -> None:
    client = await world.client()
    request = _with_pin(world.talk)
    answer = await client.ask(request)
    [seen] = world.a.payments
    assert answer["39"] == "00"
    assert seen["52"] != request["52"]
    assert world.talk.pin_for_issuer(seen["52"], request["2"], "issuer-a") == "1234"
    assert seen["22"] == "010101213001"
    assert "52" not in answer


async def test_each_issuer_has_its_own_key(world: Any) -> None:
    client = await world.client()
    card = world.talk.card("issuer-b")
    block = world.talk.pin_block("4321", card["pan"])
    await client.ask(world.talk.request(issuer="issuer-b", f52=block))
    [seen] = world.b.payments
    assert world.talk.pin_for_issuer(seen["52"], card["pan"], "issuer-b") == "4321"


async def test_a_block_that_does_not_decode_is_86_and_goes_nowhere(world: Any) -> None:
    client = await world.client()
    answer = await client.ask(_with_pin(world.talk, f52="0123456789ABCDEF"))
    assert answer["39"] == "86"
    assert world.a.payments == []


async def test_a_block_of_another_card_is_86(world: Any) -> None:
    client = await world.client()
    other = world.talk.pin_block("1234", world.talk.card("issuer-b")["pan"])
    assert (await client.ask(_with_pin(world.talk, f52=other)))["39"] == "86"
    assert world.a.payments == []


async def test_a_key_the_hsm_cannot_use_is_96_and_goes_nowhere(quiet: Any) -> None:
    bad = {"zpk": "U" + "0" * 32}
    await quiet.start_node(issuer=bad)
    client = await quiet.client()
    assert (await client.ask(_with_pin(quiet.talk)))["39"] == "96"
    assert quiet.a.payments == []


async def test_without_an_hsm_a_pin_is_96_and_the_rest_goes_on(world: Any) -> None:
    world.hsm.cancel()
    client = await world.client()
    assert (await client.ask(_with_pin(world.talk)))["39"] == "96"
    assert world.a.payments == []
    assert (await client.ask(world.talk.request(stan="000124")))["39"] == "00"


async def test_an_hsm_that_came_back_translates_again(world: Any) -> None:
    client = await world.client()
    world.hsm.cancel()
    assert (await client.ask(_with_pin(world.talk)))["39"] == "96"
    await world.start_hsm()
    with trio.fail_after(10):
        while (await client.ask(_with_pin(world.talk)))["39"] != "00":
            pass
    assert world.talk.pin_for_issuer(world.a.payments[-1]["52"], world.a.payments[-1]["2"], "issuer-a") == "1234"


async def test_a_silent_hsm_is_96(quiet: Any) -> None:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")

    async def swallow(stream: trio.SocketStream) -> None:
        async for _ in stream:
            pass

    quiet.nursery.start_soon(trio.serve_listeners, swallow, [listener])
    await quiet.start_node(hsm={"port": listener.socket.getsockname()[1], "timeout": 0.05})
    client = await quiet.client()
    assert (await client.ask(_with_pin(quiet.talk)))["39"] == "96"
    assert quiet.a.payments == []


class HeldHsm:
    """A wire to the real HSM on which its replies wait until they are let through."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.asked = trio.Event()
        self.release = trio.Event()

    async def start(self) -> int:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port: int = listener.socket.getsockname()[1]
        self._world.nursery.start_soon(trio.serve_listeners, self._relay, [listener])
        return port

    async def _relay(self, stream: trio.SocketStream) -> None:
        async with await trio.open_tcp_stream("127.0.0.1", self._world.hsm_port) as hsm, trio.open_nursery() as nursery:
            nursery.start_soon(self._replies, hsm, stream)
            async for data in stream:
                self.asked.set()
                await hsm.send_all(data)
            nursery.cancel_scope.cancel()

    async def _replies(self, hsm: trio.SocketStream, stream: trio.SocketStream) -> None:
        async for data in hsm:
            await self.release.wait()
            await stream.send_all(data)


async def test_a_repeat_that_comes_while_the_hsm_works_is_the_only_one_the_issuer_sees(quiet: Any) -> None:
    held = HeldHsm(quiet)
    await quiet.start_node(hsm={"port": await held.start()})
    client = await quiet.client()
    await client.send(_with_pin(quiet.talk))
    await held.asked.wait()
    await client.send(_with_pin(quiet.talk) | {"t": "0101"})
    assert (await client.ask(quiet.talk.management(quiet.talk.echo)))["t"] == "0810"
    held.release.set()
    assert (await client.receive())["39"] == "00"
    assert (await client.ask(quiet.talk.request(stan="000124")))["11"] == "000124"
    assert [(seen["t"], seen["11"]) for seen in quiet.a.payments] == [("1101", "000123"), ("1100", "000124")]


async def test_a_block_that_comes_after_the_answer_was_due_goes_nowhere(quiet: Any, lines: Any) -> None:
    held = HeldHsm(quiet)
    await quiet.start_node(hsm={"port": await held.start()}, issuer={"answer_timeout": 0.05})
    client = await quiet.client()
    await client.send(_with_pin(quiet.talk))
    await lines.until("issuer is silent")
    held.release.set()
    assert (await client.receive())["39"] == "96"
    assert quiet.a.payments == []


async def test_an_issuer_that_is_not_there_is_91_whatever_the_hsm_says(world: Any) -> None:
    world.a.die()
    world.hsm.cancel()
    client = await world.client()
    with trio.fail_after(10):
        while (await client.ask(world.talk.request(stan="000124")))["39"] != "91":
            pass
    assert (await client.ask(_with_pin(world.talk)))["39"] == "91"


async def test_another_pin_block_format_is_refused(world: Any) -> None:
    client = await world.client()
    security = "2001470100000000" if world.talk.name == "visa" else "9701470001000000"
    assert (await client.ask(_with_pin(world.talk, f53=security)))["39"] == "30"
    assert world.a.payments == []


async def test_a_pin_block_in_an_advice_is_not_passed_on(world: Any) -> None:
    client = await world.client()
    request = _with_pin(world.talk) | {"t": "0120", "39": "00"}
    assert (await client.ask(request))["39"] == "00"
    assert "52" not in world.a.payments[0]
