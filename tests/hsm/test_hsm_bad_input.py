"""Whatever arrives is answered: every command cut, stretched, damaged or unknown, and no secret in any fault."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.hsm.commands import HostCommands
from switch.hsm.faults import CommandFault
from switch.hsm.table import TABLE

CODES = sorted(TABLE)
REPLY = re.compile(rb"[\x00-\xff]{2}\d\d", re.DOTALL)
# Whose last field ends where the command ends: cut or longer they are other commands of the same kind.
OPEN_ENDED = {"MA", "MC"}


def reply_code(code: str) -> str:
    return code[0] + chr(ord(code[1]) + 1)


@pytest.mark.parametrize("code", CODES)
def test_each_command_succeeds_whole_and_fails_cut_at_every_byte(code: str, bench: Any) -> None:
    command = bench.commands()[code]
    assert bench.ask(command)[:4] == reply_code(code) + "00"
    for length in range(2, len(command)):
        reply = bench.ask(command[:length])
        # An optional suffix of BU may be left off whole; nothing else can.
        whole = code == "BU" and command[length:] == ";001"
        if code in OPEN_ENDED and reply[2:4] in ("00", "01"):
            continue
        assert reply[:2] == reply_code(code)
        assert (reply[2:4] == "00") == whole, length
        assert whole or (len(reply) == 4 and reply[2:] in TABLE[code].all_errors)


@pytest.mark.parametrize("code", sorted(set(CODES) - OPEN_ENDED))
def test_each_command_with_something_behind_it_is_refused(code: str, bench: Any) -> None:
    for extra in ("X", ";", "\x00", "\r\n", "é"):
        assert bench.error(bench.commands()[code] + extra) in ("15", "22", "24")


@pytest.mark.parametrize("code", CODES)
def test_each_command_returns_its_trailer_and_takes_the_number_of_the_lmk(code: str, bench: Any) -> None:
    command = bench.commands()[code]
    for trailer in ("\x19", "\x19" + "trailer 123", "\x19" + "9" * 32):
        for number in ("", "%00"):
            reply = bench.ask(command + number + trailer)
            assert reply[2:4] == "00"
            assert reply.endswith(trailer)
    assert bench.error(command + "%03") == "13"


@pytest.mark.parametrize("code", sorted(set(CODES) - OPEN_ENDED))
def test_a_trailer_of_more_than_32_characters_is_15(code: str, bench: Any) -> None:
    assert bench.error(bench.commands()[code] + "\x19" + "9" * 33) == "15"


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_a_damaged_command_gets_a_reply_never_an_exception(code: str, data: Any, bench: Any) -> None:
    command = bytearray(bench.commands()[code].encode("latin-1"))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(2, len(command)))
        command[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    reply = bench.hsm.handle(bytes(command))
    assert REPLY.match(reply)
    assert reply[:2] == reply_code(code).encode()


@given(st.sampled_from(CODES), st.binary(max_size=120))
def test_a_command_of_garbage_gets_a_reply(bench: Any, code: str, garbage: bytes) -> None:
    assert REPLY.match(bench.hsm.handle(code.encode() + garbage))


@given(st.binary(max_size=8).filter(lambda raw: raw[:2].decode("latin-1") not in CODES))
def test_an_unknown_command_is_68_under_its_code_plus_one(bench: Any, message: bytes) -> None:
    reply = bench.hsm.handle(message)
    assert reply[2:] == b"68"
    if len(message) >= 2:
        assert reply[:2] == bytes((message[0], (message[1] + 1) & 0xFF))


def test_a_fault_says_nothing_of_what_was_sent(bench: Any) -> None:
    hsm = HostCommands()
    secret = bench.encrypt("002", b"\x04\x12\xff\xff\xff\xff\xff\xff")
    faults: list[str] = []
    for command in bench.commands().values():
        for changed in (command[:-1], command + "4111111111111111", command.replace(bench.block("002"), secret)):
            try:
                hsm._answer(TABLE.get(changed[:2], TABLE["NC"]), changed, None)
            except CommandFault as fault:
                faults.append(f"{fault!r} {fault.__context__!r}")
    assert len(faults) > 20
    assert not [fault for fault in faults if re.search(r"[0-9A-F]{9,}", fault)]


def test_nothing_of_one_command_reaches_the_next(bench: Any) -> None:
    """The same commands, after a flood of broken ones, get the same answers."""
    fixed = {
        code: command
        for code, command in bench.commands().items()
        if code not in ("A0", "CA", "CC", "JG", "IA", "HC", "HA")
    }
    before = {code: bench.ask(command) for code, command in fixed.items()}
    for command in bench.commands().values():
        for cut in range(0, len(command), 7):
            bench.ask(command[:cut])
    assert {code: bench.ask(command) for code, command in fixed.items()} == before
