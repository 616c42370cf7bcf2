"""What goes out: written once per tick, bounded, and reported exactly when it did not go."""

import os
import socket
import struct

import pytest
import structlog
import trio
from trio.testing import wait_all_tasks_blocked

from switch.link.connection import Limits
from switch.link.reactor import Reactor
from switch.message import make_framer

FRAME = b"a" * 998  # 1000 bytes on the wire


async def _fill(bench, connection, frames):
    """Sends numbered frames and lets the kernel take what it will."""
    for token in range(1, frames + 1):
        assert connection.send(FRAME, token)
    await bench.settle()


async def test_frames_the_kernel_took_only_in_part_are_unsent_and_the_others_are_not(listen, rest_of):
    bench = await listen()
    client, connection = await bench.connect(receive_buffer=4096)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await _fill(bench, connection, 100)
    assert 0 < connection.pending_out < 100_000
    connection.close("enough")
    await bench.handler.until(lambda: bench.handler.closed)
    arrived = len(await rest_of(client))
    # The oracle is what came out at the other end.
    assert bench.handler.closed[0][2] == [token for token in range(1, 101) if token * 1000 > arrived]
    assert 0 < arrived < 100_000
    await client.aclose()


async def test_a_reader_that_resumes_gets_every_byte_in_order_and_nothing_is_reported(listen, rest_of, frame_up):
    bench = await listen()
    client, connection = await bench.connect(receive_buffer=4096)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    frames = [b"%d" % number * 300 for number in range(100)]
    for token, frame in enumerate(frames):
        connection.send(frame, token + 1)
        if token % 10 == 0:
            await bench.settle()
    connection.finish("done")
    assert await rest_of(client) == frame_up(*frames)
    await client.aclose()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.closed[0][1:] == ("done", [])


async def test_a_peer_that_does_not_read_is_closed_at_the_bound_and_its_frames_are_reported(listen):
    bench = await listen(Limits(max_out=10_000))
    client, connection = await bench.connect(receive_buffer=4096)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sent = 0
    while connection.send(FRAME, sent + 1):
        sent += 1
        await bench.settle()
    await bench.handler.until(lambda: bench.handler.closed)
    _, reason, unsent = bench.handler.closed[0]
    assert reason.startswith("peer does not read: ") and reason.endswith(" bytes wait")
    assert unsent == list(range(unsent[0], sent + 1)) and 9 <= len(unsent) <= 11
    await client.aclose()


async def test_a_peer_that_takes_no_byte_for_too_long_is_closed(listen):
    bench = await listen(Limits(write_timeout=10))
    client, connection = await bench.connect(receive_buffer=4096)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await _fill(bench, connection, 50)
    bench.clock.now += 10
    bench.reactor.sweep()
    await bench.settle()
    assert bench.handler.closed == []
    bench.clock.now += 1
    bench.reactor.sweep()
    await bench.handler.until(lambda: bench.handler.closed)
    _, reason, unsent = bench.handler.closed[0]
    assert reason == "peer does not read for 10 s" and 50 in unsent
    await client.aclose()


async def test_output_made_outside_a_tick_leaves_without_waiting_for_the_peer(listen, frame_up):
    bench = await listen()
    client, connection = await bench.connect()
    await bench.settle()
    connection.send(b"a timer's answer")
    with trio.fail_after(5):
        assert await client.receive_some(100) == frame_up(b"a timer's answer")
    await client.aclose()


async def test_a_wake_outside_a_tick_runs_one_tick(listen):
    bench = await listen()
    await bench.settle()
    before = len(bench.ticks)
    bench.reactor.wake()
    bench.reactor.wake()
    await bench.settle()
    assert len(bench.ticks) - before == 2  # tick_end runs before and after the writes of the one tick


async def test_tick_end_runs_after_the_frames_and_before_the_writes(listen, frame_up):
    bench = await listen()
    order = []
    bench.handler.reply = lambda connection, frame: (order.append("frame"), connection.send(frame))
    client, connection = await bench.connect()
    await bench.settle()
    bench.reactor.tick_end.append(lambda: order.append(f"{connection.pending_out} wait"))
    await client.send_all(frame_up(b"abc"))
    with trio.fail_after(5):
        await client.receive_some(100)
    assert order[:3] == ["frame", "5 wait", "0 wait"]
    await client.aclose()


async def test_a_frame_that_the_format_cannot_carry_ends_the_connection_with_a_reason(listen):
    bench = await listen()
    client, connection = await bench.connect()
    assert not connection.send(b"x" * 9000, 7)
    assert not connection.send(b"short")
    await bench.handler.until(lambda: bench.handler.closed)
    reason = "cannot send: frame of 9000 bytes, expected at most 8192"
    assert bench.handler.closed == [(connection, reason, [])]
    await client.aclose()


async def test_nothing_can_be_sent_on_a_connection_that_ends(listen):
    bench = await listen()
    client, connection = await bench.connect()
    connection.finish("done")
    assert not connection.send(b"too late")
    await client.aclose()
    await bench.handler.until(lambda: bench.handler.closed)
    assert not connection.send(b"too late")


async def test_half_close_with_answers_outstanding_delivers_them(listen, frame_up, rest_of):
    bench = await listen()
    bench.handler.on_end = lambda _connection, _reason: None
    client, connection = await bench.connect()
    await client.send_all(frame_up(b"a question"))
    await client.send_eof()
    await bench.handler.until(lambda: bench.handler.ended)
    assert bench.handler.ended == ["closed by peer"] and bench.handler.closed == []
    assert await bench.ticks_while_nothing_happens() <= 2
    connection.send(b"its answer", 1)
    connection.finish("closed by peer")
    assert await rest_of(client) == frame_up(b"its answer")
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.closed == [(connection, "closed by peer", [])]
    await client.aclose()


async def test_an_end_in_mid_frame_is_told_as_such(listen, frame_up):
    bench = await listen()
    client, _ = await bench.connect()
    await client.send_all(frame_up(b"whole") + b"\x00\x05ab")
    await client.aclose()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.frames == [b"whole"]
    assert bench.handler.reasons == ["connection ended in mid-frame"]


def _reset(stream):
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


async def test_a_reset_by_the_peer_ends_the_connection(listen):
    bench = await listen()
    client, _ = await bench.connect()
    _reset(client)
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.reasons == ["connection lost: Connection reset by peer"]


async def test_a_reset_after_a_half_close_ends_the_connection_at_once_and_keeps_nothing_busy(listen):
    bench = await listen()
    bench.handler.on_end = lambda _connection, _reason: None
    client, _ = await bench.connect()
    await client.send_eof()
    await bench.handler.until(lambda: bench.handler.ended)
    _reset(client)
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.ended == ["closed by peer"]  # told once
    assert bench.handler.reasons[0].startswith("connection lost: ")
    assert await bench.ticks_while_nothing_happens() <= 2


async def test_a_reset_of_a_paused_connection_ends_it(listen, frame_up):
    bench = await listen()
    client, connection = await bench.connect()
    bench.reactor.pause(connection, paused=True)
    await client.send_all(frame_up(b"unread"))
    await bench.settle()
    _reset(client)
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.frames == [] and bench.handler.reasons[0].startswith("connection lost: ")


async def test_back_pressure_stops_reading_and_costs_neither_time_nor_processor(listen, frame_up):
    bench = await listen(Limits(idle_timeout=300, frame_timeout=10))
    client, connection = await bench.connect()
    await client.send_all(frame_up(b"one") + b"\x00\x05hal")
    await bench.handler.until(lambda: bench.handler.frames)
    bench.reactor.pause(connection, paused=True)
    await bench.settle()
    await client.send_all(b"ve" + frame_up(b"two"))
    assert await bench.ticks_while_nothing_happens() <= 2
    bench.clock.now += 1000
    bench.reactor.sweep()
    await bench.settle()
    assert bench.handler.frames == [b"one"] and bench.handler.closed == []
    bench.reactor.pause(connection, paused=False)
    bench.reactor.sweep()
    await bench.handler.until(lambda: len(bench.handler.frames) == 3)
    await bench.settle()
    assert bench.handler.frames == [b"one", b"halve", b"two"] and bench.handler.closed == []
    await client.aclose()


async def test_a_blocked_peer_that_has_closed_its_side_does_not_keep_the_loop_busy(listen, rest_of):
    bench = await listen()
    client, connection = await bench.connect(receive_buffer=4096)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await _fill(bench, connection, 100)
    await client.send_eof()
    await bench.handler.until(lambda: bench.handler.ended)  # the handler answers with `finish`
    assert await bench.ticks_while_nothing_happens() <= 2
    assert len(await rest_of(client)) == 100_000
    await client.aclose()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.closed == [(connection, "closed by peer", [])]


async def test_a_blocked_socket_does_not_keep_the_loop_busy(listen):
    bench = await listen()
    client, connection = await bench.connect(receive_buffer=4096)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await _fill(bench, connection, 100)
    assert connection.pending_out
    assert await bench.ticks_while_nothing_happens() <= 2
    await client.aclose()


async def test_an_idle_reactor_rests(listen):
    bench = await listen()
    clients = [await bench.connect() for _ in range(5)]
    assert await bench.ticks_while_nothing_happens() == 0
    for client, _ in clients:
        await client.aclose()


async def test_more_output_for_a_blocked_peer_does_not_try_the_socket_again(listen):
    """A slow reader must not cost a system call and a copy of everything that waits for each answer."""
    bench = await listen()
    client, connection = await bench.connect(receive_buffer=4096)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await _fill(bench, connection, 100)
    attempts = []
    real = connection.write
    connection.write = lambda now: (attempts.append(1), real(now))
    for _ in range(20):
        connection.send(FRAME)
        await bench.settle()
    assert len(attempts) <= 2
    await client.aclose()


async def test_finish_lets_the_peer_read_its_answers_although_it_sent_more_than_was_read(listen, frame_up, rest_of):
    """Closing over unread bytes resets a connection, and a reset throws away what the peer has not read yet."""
    bench = await listen(Limits(read_per_tick=100))

    def reply(connection, frame):
        connection.send(b"x" * 5000)
        connection.finish("one answer only")

    bench.handler.reply = reply
    client, _ = await bench.connect()
    await client.send_all(frame_up(b"question") + b"z" * 50_000)
    await bench.settle()
    assert await rest_of(client) == frame_up(b"x" * 5000)
    await client.aclose()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.reasons == ["one answer only"] and bench.handler.frames == [b"question"]


@pytest.mark.parametrize("talks", [False, True], ids=["silent", "talking"])
async def test_a_peer_that_ignores_our_end_is_closed_after_the_lingering_time(listen, frame_up, rest_of, talks):
    bench = await listen(Limits(linger_timeout=1))
    client, connection = await bench.connect()
    connection.finish("done")
    await rest_of(client)
    bench.clock.now += 1
    if talks:
        await client.send_all(frame_up(b"hello?"))
    bench.reactor.sweep()
    await bench.settle()
    assert bench.handler.closed == []
    bench.clock.now += 0.1
    bench.reactor.sweep()
    await bench.handler.until(lambda: bench.handler.closed)
    assert bench.handler.reasons == ["done"] and bench.handler.frames == []
    await client.aclose()


async def test_a_connection_with_tokens_in_this_tick_can_be_kept_from_writing(listen, frame_up):
    bench = await listen()

    def reply(connection, frame):
        connection.send(frame, 5 if frame == b"marked" else None)

    bench.handler.reply = reply
    marked, _ = await bench.connect()
    plain, _ = await bench.connect()
    await bench.settle()
    bench.reactor.tick_end.insert(0, lambda: bench.reactor.close_unsent("cannot be marked"))
    await marked.send_all(frame_up(b"marked"))
    await plain.send_all(frame_up(b"plain"))
    with trio.fail_after(5):
        assert await plain.receive_some(100) == frame_up(b"plain")
        assert await marked.receive_some(100) == b""
    assert bench.handler.closed == [(bench.handler.opened[0], "cannot be marked", [5])]
    await marked.aclose()
    await plain.aclose()


async def test_one_flooding_connection_does_not_keep_another_waiting(listen, frame_up):
    """Each gets a bounded read per tick, so the other's answer comes after at most a few of the flood's frames."""
    bench = await listen(Limits(read_per_tick=1000))
    bench.handler.reply = lambda connection, frame: connection.send(frame) if frame == b"polite" else None
    flood, flooder = await bench.connect()
    polite, _ = await bench.connect()
    bench.reactor.pause(flooder, paused=True)
    await bench.settle()
    await flood.send_all(frame_up(*[b"x" * 98] * 1000))
    await polite.send_all(frame_up(b"polite"))
    bench.reactor.pause(flooder, paused=False)
    await bench.handler.until(lambda: b"polite" in bench.handler.frames)
    assert bench.handler.frames.index(b"polite") <= 30
    await flood.aclose()
    await polite.aclose()


async def test_the_end_of_the_reactor_closes_every_connection_and_reports_what_was_not_sent(recorder, new_clock):
    owner = recorder
    reactor = Reactor(new_clock())
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        peer, _ = listener.accept()
        peer.setblocking(False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reactor.run)
            connection = reactor.add(peer, "peer", make_framer("len2"), owner, Limits())
            await wait_all_tasks_blocked()
            connection.send(b"gathered, never written", 7)
            nursery.cancel_scope.cancel()
    assert owner.closed == [(connection, "switch stopped", [7])] and len(reactor) == 0
    reactor.close()
    reactor.close()
    reactor.wake()  # what still ends after the reactor may wake it in vain


async def test_with_strict_an_error_in_a_callback_is_raised(reactor, new_clock):
    strict = Reactor(new_clock(), strict=True)
    with pytest.raises(ZeroDivisionError):
        strict.guard(lambda: 1 // 0)
    strict.close()
    assert not reactor.guard(lambda: 1 // 0) and reactor.guard(lambda: None)


async def test_a_watched_descriptor_that_fails_is_logged_and_the_others_go_on(listen, frame_up):
    bench = await listen()
    event = os.eventfd(0, os.EFD_NONBLOCK)

    def broken():
        os.eventfd_read(event)
        raise RuntimeError("a fault in the owner")

    bench.reactor.watch(event, broken)
    with structlog.testing.capture_logs() as logs:
        os.eventfd_write(event, 1)
        await bench.settle()
    assert [line["event"] for line in logs] == ["callback failed"]
    bench.reactor.unwatch(event)
    bench.reactor.unwatch(event)
    os.close(event)
    bench.handler.reply = lambda connection, frame: connection.send(frame)
    client, _ = await bench.connect()
    await client.send_all(frame_up(b"alive"))
    with trio.fail_after(5):
        assert await client.receive_some(100) == frame_up(b"alive")
    await client.aclose()
