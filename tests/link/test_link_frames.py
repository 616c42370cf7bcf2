"""Frames as they arrive on real sockets: cut anywhere, many at once, too long, never finished."""

import pytest
import structlog
import trio

from switch.link.connection import Limits


@pytest.mark.parametrize("framing", ["len2", "visa4", "ascii4"])
async def test_a_frame_cut_at_every_byte_arrives_once_and_whole(listen, framing):
    bench = await listen(framing=framing)
    frame = b"0123456789"
    header = {"len2": b"\x00\x0a", "visa4": b"\x00\x0a\x00\x00", "ascii4": b"0010"}[framing]
    whole = header + frame
    client, _ = await bench.connect()
    for cut in range(1, len(whole)):
        bench.handler.frames.clear()
        await client.send_all(whole[:cut])
        await bench.settle()
        assert bench.handler.frames == []
        await client.send_all(whole[cut:])
        await bench.handler.until(lambda: bench.handler.frames)
        assert bench.handler.frames == [frame]
    await client.aclose()


async def test_a_frame_may_come_byte_by_byte(listen, frame_up):
    bench = await listen()
    client, _ = await bench.connect()
    for byte in frame_up(b"abc", b"defg"):
        await client.send_all(bytes((byte,)))
        await bench.settle()
    assert bench.handler.frames == [b"abc", b"defg"]
    await client.aclose()


async def test_two_hundred_frames_in_one_segment_arrive_in_order(listen, frame_up, rest_of):
    bench = await listen()
    bench.handler.reply = lambda connection, frame: connection.send(frame.upper())
    client, _ = await bench.connect()
    frames = [b"frame %d" % number for number in range(200)]
    await client.send_all(frame_up(*frames))
    await client.send_eof()
    assert await rest_of(client) == frame_up(*(frame.upper() for frame in frames))
    assert bench.handler.frames == frames
    await client.aclose()


async def test_answers_of_one_tick_leave_in_one_write(listen, frame_up):
    bench = await listen()
    bench.handler.reply = lambda connection, frame: connection.send(frame)
    client, _ = await bench.connect()
    await client.send_all(frame_up(*[b"x" * 10] * 50))
    with trio.fail_after(5):
        received = await client.receive_some(65536)
    assert len(received) == 50 * 12
    await client.aclose()


async def test_good_frames_before_an_over_long_one_are_answered_and_the_reason_names_the_length(
    listen, frame_up, rest_of
):
    bench = await listen(Limits(max_frame=100))
    bench.handler.reply = lambda connection, frame: connection.send(frame.upper())
    client, _ = await bench.connect()
    await client.send_all(frame_up(b"one", b"two") + b"\x00\x65" + b"x" * 101 + frame_up(b"three"))
    assert await rest_of(client) == frame_up(b"ONE", b"TWO")
    await client.aclose()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.frames == [b"one", b"two"]
    assert bench.handler.reasons == ["bad frame: frame header announces 101 bytes, expected at most 100 bytes"]


async def test_a_frame_of_exactly_the_limit_is_taken(listen, frame_up):
    bench = await listen(Limits(max_frame=100))
    client, _ = await bench.connect()
    await client.send_all(frame_up(b"x" * 100))
    await bench.handler.until(lambda: bench.handler.frames)
    assert bench.handler.frames == [b"x" * 100]
    await client.aclose()


async def test_answers_to_good_frames_survive_even_when_they_come_after_the_bad_one(listen, frame_up, rest_of):
    bench = await listen(Limits(max_frame=100))
    bench.handler.on_end = lambda _connection, _reason: None
    client, connection = await bench.connect()
    await client.send_all(frame_up(b"one") + b"\xff\xff" + b"z" * 5000)
    await bench.handler.until(lambda: bench.handler.ended)
    assert connection.send(b"late answer")
    connection.finish(bench.handler.ended[0])
    assert await rest_of(client) == frame_up(b"late answer")
    await client.aclose()


async def test_a_frame_longer_than_one_read_arrives_whole(listen, frame_up):
    bench = await listen(Limits(max_frame=60000, read_per_tick=1000))
    client, _ = await bench.connect()
    await client.send_all(frame_up(b"y" * 60000))
    await bench.handler.until(lambda: bench.handler.frames)
    assert bench.handler.frames == [b"y" * 60000]
    await client.aclose()


async def test_silence_in_mid_frame_ends_the_connection_when_the_limit_has_passed_and_not_before(listen):
    bench = await listen(Limits(frame_timeout=10))
    client, _ = await bench.connect()
    await client.send_all(b"\x00\x0aabc")
    await bench.settle()
    bench.clock.now += 10
    bench.reactor.sweep()
    await bench.settle()
    assert bench.handler.closed == []
    bench.clock.now += 0.1
    bench.reactor.sweep()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.reasons == ["frame unfinished for 10 s"]
    await client.aclose()


async def test_a_frame_that_trickles_in_has_no_more_time_than_one_that_stops(listen):
    bench = await listen(Limits(frame_timeout=10))
    client, _ = await bench.connect()
    for _ in range(4):
        await client.send_all(b"\x0a")
        await bench.settle()
        bench.clock.now += 3
        bench.reactor.sweep()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.reasons == ["frame unfinished for 10 s"]
    await client.aclose()


async def test_the_time_for_a_frame_begins_anew_with_each_frame(listen, frame_up):
    bench = await listen(Limits(frame_timeout=10))
    client, _ = await bench.connect()
    await client.send_all(b"\x00\x03ab")
    for _ in range(5):
        await bench.settle()
        bench.clock.now += 8
        await client.send_all(b"c\x00\x03ab")
    await bench.settle()
    bench.reactor.sweep()
    await bench.settle()
    assert bench.handler.frames == [b"abc"] * 5 and bench.handler.closed == []
    await client.aclose()


async def test_a_connection_that_says_nothing_is_closed_as_idle(listen, frame_up):
    bench = await listen(Limits(idle_timeout=300, frame_timeout=0))
    quiet, _ = await bench.connect()
    talker, _ = await bench.connect()
    bench.clock.now += 200
    await talker.send_all(frame_up(b"here"))
    await bench.settle()
    bench.clock.now += 101
    bench.reactor.sweep()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.closed == [(bench.handler.opened[0], "idle for 300 s", [])]
    await quiet.aclose()
    await talker.aclose()


async def test_no_limit_of_time_means_no_end(listen):
    bench = await listen(Limits(idle_timeout=0, frame_timeout=0))
    client, _ = await bench.connect()
    await client.send_all(b"\x00\x0aabc")
    await bench.settle()
    bench.clock.now += 1e6
    bench.reactor.sweep()
    await bench.settle()
    assert bench.handler.closed == []
    await client.aclose()


async def test_keep_alives_of_length_zero_are_no_frames_and_no_silence(listen):
    bench = await listen(Limits(idle_timeout=300))
    client, _ = await bench.connect()
    bench.clock.now += 299
    await client.send_all(b"\x00\x00")
    await bench.settle()
    bench.clock.now += 299
    bench.reactor.sweep()
    await bench.settle()
    assert bench.handler.frames == [] and bench.handler.closed == []
    await client.aclose()


async def test_a_handler_that_raises_hurts_only_its_connection(listen, frame_up):
    bench = await listen()

    def reply(connection, frame):
        if frame == b"boom":
            raise RuntimeError("a fault in the owner")
        connection.send(frame)

    bench.handler.reply = reply
    bad, _ = await bench.connect()
    good, _ = await bench.connect()
    with structlog.testing.capture_logs() as logs:
        await bad.send_all(frame_up(b"boom", b"never"))
        await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.closed == [(bench.handler.opened[0], "internal error", [])]
    assert [line["event"] for line in logs] == ["handler failed"] and logs[0]["exc_info"]
    await good.send_all(frame_up(b"still here"))
    with trio.fail_after(5):
        assert await good.receive_some(100) == frame_up(b"still here")
    assert b"never" not in bench.handler.frames
    await good.aclose()
    await bad.aclose()


@pytest.mark.parametrize("end", ["close", "finish", "end_input"])
async def test_after_the_owner_has_had_enough_no_frame_of_the_same_segment_is_passed_on(listen, frame_up, end):
    bench = await listen()
    bench.handler.reply = lambda connection, _frame: getattr(connection, end)("enough")
    client, _ = await bench.connect()
    await client.send_all(frame_up(b"first", b"second", b"third"))
    await bench.settle()
    assert bench.handler.frames == [b"first"]
    await client.aclose()


async def test_an_owner_that_raises_at_the_end_of_a_connection_hurts_nobody(listen, frame_up):
    bench = await listen()
    bench.handler.reply = lambda connection, frame: connection.send(frame)
    bad, connection = await bench.connect()
    good, _ = await bench.connect()
    real = bench.handler.on_close

    def on_close(*arguments):
        real(*arguments)
        raise RuntimeError("a fault in the owner")

    bench.handler.on_close = on_close
    with structlog.testing.capture_logs() as logs:
        connection.close("enough")
        await bench.handler.until(lambda: bench.handler.closed)
    assert [line["event"] for line in logs] == ["callback failed"]
    await good.send_all(frame_up(b"still here"))
    with trio.fail_after(5):
        assert await good.receive_some(100) == frame_up(b"still here")
    await good.aclose()
    await bad.aclose()
