"""Listening: taken and impossible addresses, the limit of connections, a process without file descriptors."""

import os
import resource
import socket

import pytest
import structlog
import trio
import trio.testing

from switch.link import listener
from switch.link.connection import Limits
from switch.link.listener import accept
from switch.link.network import AddressError, bind
from switch.message import make_framer


def test_a_taken_port_is_named_in_one_line():
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressError) as caught:
            bind("127.0.0.1", port)
    assert str(caught.value) == f"cannot listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("127.0.0.1", 70000, "port must be 0-65535"),
        ("192.0.2.1", 0, "Cannot assign requested address"),
        ("no such host", 0, "Name or service not known"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_its_reason(host, port, reason):
    with pytest.raises(AddressError, match=rf"^cannot listen on {host}:{port}: .*{reason}"):
        bind(host, port)


def test_a_port_can_be_listened_on_again_while_old_connections_linger():
    with bind("127.0.0.1", 0) as first:
        address = first.getsockname()
        client = socket.create_connection(address)
        first.setblocking(True)
        served, _ = first.accept()
    served.close()  # this side closes first, so the port is left in TIME_WAIT
    client.close()
    bind(*address).close()


def test_ipv6_addresses_are_listened_on():
    with bind("::1", 0) as sock:
        assert sock.family == socket.AF_INET6


async def test_past_the_limit_a_newcomer_is_closed_at_once_and_a_place_is_free_again_after_an_end(listen, frame_up):
    bench = await listen(Limits(max_connections=2))
    bench.handler.reply = lambda connection, frame: connection.send(frame)
    first, _ = await bench.connect()
    second, _ = await bench.connect()
    with structlog.testing.capture_logs() as logs, trio.fail_after(5):
        refused = await trio.open_tcp_stream(*bench.address)
        assert await refused.receive_some(10) == b""
    assert len(bench.handler.opened) == 2
    assert [(line["event"], line["reason"]) for line in logs] == [("refused", "2 connections open")]
    await first.aclose()
    await bench.handler.until(lambda: bench.handler.closed)
    third, _ = await bench.connect()
    await third.send_all(frame_up(b"in"))
    with trio.fail_after(5):
        assert await third.receive_some(10) == frame_up(b"in")
    for stream in (refused, second, third):
        await stream.aclose()


async def test_without_file_descriptors_accepting_pauses_and_goes_on_when_there_are_some(listen, monkeypatch):
    monkeypatch.setattr(listener, "_EXHAUSTED_PAUSE", 0.01)
    bench = await listen()
    client = trio.socket.socket()
    lowest_free = os.dup(0)
    os.close(lowest_free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with structlog.testing.capture_logs() as logs, trio.fail_after(5):
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
        try:
            await client.connect(bench.address)
            while not logs:
                await trio.testing.wait_all_tasks_blocked(0.001)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await bench.handler.until(lambda: bench.handler.opened)
    assert {(line["event"], line["reason"]) for line in logs} == {("cannot accept", "Too many open files")}
    client.close()


async def test_a_connection_is_named_after_its_listener_and_its_peer(listen):
    bench = await listen()
    client, connection = await bench.connect()
    assert connection.name == f"test 127.0.0.1:{client.socket.getsockname()[1]}"
    assert repr(connection) == f"<Connection {connection.name} open>"
    await client.aclose()


async def test_when_accepting_ends_the_port_is_free_and_open_connections_live_on(reactor, recorder, frame_up):
    sock = bind("127.0.0.1", 0)
    address = sock.getsockname()
    recorder.reply = lambda connection, frame: connection.send(frame)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_accept, reactor, sock, recorder)
        client = await trio.open_tcp_stream(*address)
        await recorder.until(lambda: recorder.opened)
        nursery.cancel_scope.cancel()
    with pytest.raises(OSError, match="failed"):
        await trio.open_tcp_stream(*address)
    await client.send_all(frame_up(b"still here"))
    with trio.fail_after(5):
        assert await client.receive_some(100) == frame_up(b"still here")
    await client.aclose()


async def _accept(reactor, sock, recorder):
    await accept(
        reactor,
        sock,
        name="test",
        make_framer=lambda: make_framer("len2"),
        handler=recorder,
        on_open=recorder.on_open,
        limits=Limits(),
    )
