"""Dialling: back-off while nobody is there, a connection again after each end, and never one to itself."""

import socket
from itertools import pairwise

import pytest
import structlog
import trio
import trio.testing

from switch.link import dialer, network
from switch.link.connection import Limits
from switch.link.dialer import Backoff, dial
from switch.link.network import connect
from switch.message import make_framer


class Calls:
    """What the dialler's owner is told."""

    def __init__(self):
        self.up, self.down, self.frames = [], [], []


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def start(reactor, nursery, calls):
    """Begins to dial a port."""

    def begin(port, backoff=None, limits=None):
        async def run():
            await dial(
                reactor,
                "127.0.0.1",
                port,
                name="host",
                make_framer=lambda: make_framer("len2", (limits or Limits()).max_frame),
                on_frame=lambda _connection, frame: calls.frames.append(frame),
                on_up=calls.up.append,
                on_down=calls.down.append,
                limits=limits or Limits(),
                backoff=backoff or Backoff(first=0.01, longest=0.02),
            )

        nursery.start_soon(run)

    return begin


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@pytest.fixture
async def server():
    """A listening socket of trio's."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    yield listener
    await listener.aclose()


async def test_frames_pass_both_ways_and_the_end_is_told_with_its_reason(server, start, calls, frame_up):
    start(server.socket.getsockname()[1])
    with trio.fail_after(5):
        stream = await server.accept()
        await stream.send_all(frame_up(b"hello", b"again"))
        while len(calls.frames) < 2:
            await trio.testing.wait_all_tasks_blocked(0.01)
        calls.up[0].send(b"answer")
        assert await stream.receive_some(100) == frame_up(b"answer")
        await stream.aclose()
        again = await server.accept()
    assert calls.frames == [b"hello", b"again"] and calls.down == ["closed by peer"] and calls.up[0].closed
    await again.aclose()


async def test_a_peer_that_appears_later_is_found_and_the_failure_is_logged_once(start, calls):
    port = _free_port()
    with structlog.testing.capture_logs() as logs:
        start(port, Backoff(first=0.001, longest=0.005))
        await trio.sleep(0.05)
        listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
        with trio.fail_after(5):
            stream = await listeners[0].accept()
            while not calls.up:
                await trio.testing.wait_all_tasks_blocked(0.001)
    complaints = [line for line in logs if line["event"] == "cannot connect"]
    assert [(line["peer"], line["reason"]) for line in complaints] == [(f"127.0.0.1:{port}", "Connection refused")]
    await stream.aclose()
    await listeners[0].aclose()


async def test_pauses_double_up_to_the_longest(start, monkeypatch, autojump_clock):
    attempts = []

    async def refuse(*_arguments):
        attempts.append(trio.current_time())
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(network, "connect", refuse)
    start(1, Backoff(first=0.5, longest=3.0))
    await trio.sleep(14)
    pauses = [round(later - earlier, 6) for earlier, later in pairwise(attempts)]
    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]


async def test_a_peer_that_accepts_and_drops_at_once_is_not_hammered(server, start, calls):
    start(server.socket.getsockname()[1], Backoff(first=0.01, longest=10.0))
    times = []
    with trio.fail_after(5):
        for _ in range(5):
            stream = await server.accept()
            times.append(trio.current_time())
            await stream.aclose()
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[-1] > 0.15  # 0.02, 0.04, 0.08, 0.16
    assert calls.down[:3] == ["closed by peer"] * 3


async def test_a_bad_frame_from_the_peer_ends_the_connection_after_its_good_ones(server, start, calls, frame_up):
    start(server.socket.getsockname()[1], limits=Limits(max_frame=10))
    with trio.fail_after(5):
        stream = await server.accept()
        await stream.send_all(frame_up(b"good") + b"\x00\x0b")
        assert await stream.receive_some(10) == b""
        while not calls.down:
            await trio.testing.wait_all_tasks_blocked(0.001)
    assert calls.frames == [b"good"]
    assert calls.down == ["bad frame: frame header announces 11 bytes, expected at most 10 bytes"]
    await stream.aclose()


async def test_an_attempt_that_gets_no_answer_ends_after_its_time():
    """A full backlog: the handshake is neither finished nor refused."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        filling = [socket.socket() for _ in range(4)]
        for other in filling:
            other.setblocking(False)
            other.connect_ex(sock.getsockname())
        with pytest.raises(TimeoutError, match=r"no connection within 0\.05 s"):
            await connect(*sock.getsockname(), 0.05)
        for other in filling:
            other.close()


async def test_a_port_where_nobody_listens_is_refused():
    with pytest.raises(OSError, match="Connection refused"):
        await connect("127.0.0.1", _free_port(), 1)


async def test_a_name_that_does_not_resolve_is_an_error_like_any_other():
    with pytest.raises(OSError, match=r"not known|resolution"):
        await connect("no-such-host.invalid", 1, 1)


async def test_a_connection_to_itself_counts_as_refused(monkeypatch):
    """Linux gives a dialler of an unused ephemeral port that very port as its own, sooner or later."""
    real = socket.socket

    class Bound(real):
        def connect_ex(self, address):
            self.bind(address)
            return super().connect_ex(address)

    monkeypatch.setattr(dialer.socket, "socket", Bound)
    with pytest.raises(OSError, match="Connection refused"):
        await connect("127.0.0.1", _free_port(), 1)


async def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer(server, monkeypatch):
    """localhost is ::1 first on many machines, and a server may listen on 127.0.0.1 only."""
    port = server.socket.getsockname()[1]

    async def both(_host, port, **_):
        kind = socket.SOCK_STREAM
        return [
            (socket.AF_INET6, kind, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, kind, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(trio.socket, "getaddrinfo", both)
    with await connect("localhost", port, 1) as sock:
        assert sock.getpeername() == ("127.0.0.1", port)


class _Nobody(network.TcpNetwork):
    """Notes when it was dialled, and fails."""

    def __init__(self, enough):
        self.dialled, self.enough = [], enough

    async def connect(self, _host, _port, _timeout):
        self.dialled.append(trio.current_time())
        if len(self.dialled) == self.enough:
            await trio.sleep_forever()
        raise ConnectionRefusedError("refused")


@pytest.mark.parametrize(
    ("chance", "pauses"), [(1.0, [1, 2, 4, 8, 8]), (0.0, [0.5] * 5), (0.5, [0.75, 1.25, 2.25, 4.25, 4.25])]
)
async def test_pauses_double_and_chance_spreads_them_between_half_the_first_and_the_full_one(
    autojump_clock, chance, pauses
):
    nobody = _Nobody(len(pauses) + 1)
    with trio.move_on_after(1000):
        await dial(
            None,
            "host",
            1,
            name="host",
            make_framer=None,
            on_frame=None,
            on_up=None,
            on_down=None,
            limits=Limits(),
            backoff=Backoff(first=1, longest=8),
            network=nobody,
            chance=lambda: chance,
        )
    assert [later - earlier for earlier, later in pairwise(nobody.dialled)] == pytest.approx(pauses)
