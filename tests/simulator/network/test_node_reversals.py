"""Reversals through a node: the issuer can find the original, and an issuer that is not there never acknowledges."""

from typing import Any

import pytest


async def test_the_issuer_is_told_which_request_is_reversed(world: Any) -> None:
    client = await world.client()
    request = world.talk.request()
    await client.ask(request)
    answer = await client.ask(world.talk.reversal(original=request))
    assert (answer["t"], answer["39"]) == ("0410", "00")
    first, reversal = world.a.payments
    assert (reversal["t"], reversal["24"], reversal["25"]) == ("1420", "400", "4021")
    assert reversal["56"] == f"1100{first['11']}{first['12']}{len(first['32']):02d}{first['32']}"
    assert reversal["4"] == first["4"]
    assert answer["90"].startswith(f"0100{request['11']}{request['7']}")


@pytest.mark.parametrize(("mti", "forwarded", "answered"), [
    ("0400", "1420", "0410"), ("0401", "1421", "0410"), ("0420", "1420", "0430"), ("0421", "1421", "0430"),
])  # fmt: skip
async def test_every_form_of_a_reversal_has_its_answer(world: Any, mti: str, forwarded: str, answered: str) -> None:
    client = await world.client()
    answer = await client.ask(world.talk.reversal(mti, original=world.talk.request()))
    assert answer["t"] == answered
    assert world.a.payments[0]["t"] == forwarded


async def test_a_customers_cancellation_has_its_own_reason(world: Any) -> None:
    client = await world.client()
    build = world.talk.codec.build_sub
    reason = {"f63": build("63", {"1": "0002", "3": "2501"})} if world.talk.name == "visa" else {"f39": "17"}
    await client.ask(world.talk.reversal(original=world.talk.request(), **reason))
    assert world.a.payments[0]["25"] == "4000"


async def test_an_acquirer_with_leading_zeros_stays_as_the_issuer_knows_it(world: Any) -> None:
    client = await world.client()
    request = world.talk.request(f32="000123")
    await client.ask(request)
    await client.ask(world.talk.reversal(original=request))
    first, reversal = world.a.payments
    assert first["32"] == "000123"
    assert reversal["56"].endswith("06000123")


async def test_a_node_that_was_restarted_forwards_the_reversal_of_what_it_forgot(world: Any) -> None:
    client = await world.client()
    request = world.talk.request()
    before = await client.ask(request)
    await world.stop_node()
    await world.start_node()
    client = await world.client()
    answer = await client.ask(world.talk.reversal("0401", original=request))
    assert answer["39"] == "00"
    assert world.a.payments[-1]["56"][4:10] == request["11"]
    if world.talk.name == "visa":
        parse = world.talk.codec.parse_sub
        assert parse("62", answer["62"])["2"] == parse("62", before["62"])["2"]
    else:
        assert (answer["63"], answer["15"]) == (before["63"], before["15"])


async def test_identifiers_the_acquirer_sends_come_back_as_they_are(world: Any) -> None:
    client = await world.client()
    given = {"f62": world.talk.codec.build_sub("62", {"2": "123456789012345"})} if world.talk.name == "visa" else {}
    given = given or {"f63": "MCCABCDEFGHI", "f15": "0531"}
    answer = await client.ask(world.talk.reversal(original=world.talk.request(), **given))
    assert {number: answer[number[1:]] for number in given} == given


async def test_an_issuer_that_is_not_there_answers_91_so_that_the_switch_tries_again(world: Any) -> None:
    world.a.die()
    await world.a.until(lambda: not world.a.connections)
    client = await world.client()
    request = world.talk.reversal(original=world.talk.request())
    assert (await client.ask(request))["39"] == "91"
    await world.nursery.start(world.a.serve)
    await world.a.until(lambda: world.a.of("1804"))
    while (answer := await client.ask({**request, "t": "0401"}))["39"] == "91":
        pass
    assert answer["39"] == "00"


@pytest.mark.parametrize(("action", "code"), [("400", "00"), ("914", "25"), ("907", "91"), ("909", "96")])
async def test_the_issuers_verdict_on_a_reversal_is_passed_on(world: Any, action: str, code: str) -> None:
    world.a.script = lambda fields: world.a.reply(fields, action) if fields["t"] == "1420" else world.a.approve(fields)
    client = await world.client()
    assert (await client.ask(world.talk.reversal(original=world.talk.request())))["39"] == code


async def test_a_partial_reversal_is_refused_and_never_becomes_a_full_one(world: Any) -> None:
    client = await world.client()
    amounts = "000000000500".ljust(42, "0")
    assert (await client.ask(world.talk.reversal(original=world.talk.request(), f95=amounts)))["39"] == "12"
    assert world.a.payments == []
    assert (await client.ask(world.talk.reversal(original=world.talk.request(), f95="0" * 42)))["39"] == "00"


async def test_a_reversal_without_its_original_is_a_format_error(world: Any) -> None:
    client = await world.client()
    answer = await client.ask(world.talk.reversal(original=world.talk.request(), f90=""))
    assert answer["39"] == "30"
    if world.talk.name == "mastercard":
        assert answer["44"] == "090"
