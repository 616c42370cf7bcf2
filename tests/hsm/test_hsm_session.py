"""Many commands on one connection: each reply reaches the command it belongs to, whatever the order and the cuts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from switch.hsm.session import HsmProtocolError, HsmSession


def framed(header: bytes, reply: bytes) -> bytes:
    return (len(header) + len(reply)).to_bytes(2, "big") + header + reply


class SessionMachine(RuleBasedStateMachine):
    """A peer that answers in any order, in pieces of any size; a plain dict is the model of what waits."""

    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.session: HsmSession[int] = HsmSession(2)
        self.waiting: dict[bytes, int] = {}
        self.wire = b""
        self.expected: list[tuple[int, str]] = []
        self.number = 0

    @rule(target=sent, command=st.binary(max_size=20).map(b"CA".__add__))
    def send(self, command: bytes) -> bytes:
        if self.session.full:
            with pytest.raises(HsmProtocolError):
                self.session.send(command, -1)
            return b""
        self.number += 1
        message = self.session.send(command, self.number)
        header = message[2:4]
        assert message == framed(header, command)
        assert header not in self.waiting
        self.waiting[header] = self.number
        return header

    @rule(header=consumes(sent), body=st.text("0123456789ABCDEF", max_size=20))
    def answer(self, header: bytes, body: str) -> None:
        if header in self.waiting and header not in {h for h, _ in self._unread()}:
            self.wire += framed(header, b"CB00" + body.encode())
            self.expected.append((self.waiting[header], body))

    def _unread(self) -> list[tuple[bytes, int]]:
        expected = {number for number, _ in self.expected}
        return [(header, number) for header, number in self.waiting.items() if number in expected]

    @precondition(lambda self: self.wire)
    @rule(data=st.data())
    def read(self, data: Any) -> None:
        size = data.draw(st.integers(1, len(self.wire)))
        piece, self.wire = self.wire[:size], self.wire[size:]
        for context, reply in self.session.feed(piece):
            number, body = self.expected.pop(0)
            assert (context, reply.code, reply.error, reply.body) == (number, "CB", "00", body)
            self.waiting = {h: n for h, n in self.waiting.items() if n != number}

    @rule()
    def lose(self) -> None:
        assert self.session.fail_all() == list(self.waiting.values())
        self.waiting, self.wire, self.expected = {}, b"", []

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        assert self.session.in_flight == len(self.waiting)
        assert self.session.full == (len(self.waiting) >= 99)
        if not self.wire:
            assert not self.expected


TestSession = SessionMachine.TestCase
TestSession.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


def test_as_many_commands_wait_as_there_are_headers_but_one() -> None:
    session: HsmSession[int] = HsmSession(1)
    for number in range(9):
        session.send(b"NC", number)
    assert session.full
    with pytest.raises(HsmProtocolError, match="too many"):
        session.send(b"NC", 9)
    assert session.fail_all() == list(range(9))
    assert not session.full


def test_a_header_in_flight_is_not_given_out_again_after_a_wrap() -> None:
    session: HsmSession[int] = HsmSession(1)
    first = session.send(b"NC", 0)[2:3]
    for number in range(1, 40):
        header = session.send(b"NC", number)[2:3]
        assert header != first
        assert session.feed(framed(header, b"ND00"))[0][0] == number
    assert session.feed(framed(first, b"ND00"))[0][0] == 0


GARBAGE = {
    "an unknown header": framed(b"9999", b"ND00"),
    "no header": b"\x00\x02ND",
    "an empty message": b"\x00\x00",
    "a reply without error": framed(b"0000", b"ND"),
    "a second reply": framed(b"0000", b"ND00") * 2,
    "a reply to another command": framed(b"0000", b"ED00"),
}


@pytest.mark.parametrize("name", sorted(GARBAGE))
@pytest.mark.parametrize("good", [0, 1])
def test_garbage_is_a_protocol_error_and_everything_that_waited_still_fails(name: str, good: int) -> None:
    """Even when a good reply stands before it in the same bytes: a context is answered or failed, never lost."""
    session: HsmSession[str] = HsmSession()
    session.send(b"NC", "first")
    session.send(b"NC", "second")
    with pytest.raises(HsmProtocolError):
        session.feed(framed(b"0001", b"ND00") * good + GARBAGE[name])
    assert session.fail_all() == ["first", "second"]
    assert session.in_flight == 0


def test_a_session_that_lost_its_connection_forgets_half_a_reply() -> None:
    session: HsmSession[str] = HsmSession()
    session.send(b"NC", "old")
    assert session.feed(framed(b"0000", b"ND00")[:5]) == []
    session.fail_all()
    header = session.send(b"NC", "new")[2:6]
    assert [context for context, _ in session.feed(framed(header, b"ND00"))] == ["new"]


def test_a_command_too_long_for_its_length_is_refused_and_does_not_wait() -> None:
    session: HsmSession[str] = HsmSession()
    with pytest.raises(HsmProtocolError, match="too long"):
        session.send(b"B2" + bytes(0xFFFF - 5), "long")
    assert session.in_flight == 0
    assert len(session.send(b"B2" + bytes(0xFFFF - 6), "longest")) == 2 + 0xFFFF


@given(st.binary(max_size=60))
def test_any_bytes_are_replies_or_a_protocol_error(data: bytes) -> None:
    session: HsmSession[int] = HsmSession(1)
    for number in range(5):
        session.send(b"NC", number)
    try:
        replies = session.feed(data)
    except HsmProtocolError:
        assert session.in_flight == 5
    else:
        assert session.in_flight == 5 - len(replies)


@pytest.mark.parametrize("command", [b"", b"N"])
def test_a_command_without_a_code_is_refused_and_does_not_wait(command: bytes) -> None:
    session: HsmSession[str] = HsmSession()
    with pytest.raises(HsmProtocolError, match="no code"):
        session.send(command, "none")
    assert session.in_flight == 0


def test_the_reply_code_wraps_like_the_hsms_own(bench: Any) -> None:
    session: HsmSession[str] = HsmSession()
    header = session.send(b"Z\xff", "odd")[2:6]
    assert session.feed(framed(header, bench.hsm.handle(b"Z\xff")))[0][1].error == "68"
