"""Many requests at once: every answer goes to its own request, on the connection that request came on."""

from typing import Any


async def test_two_hundred_pipelined_requests_get_their_own_answers_out_of_order(world: Any) -> None:
    held: list[dict[str, str]] = []

    def script(fields: dict[str, str]) -> dict[str, str] | None:
        if fields["t"] != "1100":
            answer: dict[str, str] | None = world.a.approve(fields)
            return answer
        held.append(fields)
        return None

    world.a.script = script
    client = await world.client()
    stans = [f"{number:06d}" for number in range(1, 201)]
    data = b"".join(
        client.wire.wrap(world.talk.frame(world.talk.request(stan=stan, f4=f"{int(stan):012d}"))) for stan in stans
    )
    await client.wire.stream.send_all(data)
    await world.a.until(lambda: len(held) == 200)
    for fields in reversed(held):
        await world.a.answer(world.a.reply(fields, "000", f38=fields["11"]))
    answers = [await client.receive() for _ in stans]
    assert [answer["11"] for answer in answers] == stans[::-1]
    assert all(answer["38"] == answer["11"] == answer["4"][-6:] for answer in answers)


async def test_pins_in_flight_do_not_hold_up_what_has_none(world: Any) -> None:
    client = await world.client()
    card = world.talk.card("issuer-a")
    block = world.talk.pin_block(card["pin"], card["pan"])
    stans = [f"{number:06d}" for number in range(1, 101)]
    requests = [world.talk.request(stan=stan, f52=block if int(stan) % 2 else "") for stan in stans]
    await client.wire.stream.send_all(b"".join(client.wire.wrap(world.talk.frame(request)) for request in requests))
    answers = [await client.receive() for _ in stans]
    assert sorted(answer["11"] for answer in answers) == stans
    assert {answer["39"] for answer in answers} == {"00"}
    found = {seen["11"]: "52" in seen for seen in world.a.payments}
    assert all(found[stan] == bool(int(stan) % 2) for stan in stans)


async def test_acquirers_with_the_same_trace_number_each_get_their_own_answer(world: Any) -> None:
    world.a.script = world.a.silent
    first, second = await world.client(), await world.client()
    await first.send(world.talk.request(f32="400001", f4="000000000001"))
    await world.a.until(lambda: len(world.a.payments) == 1)
    await second.send(world.talk.request(f32="500002", f4="000000000002"))
    await world.a.until(lambda: len(world.a.payments) == 2)
    one, two = world.a.payments
    await world.a.answer(world.a.reply(two, "000", f38="TWO002"))
    await world.a.answer(world.a.reply(one, "000", f38="ONE001"))
    assert (await first.receive())["38"] == "ONE001"
    assert (await second.receive())["38"] == "TWO002"


async def test_an_answer_that_fits_two_requests_goes_to_neither(world: Any, lines: Any) -> None:
    world.a.script = world.a.silent
    first, second = await world.client(), await world.client()
    await first.send(world.talk.request(f32="400001"))
    await second.send(world.talk.request(f32="500002"))
    await world.a.until(lambda: len(world.a.payments) == 2)
    unclear = {"t": "1110", "39": "000", "7": "0601101112", "11": "000123"}
    await world.a.answer(unclear)
    await lines.until("answer to nothing")
    for client in (first, second):
        assert (await client.ask(world.talk.management(world.talk.echo)))["t"] == "0810"


async def test_an_answer_to_another_kind_of_message_is_not_taken_for_the_requests(world: Any) -> None:
    world.a.script = world.a.silent
    client = await world.client()
    await client.send(world.talk.request())
    await world.a.until(lambda: world.a.payments)
    await world.a.answer(world.a.reply(world.a.payments[0], "400") | {"t": "1430"})
    await world.a.answer(world.a.reply(world.a.payments[0], "900") | {"t": "1130"})
    await world.a.answer(world.a.reply(world.a.payments[0], "116"))
    answer = await client.receive()
    assert (answer["t"], answer["39"]) == ("0110", "51")
