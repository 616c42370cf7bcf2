"""The HSM over real sockets: framing, pipelining, abuse, limits and what it logs."""

import socket
import struct
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog
import trio
from structlog.testing import capture_logs

from switch.hsm.conversation import HostConversation
from switch.hsm.server import HsmConfig, HsmConfigError, serve
from switch.hsm.statistics import HsmStatistics

Address = tuple[str, int]


def framed(header: bytes, command: bytes) -> bytes:
    return (len(header) + len(command)).to_bytes(2, "big") + header + command


async def receive(stream: trio.SocketStream, size: int) -> bytes:
    """Exactly `size` bytes, or what came before the end."""
    data = b""
    with trio.fail_after(10):
        while len(data) < size:
            piece = await stream.receive_some(size - len(data))
            if not piece:
                break
            data += piece
    return data


async def ended(stream: trio.SocketStream) -> bool:
    """Whether the peer closes without another byte."""
    with trio.fail_after(10):
        try:
            return await stream.receive_some() == b""
        except trio.BrokenResourceError:
            return True


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as found:
        yield found
    structlog.reset_defaults()


async def test_a_command_is_answered_under_its_own_header(address: Address, bench: Any) -> None:
    async with await trio.open_tcp_stream(*address) as stream:
        for header in (b"0000", b"ABCD", b"\x00\xff\x19%"):
            await stream.send_all(framed(header, b"NC"))
            expected = framed(header, bench.ask("NC").encode())
            assert await receive(stream, len(expected)) == expected


async def test_a_header_of_another_length_is_configuration(nursery: trio.Nursery) -> None:
    for width in (0, 2, 12):
        (address,) = await nursery.start(serve, HsmConfig(port=0, header_length=width))
        async with await trio.open_tcp_stream(*address) as stream:
            await stream.send_all(framed(b"H" * width, b"B20002OK"))
            expected = framed(b"H" * width, b"B300OK")
            assert await receive(stream, len(expected)) == expected
    nursery.cancel_scope.cancel()


async def test_two_commands_cut_at_every_byte_get_their_two_replies(address: Address, bench: Any) -> None:
    commands = framed(b"0001", bench.commands()["EC"].encode()) + framed(b"0002", b"B20003abc")
    expected = framed(b"0001", b"ED00") + framed(b"0002", b"B300abc")
    async with await trio.open_tcp_stream(*address) as stream:
        for cut in range(len(commands) + 1):
            await stream.send_all(commands[:cut])
            await trio.lowlevel.checkpoint()
            await stream.send_all(commands[cut:])
            assert await receive(stream, len(expected)) == expected, cut


async def test_a_command_byte_by_byte_is_answered(address: Address) -> None:
    async with await trio.open_tcp_stream(*address) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in framed(b"0001", b"B20003abc"):
            await stream.send_all(bytes((byte,)))
            await trio.lowlevel.checkpoint()
        assert await receive(stream, 13) == framed(b"0001", b"B300abc")


async def test_200_commands_in_flight_are_each_answered_once(address: Address, bench: Any) -> None:
    headers = [b"%04d" % number for number in range(200)]
    good, bad = bench.commands()["DC"].encode(), bench.commands()["DC"].encode()[:-1]
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(b"".join(framed(h, bad if i % 3 == 0 else good) for i, h in enumerate(headers)))
        replies = await receive(stream, 200 * 10)
    found = {replies[at + 2 : at + 6]: replies[at + 6 : at + 10] for at in range(0, len(replies), 10)}
    assert found == {h: b"DD15" if i % 3 == 0 else b"DD00" for i, h in enumerate(headers)}


async def test_a_bad_command_does_not_hurt_the_next(address: Address) -> None:
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(framed(b"0001", b"\xff\xfe\x00") + framed(b"0002", b"CA") + framed(b"0003", b"B20000"))
        expected = framed(b"0001", b"\xff\xff68") + framed(b"0002", b"CB15") + framed(b"0003", b"B300")
        assert await receive(stream, len(expected)) == expected


@pytest.mark.parametrize("length", [0, 1, 3, 8193, 0xFFFF])
async def test_a_length_out_of_bounds_closes_that_connection_after_the_replies_before_it(
    length: int, address: Address
) -> None:
    async with await trio.open_tcp_stream(*address) as other, await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(framed(b"0001", b"B20000") + struct.pack(">H", length) + b"abc")
        assert await receive(stream, 10) == framed(b"0001", b"B300")
        assert await ended(stream)
        await other.send_all(framed(b"0002", b"B20000"))
        assert await receive(other, 10) == framed(b"0002", b"B300")


async def test_a_header_without_a_command_code_is_answered_68_and_hurts_nothing(address: Address) -> None:
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(framed(b"0001", b"") + framed(b"0002", b"N") + framed(b"0003", b"B20000"))
        expected = framed(b"0001", b"ZZ68") + framed(b"0002", b"ZZ68") + framed(b"0003", b"B300")
        assert await receive(stream, len(expected)) == expected


def test_a_reply_that_two_bytes_cannot_count_is_error_80(bench: Any) -> None:
    statistics = HsmStatistics()
    conversation = HostConversation(bench.hsm.handle, 4, 0xFFFF, statistics)
    command = f"M0010100A{bench.key('00A')}{'0' * 16}7FF8".encode() + bytes(0x7FF8)
    conversation.feed(framed(b"0001", command) + framed(b"0002", b"B20000"))
    assert conversation.answer(9)[0] == framed(b"0001", b"M180") + framed(b"0002", b"B300")


async def test_the_longest_message_allowed_is_answered(address: Address) -> None:
    data = b"x" * (8192 - 4 - 6)
    message = framed(b"0001", b"B2%04X" % len(data) + data)
    assert len(message) == 2 + 8192
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(message)
        assert await receive(stream, 10 + len(data)) == framed(b"0001", b"B300" + data)


async def test_silence_inside_a_message_closes_and_silence_between_messages_does_not(nursery: trio.Nursery) -> None:
    (address,) = await nursery.start(serve, HsmConfig(port=0, message_timeout=0.1))
    async with await trio.open_tcp_stream(*address) as quiet, await trio.open_tcp_stream(*address) as stream:
        await quiet.send_all(framed(b"0001", b"B20000"))
        assert await receive(quiet, 10) == framed(b"0001", b"B300")
        await stream.send_all(framed(b"0001", b"B20000")[:5])
        assert await ended(stream)
        await quiet.send_all(framed(b"0002", b"B20000"))
        assert await receive(quiet, 10) == framed(b"0002", b"B300")
    nursery.cancel_scope.cancel()


async def test_a_connection_over_the_limit_is_closed_and_a_place_freed_is_used_again(address: Address) -> None:
    streams = [await trio.open_tcp_stream(*address) for _ in range(4)]
    for stream in streams:
        await stream.send_all(framed(b"0001", b"B20000"))
        assert await receive(stream, 10)
    async with await trio.open_tcp_stream(*address) as fifth:
        assert await ended(fifth)
    await streams[0].send_eof()
    assert await ended(streams[0])
    async with await trio.open_tcp_stream(*address) as again:
        await again.send_all(framed(b"0001", b"B20000"))
        assert await receive(again, 10) == framed(b"0001", b"B300")
    for stream in streams:
        await stream.aclose()


async def test_peers_that_reset_at_any_moment_do_not_end_the_hsm(address: Address) -> None:
    reset = struct.pack("ii", 1, 0)
    for sent in (b"", b"\x00", framed(b"0001", b"NC"), framed(b"0001", b"NC") * 50):
        for _ in range(10):
            peer = socket.create_connection(address)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            peer.sendall(sent)
            peer.close()
            await trio.lowlevel.checkpoint()
    with trio.fail_after(10):
        while True:  # places of the reset peers free one by one
            async with await trio.open_tcp_stream(*address) as stream:
                await stream.send_all(framed(b"0002", b"B20000"))
                if await receive(stream, 10) == framed(b"0002", b"B300"):
                    return


async def test_a_production_hsm_refuses_the_public_test_lmk() -> None:
    with trio.fail_after(10), pytest.raises(HsmConfigError, match="test LMK"):
        await serve(HsmConfig(port=0, production=True))


async def test_pci_key_types_are_configuration(nursery: trio.Nursery, bench: Any) -> None:
    (address,) = await nursery.start(serve, HsmConfig(port=0, pci_key_types=True))
    tail = f"{bench.key('001')}12{{}}0101{bench.account}"
    async with await trio.open_tcp_stream(*address) as stream:
        for key_type, error in (("70D", b"CB00"), ("002", b"CB10")):
            command = f"CA{bench.key(key_type)}{tail.format(bench.block(key_type))}"
            await stream.send_all(framed(b"0001", command.encode()))
            size = int.from_bytes(await receive(stream, 2), "big")
            assert (await receive(stream, size))[4:8] == error
    nursery.cancel_scope.cancel()


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="authorized"):
        msgspec.convert({"authorized": True}, HsmConfig)


async def test_a_taken_port_is_an_error_before_anything_is_served(address: Address, nursery: trio.Nursery) -> None:
    with trio.fail_after(10), pytest.raises(OSError, match="in use"):
        await serve(HsmConfig(port=address[1]))


async def test_the_log_tells_of_connections_and_never_of_commands(
    lines: list[Any], nursery: trio.Nursery, bench: Any
) -> None:
    (address,) = await nursery.start(serve, HsmConfig(port=0))
    commands = bench.commands()
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(b"".join(framed(b"0001", c.encode()) for c in commands.values()))
        await stream.send_all(b"\x00\x00" + bench.key("001").encode())
        with trio.fail_after(10):
            while await stream.receive_some():
                pass
    with trio.fail_after(10):
        while not any(line["event"] == "disconnected" for line in lines):
            await trio.lowlevel.checkpoint()
    nursery.cancel_scope.cancel()
    assert [line["event"] for line in lines] == ["listening", "connected", "authorised command", "disconnected"]
    assert lines[2] | {"allowed": False, "command": "BA", "lmk": "00"} == lines[2]
    assert "message of 0 bytes" in lines[-1]["reason"]
    text = repr(lines)
    secrets = [bench.key(t)[1:] for t in ("001", "002", "402", "00B")] + [bench.block("001"), bench.account]
    assert not [secret for secret in secrets if secret in text]
