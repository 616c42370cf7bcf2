"""Frames over a stream: whole ones, those in front of a bad one, and what the end of a connection is called."""

import pytest
from trio.testing import memory_stream_pair

from switch.simulator.wire import ConnectionLost, FrameStream


@pytest.fixture
def pair():
    ours, theirs = memory_stream_pair()
    return FrameStream(ours, "len2", max_frame=100), theirs


async def test_frames_arrive_as_they_were_sent(pair):
    stream, peer = pair
    other = FrameStream(peer, "len2")
    await stream.send(b"one")
    await stream.send(b"two")
    assert await other.receive() == [b"one", b"two"]


async def test_good_frames_in_front_of_a_bad_one_are_not_lost(pair):
    stream, peer = pair
    await peer.send_all(b"\0\x03one" + b"\xff\xff")
    assert await stream.receive() == [b"one"]
    for _ in range(2):
        with pytest.raises(ConnectionLost, match="bad frame: frame header announces 65535 bytes"):
            await stream.receive()


async def test_a_bad_frame_alone_is_an_error(pair):
    stream, peer = pair
    await peer.send_all(b"\xff\xff")
    with pytest.raises(ConnectionLost, match="bad frame"):
        await stream.receive()


async def test_the_end_of_the_peer_is_an_empty_list(pair):
    stream, peer = pair
    await peer.aclose()
    assert await stream.receive() == []
    with pytest.raises(ConnectionLost, match="connection lost"):
        await stream.send(b"one")
