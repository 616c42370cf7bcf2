"""Each checker finds what it is for, and has nothing to say about a world that is in order."""

import json
from dataclasses import replace

import pytest
from switch.tools.chaos.campaign import write_evidence
from switch.tools.chaos.checks import CHECKERS, check
from switch.tools.chaos.plan import KILL, plan_round
from switch.tools.chaos.records import Evidence, Hold, Journalled, Message, Payment, Unasked


def _world() -> Evidence:
    """An approved sale, a declined one, one that was reversed, an on-us refund; all books in order."""
    evidence = Evidence()
    for amount, network, kind, belief in (
        (100, "visa", "purchase", "approved"),
        (101, "mastercard", "purchase", "declined"),
        (102, "visa", "purchase", "reversed"),
        (103, "on-us", "refund", "approved"),
    ):
        evidence.payments[amount] = Payment(amount, 1, "T1", network, kind, "978", True, belief)
        code = "51" if belief == "declined" else "00"
        evidence.messages.append(Message(1, "T1", "0200", f"{amount:06d}", amount, 0.5, 0.1, code, "open"))
    evidence.messages.append(Message(1, "T1", "0400", "000200", 102, 1.0, 0.1, "00", "open"))
    evidence.holds = [
        Hold("issuer-a", "visa", 100, "sale", "978", "approved", 0),
        Hold("issuer-b", "mastercard", 101, "sale", "978", "declined", 0),
        Hold("issuer-a", "visa", 102, "sale", "978", "reversed", 1),
        Hold("issuer-a", "switch", 103, "refund", "978", "approved", 0),
    ]
    evidence.journal = [
        Journalled(1, 100, "sale", "visa", "approved", ()),
        Journalled(2, 101, "sale", "mastercard", "declined", ()),
        Journalled(3, 102, "sale", "visa", "reversed", (("reversal", "acknowledged"),)),
        Journalled(4, 103, "refund", "on-us", "approved", ()),
    ]
    evidence.files = {("visa", "978"): (1, 100)}
    evidence.log_lines = [("switch", '{"level":"info","event":"signed on"}')]
    evidence.endings = ["switch ended (SIGKILL); starting it again"]
    return evidence


def test_a_world_in_order_has_no_violation():
    assert check(_world()) == []


def _believes(amount, belief):
    def spoil(evidence):
        evidence.payments[amount].belief = belief

    return spoil


def _message(index, **changes):
    def spoil(evidence):
        evidence.messages[index] = replace(evidence.messages[index], **changes)

    return spoil


def _hold(index, **changes):
    def spoil(evidence):
        evidence.holds[index] = replace(evidence.holds[index], **changes)

    return spoil


def _journal(index, **changes):
    def spoil(evidence):
        evidence.journal[index] = replace(evidence.journal[index], **changes)

    return spoil


def _adds(name, item):
    def spoil(evidence):
        getattr(evidence, name).append(item)

    return spoil


_SPOILT = [
    ("one_answer", _message(1, code=None)),
    ("one_answer", _believes(101, "open")),
    ("one_answer", _adds("unfinished", "not quiet after 60 s")),
    ("one_answer", _adds("unasked", Unasked(1, "T1", "0210", "000100", 100, True))),
    ("approval_is_durable", _hold(0, state="reversed")),
    ("approval_is_durable", _journal(0, state="reversed")),
    ("doubt_is_reversed_once", _believes(100, "reversed")),
    ("doubt_is_reversed_once", _hold(2, reversals=2)),
    ("queue_is_kept", _journal(1, state="pending")),
    ("queue_is_kept", _journal(2, queued=(("reversal", "queued"),))),
    ("queue_is_kept", _journal(2, queued=(("reversal", "acknowledged"),) * 2)),
    ("queue_is_kept", _adds("log_lines", ("switch", '{"level":"error","event":"reversal dead"}'))),
    ("one_request", _adds("holds", Hold("issuer-a", "visa", 101, "sale", "978", "declined", 0))),
    ("one_request", _adds("holds", Hold("issuer-a", "visa", 999, "sale", "978", "declined", 0))),
    ("one_request", _adds("differing_repeats", "T1: 100 was approved, its repeat got 05")),
    ("late_reaches_nobody", _adds("unasked", Unasked(1, "T1", "0210", "000777", 100, False))),
    ("money_agrees", _hold(3, amount=104)),
    ("money_agrees", lambda evidence: evidence.files.update({("visa", "978"): (1, 101)})),
    ("money_agrees", lambda evidence: evidence.files.update({("mastercard", "978"): (1, 101)})),
    ("nothing_is_shown", _adds("leaks", "switch.log holds the number of a card")),
    ("failure_declines", lambda evidence: setattr(evidence.payments[100], "valid", False)),
    ("failure_declines", _message(1, code="00")),
    ("failure_declines", _adds("endings", "switch ended (exit status 1); starting it again")),
    ("failure_declines", _adds("log_lines", ("visa", '{"level":"error","event":"callback failed"}'))),
    ("failure_declines", _adds("log_lines", ("hsm", "Traceback (most recent call last):"))),
    ("answered_in_time", _message(0, waited=3.9)),
]


@pytest.mark.parametrize(("checker", "spoil"), _SPOILT)
def test_a_spoilt_world_is_found(checker, spoil):
    evidence = _world()
    spoil(evidence)
    assert any(violation.startswith(f"{checker}: ") for violation in check(evidence))


def test_every_checker_is_tried():
    assert {checker.__name__ for checker in CHECKERS} == {name for name, _ in _SPOILT}


def test_what_the_network_did_to_terminals_excuses_silence_and_doubles():
    evidence = _world()
    evidence.disturbed.add(1)
    evidence.duplicated.add(1)
    _message(1, code=None)(evidence)
    _message(0, waited=3.9)(evidence)
    evidence.unasked.append(Unasked(1, "T1", "0210", "000100", 100, True))
    assert check(evidence) == []


def test_what_was_judged_is_written_down(tmp_path):
    evidence = _world()
    evidence.disturbed.add(1)
    write_evidence(tmp_path / "evidence.json", plan_round(1, 1, frozenset((KILL,)), 2.5), ["a violation"], evidence)
    written = json.loads((tmp_path / "evidence.json").read_text())
    assert written["violations"] == ["a violation"] and written["files"] == [["visa", "978", 1, 100]]
    assert written["round"]["faults"] and len(written["holds"]) == 4 and written["disturbed"] == [1]
