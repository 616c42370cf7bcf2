"""What terminals may do to the switch: cut, pipelined, over-long, malformed and ignored messages, ends of all kinds."""

import socket

import pytest
import structlog
import trio
import trio.testing

from switch.journal.delivery import DeliveryLog, boot_id

VISA = "4111111111111111"
ECHO = {"t": "0800", "7": "0611191024", "70": "301"}


def echo(number):
    return ECHO | {"11": f"{number:06d}"}


@pytest.mark.parametrize("listener", ["hex", "binary"])
async def test_a_request_cut_at_every_byte_is_answered_each_time(world, listener):
    async with world.life(wait=()) as life:
        terminal = await life.connect(listener)
        for number in range(1, 1000):
            message = terminal.codec.encode(echo(number))
            data = len(message).to_bytes(2, "big") + message
            if number >= len(data):
                break
            await terminal.stream.send_all(data[:number])
            await trio.testing.wait_all_tasks_blocked(0.0005)
            await terminal.stream.send_all(data[number:])
            answer = await terminal.receive()
            assert (answer["11"], answer["39"]) == (f"{number:06d}", "00")
        assert number > 40


async def test_two_requests_in_one_segment_get_two_answers(world, sale):
    async with world.life() as life:
        terminal = await life.connect()
        first, second = sale(VISA), sale(VISA)
        await terminal.send(first, second)
        answers = [await terminal.receive(), await terminal.receive()]
        assert {answer["11"] for answer in answers} == {first["11"], second["11"]}


async def test_before_an_over_long_frame_everything_is_answered_then_the_connection_ends_with_a_logged_reason(
    world, sale, limits
):
    world.listener["limits"] = limits(max_frame=1000)
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        terminal, other = await life.connect(), await life.connect()
        request = sale(VISA)
        await terminal.send(request)
        await terminal.stream.send_all(b"\x03\xe9" + b"x" * 5000)
        await host.until(lambda: host.requests)
        with structlog.testing.capture_logs() as logs:
            await host.send(host.answer(host.requests[0], "00"))
            answers = await terminal.receive_all()
            await life.until(lambda: any(line["event"] == "terminal disconnected" for line in logs))
        assert [(answer["11"], answer["39"]) for answer in answers] == [(request["11"], "00")]
        (line,) = [line for line in logs if line["event"] == "terminal disconnected"]
        assert line["reason"] == "bad frame: frame header announces 1001 bytes, expected at most 1000 bytes"
        assert host.of("4") == [] and (await other.ask(echo(1)))["39"] == "00"


@pytest.mark.parametrize("garbage", [b"\xff\x00 not a message", b"0100 no bitmap at all", b"0210"], ids=str)
async def test_garbage_ends_its_connection_after_the_answers_it_still_owes(world, sale, garbage):
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(VISA)
        await terminal.send(request)
        await terminal.stream.send_all(len(garbage).to_bytes(2, "big") + garbage)
        await terminal.send(sale(VISA))  # after the garbage nobody reads on
        await host.until(lambda: host.requests)
        with structlog.testing.capture_logs() as logs:
            await host.send(host.answer(host.requests[0], "00"))
            answers = await terminal.receive_all()
            await life.until(lambda: any(line["event"] == "terminal disconnected" for line in logs))
        assert [answer["11"] for answer in answers] == [request["11"]] and len(host.requests) == 1
        (line,) = [line for line in logs if line["event"] == "terminal disconnected"]
        assert line["reason"].startswith("unreadable message: pos-1987-ascii: field ")


async def test_a_malformed_request_whose_key_fields_were_read_is_30_and_the_next_one_is_served(world, sale):
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(VISA)
        message = terminal.codec.encode(request)[:-3]  # field 49 at the end is cut off
        await terminal.stream.send_all(len(message).to_bytes(2, "big") + message)
        await terminal.send(sale(VISA))
        refused, served = await terminal.receive(), await terminal.receive()
        assert (refused["t"], refused["11"], refused["39"]) == ("0210", request["11"], "30")
        assert served["39"] == "00"


async def test_silence_in_mid_frame_ends_the_connection(world, limits):
    world.listener["limits"] = limits(frame_timeout=0.05)
    async with world.life(wait=()) as life:
        terminal = await life.connect()
        with structlog.testing.capture_logs() as logs:
            await terminal.stream.send_all(b"\x00\x50hal")
            assert await terminal.receive() == {}
        reasons = [line["reason"] for line in logs if line["event"] == "terminal disconnected"]
        assert reasons == ["frame unfinished for 0.05 s"]


async def test_a_peer_that_closes_its_side_gets_what_is_outstanding_and_then_the_end(world, sale):
    async with world.life() as life:
        terminal = await life.connect()
        requests = [sale(VISA) for _ in range(20)]
        await terminal.send(*requests)
        await terminal.stream.send_eof()
        answers = await terminal.receive_all()
        assert {answer["11"] for answer in answers} == {request["11"] for request in requests}
        await life.until(lambda: life.switch.status()["connections"] == 0)
        assert world.hosts["visa"].of("4") == []


@pytest.mark.parametrize("ignored", ["0210", "0110", "0840"])
async def test_a_message_that_gets_no_answer_does_not_keep_the_connection_open(world, ignored):
    async with world.life(wait=()) as life:
        terminal = await life.connect()
        await terminal.send({**echo(1), "t": ignored}, echo(2))
        await terminal.stream.send_eof()
        assert [answer["11"] for answer in await terminal.receive_all()] == ["000002"]


async def test_a_terminal_that_is_gone_when_its_approval_comes_makes_the_host_hear_a_reversal(world, sale):
    host = world.hosts["visa"]
    host.decide = lambda view: "00" if view.mti[1] == "4" else None
    async with world.life() as life:
        terminal = await life.connect()
        await terminal.send(sale(VISA))
        await host.until(lambda: host.requests)
        terminal.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        await terminal.stream.aclose()
        await life.until(lambda: life.switch.status()["connections"] == 0)
        await host.send(host.answer(host.requests[0], "00"))
        await host.until(lambda: host.of("4"))
        assert host.of("4")[0]["90"][4:10] == host.requests[0]["11"]


async def test_a_request_as_long_as_may_be_is_answered_although_the_answer_is_longer(world, sale, limits):
    async with world.life() as life:
        plain = len((await life.connect()).codec.encode(sale(VISA, **{"35": None, "60": "x"})))
    size = 1000
    world.listener["limits"] = limits(max_frame=size)
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(VISA, **{"35": None, "60": "x" * (size - plain + 1)})
        assert len(terminal.codec.encode(request)) == size
        answer = await terminal.ask(request)
        assert answer["39"] == "00" and len(terminal.codec.encode(answer)) > size
        assert (await terminal.ask(echo(1)))["39"] == "00"


async def test_a_connection_with_too_many_unanswered_requests_is_not_read_until_there_are_fewer(world, sale, limits):
    world.listener |= {"max_outstanding": 10, "limits": limits(read_per_tick=200)}
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        terminal, other = await life.connect(), await life.connect()
        requests = [sale(VISA) for _ in range(60)]
        await terminal.send(*requests)
        await host.until(lambda: len(host.requests) >= 10)
        assert (await other.ask(echo(1)))["39"] == "00"
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert 10 <= len(host.requests) <= 12
        host.decide = lambda _view: "00"
        held = b"".join(host.answer(view, "00") for view in host.requests)
        await host.send(held)
        answers = [await terminal.receive() for _ in requests]
        assert {answer["11"] for answer in answers} == {request["11"] for request in requests}


async def test_what_a_slow_reader_did_not_get_is_reversed_and_what_it_got_is_not(world, sale, limits, journal):
    world.listener["limits"] = limits(max_out=4000)
    host = world.hosts["visa"]
    async with world.life() as life:
        terminal = await life.connect(receive_buffer=2048)
        await life.until(lambda: life.switch.status()["connections"] == 1)
        for connection in life.switch._reactor._connections.values():
            if connection.name.startswith("hex"):
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        sent = 0
        while life.switch.status()["connections"]:  # whole answers fill the buffers between the two
            try:
                await terminal.send(*[sale(VISA) for _ in range(10)])
            except trio.BrokenResourceError:
                break
            sent += 10
            # The next ones go when all are answered: closing over unread requests would reset the connection, and the
            # terminal would lose what it has been sent.
            await life.until(
                lambda sent=sent: (
                    not life.switch.status()["connections"]
                    or (len(host.of("1")) >= sent and not life.switch.status()["in_flight"])
                )
            )
        # At once: what the journal is still asked about is queued for the host only when it has answered.
        await life.until(
            lambda: (
                not (life.switch.status()["in_flight"] or life.switch.status()["queued"]["visa"] or life.store.backlog)
            )
        )
        got = {answer["37"] for answer in await terminal.receive_all() if answer["39"] == "00"}
        reversed_ones = {view["37"] for view in host.of("4")}
        approved = {view["37"] for view in host.of("1")}
        assert got and reversed_ones and not got & reversed_ones
        assert got | reversed_ones == approved
        numbers = {row["rrn"]: row["txn_id"] for row in journal()}
        assert DeliveryLog(world.folder / "delivered", boot_id()).known == {numbers[reference] for reference in got}


async def test_an_idle_switch_rests(world):
    async with world.life() as life:
        terminals = [await life.connect() for _ in range(3)]
        await terminals[0].send({**echo(1), "t": "0810"})
        await terminals[1].stream.send_eof()
        await trio.testing.wait_all_tasks_blocked(0.05)
        ticks = []
        life.switch._reactor.tick_end.append(lambda: ticks.append(1))
        await trio.sleep(0.3)
        assert len(ticks) <= 4
