"""An acquirer's connection: signed on or not, and bytes that no message is made of."""

import random
from typing import Any

import pytest
import trio

from switch.message import build_visa_header, parse_visa_header


async def test_echo_is_answered_on_any_link(world: Any) -> None:
    client = await world.client(sign_on=False)
    answer = await client.ask(world.talk.management(world.talk.echo, stan="000042"))
    assert (answer["t"], answer["39"], answer["11"], answer["70"]) == ("0810", "00", "000042", world.talk.echo)


@pytest.mark.parametrize("mti", ["0100", "0400", "0120", "0200"])
async def test_before_sign_on_everything_else_is_91(world: Any, mti: str) -> None:
    client = await world.client(sign_on=False)
    request = world.talk.request() | {"t": mti}
    answer = await client.ask(request)
    assert (answer["t"], answer["39"], answer["11"]) == (f"{mti[:2]}{int(mti[2]) + 1}0", "91", request["11"])
    assert world.a.payments == []


async def test_after_sign_off_payments_are_91_until_the_next_sign_on(world: Any) -> None:
    client = await world.client()
    assert (await client.ask(world.talk.management(world.talk.sign_off)))["39"] == "00"
    assert (await client.ask(world.talk.request()))["39"] == "91"
    await client.sign_on()
    assert (await client.ask(world.talk.request()))["39"] == "00"


async def test_one_connections_sign_on_is_not_anothers(world: Any) -> None:
    await world.client()
    second = await world.client(sign_on=False)
    assert (await second.ask(world.talk.request()))["39"] == "91"


@pytest.mark.parametrize("talk", ["mastercard"], indirect=True)
async def test_mastercard_groups_sign_on_and_off_too(world: Any) -> None:
    client = await world.client(sign_on=False)
    assert (await client.ask(world.talk.management("081")))["39"] == "00"
    assert (await client.ask(world.talk.request()))["39"] == "00"
    assert (await client.ask(world.talk.management("082")))["39"] == "00"
    assert (await client.ask(world.talk.request()))["39"] == "91"


@pytest.mark.parametrize("function", ["161", "060", "999"])
async def test_a_management_function_the_node_does_not_have_is_12(world: Any, function: str) -> None:
    client = await world.client()
    assert (await client.ask(world.talk.management(function)))["39"] == "12"
    assert (await client.ask(world.talk.request()))["39"] == "00"


@pytest.mark.parametrize("mti", ["0200", "0600", "1100", "0102"])
async def test_a_message_type_the_node_does_not_have_is_12(world: Any, mti: str) -> None:
    client = await world.client()
    assert (await client.ask(world.talk.request() | {"t": mti}))["39"] == "12"
    assert world.a.payments == []


async def test_an_answer_from_an_acquirer_is_ignored(world: Any) -> None:
    client = await world.client()
    await client.send(world.talk.request() | {"t": "0110"})
    assert (await client.ask(world.talk.request()))["39"] == "00"
    assert [seen["t"] for seen in world.a.payments] == ["1100"]


@pytest.mark.parametrize("talk", ["visa"], indirect=True)
async def test_a_visa_reply_swaps_stations_and_returns_the_round_trip_field(world: Any) -> None:
    client = await world.client()
    await client.send(world.talk.request(), round_trip=0xA7)
    header = parse_visa_header(await client.wire.receive())
    assert (header.source, header.destination, header.round_trip) == ("400002", "400001", 0xA7)


# -- bytes


async def test_frames_cut_at_every_byte_are_read(world: Any) -> None:
    client = await world.client()
    data = client.wire.wrap(world.talk.frame(world.talk.request()))
    for at in range(len(data)):
        await client.wire.stream.send_all(data[at : at + 1])
        await trio.lowlevel.checkpoint()
    assert (await client.receive())["39"] == "00"


async def test_every_cut_into_two_is_read(world: Any) -> None:
    client = await world.client()
    data = client.wire.wrap(world.talk.frame(world.talk.management(world.talk.echo)))
    for at in range(1, len(data)):
        await client.wire.stream.send_all(data[:at])
        await trio.lowlevel.checkpoint()
        await client.wire.stream.send_all(data[at:])
        assert (await client.receive())["39"] == "00"


async def test_two_frames_in_one_segment_are_two_messages(world: Any) -> None:
    client = await world.client()
    frames = [world.talk.frame(world.talk.request(stan=stan)) for stan in ("000001", "000002")]
    await client.wire.stream.send_all(b"".join(map(client.wire.wrap, frames)))
    assert {(await client.receive())["11"] for _ in frames} == {"000001", "000002"}


async def test_a_keep_alive_of_length_zero_is_no_message(world: Any) -> None:
    client = await world.client()
    await client.wire.stream.send_all(bytes(4 if world.talk.name == "visa" else 2))
    assert (await client.ask(world.talk.request()))["39"] == "00"


@pytest.mark.parametrize(("number", "value"), [
    ("7", "0699101112"), ("13", "0631"), ("12", "246060"), ("37", " " * 12), ("4", ""), ("41", ""), ("2", ""),
    ("3", ""), ("49", ""), ("32", ""),
])  # fmt: skip
async def test_a_missing_or_impossible_field_is_30_and_the_next_payment_is_fine(
    world: Any, number: str, value: str
) -> None:
    client = await world.client()
    bad = {name: text for name, text in (world.talk.request(f35="") | {number: value}).items() if text}
    answer = await client.ask(bad)
    assert (answer["t"], answer["39"], answer["11"]) == ("0110", "30", "000123")
    if world.talk.name == "mastercard":
        assert answer["44"] == f"{int(number):03d}"
    assert world.a.payments == []
    assert (await client.ask(world.talk.request()))["39"] == "00"


async def test_a_message_that_is_cut_off_behind_its_key_fields_is_30(world: Any) -> None:
    client = await world.client()
    frame = world.talk.frame(world.talk.request())
    await client.wire.send(_resized(world.talk, frame[:-5]))
    answer = await client.receive()
    assert (answer["39"], answer["11"]) == ("30", "000123")
    assert (await client.ask(world.talk.request()))["39"] == "00"


async def test_bytes_behind_a_message_are_30(world: Any) -> None:
    client = await world.client()
    await client.wire.send(_resized(world.talk, world.talk.frame(world.talk.request()) + b"\0"))
    assert (await client.receive())["39"] == "30"
    assert world.a.payments == []


def _resized(talk: Any, frame: bytes) -> bytes:
    """Visa's header counts its bytes, so a cut must not be found there."""
    return frame[:3] + len(frame).to_bytes(2, "big") + frame[5:] if talk.name == "visa" else frame


@pytest.mark.parametrize(("talk", "broken"), [
    ("visa", {"f126": "0040000000000000F1"}), ("visa", {"f126": "0040000000000000" + "F1F1" + "C1" * 4}),
    ("mastercard", {"f48": "R92"}), ("mastercard", {"f48": "R920212"}),
], indirect=["talk"])  # fmt: skip
async def test_a_cvv2_that_cannot_be_read_never_becomes_a_payment_without_one(
    world: Any, broken: dict[str, str]
) -> None:
    client = await world.client()
    assert (await client.ask(world.talk.request(**broken)))["39"] == "30"
    assert world.a.payments == []


@pytest.mark.parametrize("talk", ["mastercard"], indirect=True)
async def test_what_an_issuer_cannot_be_told_is_30_too(world: Any) -> None:
    client = await world.client()
    answer = await client.ask(world.talk.request(f48="T4304ÄÖÜß"))
    assert (answer["39"], answer["44"]) == ("30", "048")
    assert (await client.ask(world.talk.request()))["39"] == "00"


@pytest.mark.parametrize("talk", ["visa"], indirect=True)
async def test_a_visa_message_that_cannot_be_answered_comes_back_behind_a_reject_header(world: Any) -> None:
    client = await world.client()
    message = b"\xff" * 30
    frame = build_visa_header(len(message), source="400001", destination="400002", round_trip=9) + message
    await client.wire.send(frame)
    rejected = await client.wire.receive()
    assert rejected is not None
    assert rejected[0] == 26
    assert int.from_bytes(rejected[3:5], "big") == len(rejected)
    assert rejected[5:12].hex() == "40000140000209"
    assert rejected[22:26].hex() == "80000000"
    assert rejected[26:] == frame
    assert (await client.ask(world.talk.request()))["39"] == "00"


@pytest.mark.parametrize("talk", ["mastercard"], indirect=True)
async def test_a_mastercard_message_that_cannot_be_answered_ends_the_connection(world: Any, lines: Any) -> None:
    client, other = await world.client(), await world.client()
    await client.wire.send(b"\xff" * 30)
    assert await client.wire.receive() is None
    assert (await other.ask(world.talk.request()))["39"] == "00"
    assert await lines.reasons() == ["unreadable message: mastercard: field t at byte 0: expected 4 digits"]


@pytest.mark.parametrize("talk", ["visa"], indirect=True)
async def test_a_visa_header_that_cannot_be_read_ends_the_connection(world: Any, lines: Any) -> None:
    client, other = await world.client(), await world.client()
    await client.wire.send(b"\x17" + bytes(40))
    assert await client.wire.receive() is None
    assert (await other.ask(world.talk.request()))["39"] == "00"
    assert await lines.reasons() == ["unreadable header: visa: field h at byte 0: expected header length 22"]


async def test_a_frame_over_the_limit_ends_the_connection_and_no_other(quiet: Any, lines: Any) -> None:
    await quiet.start_node(limits={"max_frame": 512})
    client, other = await quiet.client(), await quiet.client()
    await client.wire.stream.send_all(client.wire.wrap(bytes(513)))
    assert await client.wire.receive() is None
    assert (await other.ask(quiet.talk.request()))["39"] == "00"
    assert any("announces 513 bytes, expected at most 512" in reason for reason in await lines.reasons())


async def test_garbage_hurts_its_own_connection_only(world: Any) -> None:
    noise, good = random.Random(1993), await world.client()
    for _ in range(25):
        client = await world.client()
        await client.wire.stream.send_all(noise.randbytes(noise.randrange(1, 400)))
        await client.wire.stream.aclose()
    assert (await good.ask(world.talk.request()))["39"] == "00"
    assert len(world.a.payments) == 1


async def test_damaged_payments_get_one_answer_at_most_and_hurt_no_one(world: Any) -> None:
    noise = random.Random(8583)
    frame = world.talk.frame(world.talk.request())
    start = 22 if world.talk.name == "visa" else 0
    client, good = await world.client(), await world.client()
    sent, answers = 150, 0
    for _ in range(sent):
        damaged = bytearray(frame)
        for _ in range(noise.randrange(1, 4)):
            damaged[noise.randrange(start, len(damaged))] = noise.randrange(256)
        await client.wire.send(bytes(damaged))
        await client.send(world.talk.management(world.talk.echo, stan="888888"))
        while (reply := await client.wire.receive()) is not None:
            if reply[0] != 26 and world.talk.read(reply)["11"] == "888888":
                break
            answers += 1
        if reply is None:
            client = await world.client()
    assert 0 < answers <= sent
    assert (await good.ask(world.talk.request(stan="000124")))["39"] == "00"


async def test_silence_ends_a_connection(quiet: Any, lines: Any) -> None:
    await quiet.start_node(limits={"idle_timeout": 0.1})
    client = await quiet.client()
    await client.wire.stream.send_all(client.wire.wrap(bytes(30))[:9])
    assert await client.wire.receive() is None
    assert "no whole frame for 0.1 s" in await lines.reasons()


async def test_a_newcomer_past_the_limit_is_closed_at_once(quiet: Any, lines: Any) -> None:
    await quiet.start_node(limits={"max_connections": 2}, wait=False)
    clients = [await quiet.client(), await quiet.client()]
    third = await quiet.client(sign_on=False)
    assert await third.wire.receive() is None
    assert "2 connections are open" in [line.get("reason") for line in lines.captured]
    for client in clients:
        assert (await client.ask(quiet.talk.management(quiet.talk.echo)))["39"] == "00"


async def test_an_acquirer_that_asks_faster_than_it_is_answered_loses_nothing(quiet: Any) -> None:
    await quiet.start_node(limits={"max_queued": 10})
    client = await quiet.client()
    stans = [f"{number:06d}" for number in range(1, 501)]
    frames = [quiet.talk.frame(quiet.talk.management(quiet.talk.echo, stan=stan)) for stan in stans]
    await client.wire.stream.send_all(b"".join(map(client.wire.wrap, frames)))
    assert [(await client.receive())["11"] for _ in stans] == stans


async def test_an_answer_over_the_limit_ends_the_connection(quiet: Any, lines: Any) -> None:
    await quiet.start_node(limits={"max_frame": len(quiet.talk.frame(quiet.talk.request())) + 10})
    balance = "0002978C000000012345" * 6
    quiet.a.decide("000", f54=balance)
    client = await quiet.client()
    await client.send(quiet.talk.request())
    assert await client.wire.receive() is None
    assert any("frame to send of" in reason for reason in await lines.reasons())


async def test_an_acquirer_that_does_not_read_is_dropped_and_stops_nobody_else(quiet: Any, lines: Any) -> None:
    await quiet.start_node(limits={"max_queued": 50, "write_timeout": 0.2})
    deaf, good = await quiet.client(receive_buffer=2048), await quiet.client()
    data = deaf.wire.wrap(quiet.talk.frame(quiet.talk.management(quiet.talk.echo)))
    with trio.fail_after(10):
        try:
            while not any("does not read" in str(line.get("reason")) for line in lines.captured):
                await deaf.wire.stream.send_all(data * 200)
                assert (await good.ask(quiet.talk.request()))["39"] == "00"
        except trio.BrokenResourceError:
            pass
    assert (await good.ask(quiet.talk.request()))["39"] == "00"
    assert any("does not read" in reason for reason in await lines.reasons())
