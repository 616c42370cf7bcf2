"""The HSM in this process: the bytes of the wire without the wire."""

from typing import Any

import msgspec
import pytest
import trio
from structlog.testing import capture_logs

from switch.hsm import requests
from switch.hsm.client import HsmClient
from switch.hsm.commands import HostCommands
from switch.hsm.conversation import HostConversation
from switch.hsm.inprocess import exchange, open_conversation
from switch.hsm.settings import HsmClientSettings
from switch.hsm.statistics import HsmStatistics

Address = tuple[str, int]
# Commands whose answer is not random.
_SETTLED = ("NC", "B2", "BU", "CW", "CY", "DC", "EC", "M0", "M2", "M6", "M8", "MA", "MS", "FA", "MI", "AW")


async def test_in_process_and_over_tcp_are_the_same_byte_for_byte(address: Address, bench: Any) -> None:
    commands = [text.encode("latin-1") for code, text in bench.commands().items() if code in _SETTLED]
    commands += [text[:-1] for text in commands] + [text + b"\x19trailer" for text in commands] + [b"ZZ", b"\xff\x00x"]
    assert len(commands) > 3 * 10
    sent = b"".join(
        (4 + len(command)).to_bytes(2, "big") + b"%04d" % number + command for number, command in enumerate(commands)
    )
    here = exchange(open_conversation(4), sent)
    there = b""
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(sent)
        with trio.fail_after(10):
            while len(there) < len(here):
                there += await stream.receive_some()
    assert there == here


async def test_the_client_is_the_same_with_an_hsm_in_process(address: Address, bench: Any) -> None:
    commands = [text.encode() for code, text in bench.commands().items() if code in _SETTLED]
    async with HsmClient(*address, timeout=10) as remote, HsmClient("in-process", timeout=10) as local:
        for command in commands:
            assert await local.call(command) == await remote.call(command), command[:2]


async def test_callers_at_once_each_get_their_own_reply() -> None:
    found: dict[int, str] = {}
    async with HsmClient("in-process", timeout=10) as hsm:

        async def call(number: int) -> None:
            found[number] = (await hsm.call(requests.echo(f"call {number}"))).body

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(call, number)
    assert found == {number: f"call {number}" for number in range(100)}


async def test_it_is_a_configuration_choice_also_behind_a_socket(address: Address) -> None:
    settings = msgspec.convert({"host": "127.0.0.1", "port": 1, "hosts": ["in-process"]}, HsmClientSettings)
    with capture_logs():
        async with HsmClient.of(settings, 10) as hsm:
            assert (await hsm.call(requests.echo("here"))).body == "here"
            assert hsm.up == {"127.0.0.1:1": False, "in-process": True}


def test_hosts_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="nowhere: expected HOST:PORT"):
        msgspec.convert({"hosts": ["nowhere"]}, HsmClientSettings)


# -- the conversation and its counts


def framed(command: bytes) -> bytes:
    return (4 + len(command)).to_bytes(2, "big") + b"0000" + command


def conversation(statistics: HsmStatistics) -> HostConversation:
    return HostConversation(HostCommands().handle, 4, 8192, statistics)


def test_a_conversation_answers_no_more_at_a_time_than_asked() -> None:
    statistics = HsmStatistics()
    talk = conversation(statistics)
    talk.feed(framed(b"B20001x") * 10 + b"\x00")
    sizes = []
    more = True
    while more:
        replies, more = talk.answer(4)
        sizes.append(replies.count(b"B300x"))
    assert sum(sizes) == 10
    assert max(sizes) == 4
    assert talk.unfinished
    assert not talk.fault


def test_counts_are_by_command_and_error_and_a_babbler_cannot_fill_them() -> None:
    statistics = HsmStatistics()
    talk = conversation(statistics)
    talk.feed(framed(b"B20001x") * 3 + framed(b"B2") + framed(b"NC"))
    talk.answer(100)
    assert statistics.by_error() == {"B2 00": 3, "B2 15": 1, "NC 00": 1}
    for first in range(256):
        for second in range(256):
            if bytes((first, second)) not in (b"B2", b"NC"):
                statistics.count(bytes((first, second)), b"xx68")
    found = statistics.by_error()
    assert len(found) < 100
    assert statistics.commands == 5 + 65536 - 2
    assert all(name.isprintable() for name in found)


def test_a_snapshot_has_no_data_of_a_command(bench: Any) -> None:
    statistics = HsmStatistics()
    talk = conversation(statistics)
    for command in bench.commands().values():
        talk.feed(framed(command.encode("latin-1")))
        talk.answer(10)
    text = repr(statistics.snapshot())
    assert bench.account not in text
    assert bench.key("001")[1:] not in text
