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
