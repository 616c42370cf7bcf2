"""A peer that asks and never reads: it loses its connection, and nobody else notices."""

import socket

import trio

from switch.hsm.server import HsmConfig, serve

ECHO = b"\x1f\x4a0000B21F40" + b"x" * 0x1F40


async def test_a_peer_that_does_not_read_its_replies_is_closed_and_others_are_answered(nursery: trio.Nursery) -> None:
    (address,) = await nursery.start(serve, HsmConfig(port=0, message_timeout=0.1))
    async with await trio.open_tcp_stream(*address) as deaf, await trio.open_tcp_stream(*address) as other:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with trio.fail_after(5):
            closed = False
            while not closed:  # until the buffers between the two are full and the HSM has waited long enough
                try:
                    await deaf.send_all(ECHO)
                except trio.BrokenResourceError:
                    closed = True
                await other.send_all(b"\x00\x0a0001B20000")
                assert await other.receive_some() == b"\x00\x080001B300"
    nursery.cancel_scope.cancel()
