"""The links to issuers: signed on, watched, lost and found again, and what becomes of requests meanwhile."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from switch.simulator.network import serve


async def test_the_node_signs_on_before_it_sends_anything_else(quiet: Any) -> None:
    await quiet.start_node(wait=False)
    await quiet.a.until(lambda: quiet.a.seen)
    first = quiet.a.seen[0]
    assert (first["t"], first["24"]) == ("1804", "801")
    assert first["12"][2:] == first["7"]


async def test_an_issuer_that_is_not_signed_on_is_91_at_once(quiet: Any) -> None:
    quiet.a.script = lambda fields: None
    await quiet.start_node(wait=False)
    await quiet.a.until(lambda: quiet.a.seen)
    client = await quiet.client()
    assert (await client.ask(quiet.talk.request()))["39"] == "91"
    assert quiet.a.payments == []


async def test_a_sign_on_that_is_refused_is_tried_again_on_a_new_connection(quiet: Any) -> None:
    quiet.a.script = lambda fields: quiet.a.reply(fields, "909")
    await quiet.start_node(wait=False)
    await quiet.a.until(lambda: len(quiet.a.of("1804")) >= 3)
    client = await quiet.client()
    assert (await client.ask(quiet.talk.request()))["39"] == "91"
    quiet.a.script = quiet.a.approve
    with trio.fail_after(10):
        while (await client.ask(quiet.talk.request()))["39"] != "00":
            pass


async def test_an_idle_link_is_echoed(quiet: Any) -> None:
    await quiet.start_node(issuer={"echo_interval": 0.05})
    await quiet.a.until(lambda: len([fields for fields in quiet.a.of("1804") if fields["24"] == "831"]) >= 2)
    assert len(quiet.a.connections) == 1


async def test_a_missed_echo_takes_the_link_down_and_it_comes_back(quiet: Any, lines: Any) -> None:
    await quiet.start_node(issuer={"echo_interval": 0.05, "management_timeout": 0.1})
    quiet.a.script = lambda fields: None if fields.get("24") == "831" else quiet.a.approve(fields)
    await quiet.a.until(lambda: [fields for fields in quiet.a.of("1804") if fields["24"] == "801"])
    assert "no answer to echo" in [line.get("reason") for line in lines.captured]
    quiet.a.script = quiet.a.approve
    client = await quiet.client()
    with trio.fail_after(10):
        while (await client.ask(quiet.talk.request()))["39"] != "00":
            pass


async def test_a_request_in_flight_when_the_issuer_dies_is_met_with_silence(world: Any) -> None:
    world.a.script = world.a.silent
    client = await world.client()
    await client.send(world.talk.request())
    await world.a.until(lambda: world.a.payments)
    world.a.die()
    await world.a.until(lambda: not world.a.connections)
    # Nothing but the echo comes back: an answer now would be a guess.
    answer = await client.ask(world.talk.management(world.talk.echo))
    assert answer["t"] == "0810"
    world.a.script = world.a.approve
    await world.nursery.start(world.a.serve)
    with trio.fail_after(10):
        while (await client.ask(world.talk.reversal(original=world.talk.request())))["39"] != "00":
            pass


async def test_the_other_issuers_go_on_when_one_dies(world: Any) -> None:
    world.a.die()
    client = await world.client()
    assert (await client.ask(world.talk.request(issuer="issuer-b")))["39"] == "00"


async def test_an_issuer_that_answers_garbage_is_dialled_again(world: Any, lines: Any) -> None:
    await world.a.connections[0].send(b"\0\1\2\3")
    client = await world.client()
    await world.a.until(lambda: world.a.of("1804"))
    with trio.fail_after(10):
        while (await client.ask(world.talk.request()))["39"] != "00":
            pass
    assert any("unreadable message" in line.get("reason", "") for line in lines.captured)


async def test_an_answer_without_an_action_code_is_silence_and_the_next_is_read(world: Any, lines: Any) -> None:
    def script(fields: dict[str, str]) -> dict[str, str] | None:
        answer: dict[str, str] = world.a.approve(fields)
        return {number: value for number, value in answer.items() if number != "39" or fields["11"] != "000001"}

    world.a.script = script
    client = await world.client()
    await client.send(world.talk.request(stan="000001"))
    assert (await client.ask(world.talk.request(stan="000002")))["11"] == "000002"
    assert [line["reason"] for line in lines.of("unreadable answer")] == [
        "iso-1993-ascii: field 39: expected the field"
    ]


async def test_an_issuer_may_sign_off_and_on_again(world: Any) -> None:
    client = await world.client()
    order = {"t": "1804", "7": "0601101112", "11": "000500", "12": "250601101112"}
    await world.a.answer(order | {"24": "802"})
    await world.a.until(lambda: world.a.of("1814"))
    assert world.a.of("1814")[0]["39"] == "800"
    assert (await client.ask(world.talk.request()))["39"] == "91"
    await world.a.answer(order | {"24": "801", "11": "000501"})
    await world.a.until(lambda: len(world.a.of("1814")) == 2)
    assert (await client.ask(world.talk.request()))["39"] == "00"


# -- late, lost and too many


async def test_a_late_answer_is_still_forwarded_and_counted(quiet: Any, lines: Any) -> None:
    await quiet.start_node(issuer={"answer_timeout": 0.05, "late_window": 60.0}, drain_timeout=60.0)
    quiet.a.script = quiet.a.silent
    client = await quiet.client()
    await client.send(quiet.talk.request())
    await lines.until("issuer is silent")
    await quiet.a.answer(quiet.a.reply(quiet.a.payments[0], "000", f38="LATE01"))
    answer = await client.receive()
    assert (answer["39"], answer["38"]) == ("00", "LATE01")
    assert [line["late"] for line in lines.of("answered")][-1] is True
    await quiet.stop_node()
    assert [line["late"] for line in lines.of("stopped")] == [1]


async def test_an_answer_after_the_window_reaches_nobody_and_is_counted(quiet: Any, lines: Any) -> None:
    await quiet.start_node(issuer={"answer_timeout": 0.05, "late_window": 0.05})
    quiet.a.script = quiet.a.silent
    client = await quiet.client()
    await client.send(quiet.talk.request())
    await lines.until("never answered")
    await quiet.a.answer(quiet.a.reply(quiet.a.payments[0], "000", f38="LATE01"))
    await lines.until("answer to nothing")
    assert (await client.ask(quiet.talk.management(quiet.talk.echo)))["t"] == "0810"
    await quiet.stop_node()
    assert [line["unmatched"] for line in lines.of("stopped")] == [1]


async def test_a_second_answer_to_one_request_reaches_nobody(world: Any, lines: Any) -> None:
    client = await world.client()
    await client.ask(world.talk.request())
    await world.a.answer(world.a.reply(world.a.payments[0], "000", f38="TWICE1"))
    await lines.until("answer to nothing")
    assert (await client.ask(world.talk.management(world.talk.echo)))["t"] == "0810"


async def test_an_answer_for_a_connection_that_is_gone_is_counted(world: Any, lines: Any) -> None:
    world.a.script = world.a.silent
    client = await world.client()
    await client.send(world.talk.request())
    await world.a.until(lambda: world.a.payments)
    await client.wire.stream.aclose()
    await lines.until("disconnected", 3)
    other = await world.client()
    await world.a.answer(world.a.reply(world.a.payments[0], "000"))
    await lines.until("answered", 3)
    assert (await other.ask(world.talk.management(world.talk.echo)))["t"] == "0810"
    await world.stop_node()
    assert [line["undelivered"] for line in lines.of("stopped")] == [1]


async def test_past_the_bound_a_request_is_91_at_once_and_the_other_issuer_does_not_suffer(quiet: Any) -> None:
    await quiet.start_node(issuer={"max_in_flight": 2})
    quiet.a.script = quiet.a.silent
    client = await quiet.client()
    for stan in ("000001", "000002"):
        await client.send(quiet.talk.request(stan=stan))
    answer = await client.ask(quiet.talk.request(stan="000003"))
    assert (answer["11"], answer["39"]) == ("000003", "91")
    await quiet.a.until(lambda: len(quiet.a.payments) == 2)
    assert (await client.ask(quiet.talk.request(issuer="issuer-b", stan="000004")))["39"] == "00"
    # A repeat of what waits already takes no further room.
    await client.send(quiet.talk.request("0101", stan="000001"))
    await quiet.a.until(lambda: len(quiet.a.payments) == 3)
    for fields in quiet.a.payments[1:]:
        await quiet.a.answer(quiet.a.reply(fields, "000"))
        assert (await client.receive())["11"] == fields["11"]
    quiet.a.script = quiet.a.approve
    assert (await client.ask(quiet.talk.request(stan="000005")))["39"] == "00"


# -- the beginning and the end


@pytest.fixture
def manager(quiet: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What systemd would hear; the path is short because socket addresses are."""
    path = os.path.relpath(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield receiver


async def test_ready_is_told_once_every_issuer_has_signed_on(quiet: Any, manager: Any, lines: Any) -> None:
    quiet.b.script = lambda fields: None
    await quiet.start_node(wait=False, issuer={"management_timeout": 0.1})
    await lines.until("signed on")
    await quiet.b.until(lambda: len(quiet.b.of("1804")) >= 2)
    with pytest.raises(BlockingIOError):
        manager.recv(100)
    quiet.b.script = quiet.b.approve
    await lines.until("ready")
    assert manager.recv(100) == b"READY=1"


async def test_the_end_signs_off_from_every_issuer(world: Any, lines: Any) -> None:
    client = await world.client()
    await world.stop_node()
    for scripted in (world.a, world.b):
        assert [fields["24"] for fields in scripted.of("1804")][-1] == "802"
    assert await client.wire.receive() is None
    assert [line["accepted"] for line in lines.of("signed off")] == [True, True]


async def test_the_end_waits_for_answers_and_takes_no_new_payment(quiet: Any) -> None:
    world = quiet
    await world.start_node(drain_timeout=5.0)
    world.a.script = world.a.silent
    client = await world.client()
    await client.send(world.talk.request())
    await world.a.until(lambda: world.a.payments)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.stop_node)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert (await client.ask(world.talk.request(stan="000124")))["39"] == "91"
        await world.a.answer(world.a.reply(world.a.payments[0], "000", f38="DRAIN1"))
        assert (await client.receive())["38"] == "DRAIN1"
        assert await client.wire.receive() is None
    assert world.a.seen[-1]["24"] == "802"


@pytest.mark.parametrize("ticks", [0, 1, 2, 3, 5, 8, 20])
async def test_a_node_that_is_stopped_while_it_starts_ends(quiet: Any, ticks: int) -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, quiet.config())
            for _ in range(ticks):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()


async def test_the_end_does_not_wait_for_ever(quiet: Any) -> None:
    await quiet.start_node(drain_timeout=0.05, issuer={"management_timeout": 0.05})
    quiet.a.script = lambda fields: None
    client = await quiet.client()
    await client.send(quiet.talk.request())
    await quiet.a.until(lambda: quiet.a.payments)
    await quiet.stop_node()
    assert await client.wire.receive() is None
