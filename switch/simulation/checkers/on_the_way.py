"""The points of the contract that can be judged at any moment: what is wrong then does not become right.

A payment is known everywhere by its amount, which no other payment of the run has."""

import json
from collections import Counter
from collections.abc import Iterator

from switch.simulation.record import Note, Outcome, Record

# Seconds from a request to its answer on a line that nothing disturbs: the switch's own bounds, and the line's.
_IN_TIME = 2.2
# With these a terminal may be left without an answer.
_LINES_BREAK = frozenset(("network", "crash", "power"))
_FAILED = ("callback failed", "handler failed", "journal unit failed")
_WRONG_PINS = 3  # the third locks the card


def one_answer(record: Record) -> Iterator[str]:
    """1. A request ends in one final answer, or its link is closed."""
    waiting: Counter[tuple[str, str, str]] = Counter()
    for note in record.notes:
        of = note.of
        if note.what == "asked":
            waiting[note.who, of["mti"][1], str(of["amount"])] += 1
        elif note.what in ("answered", "unasked"):
            waiting[note.who, of["mti"][1], str(of["amount"])] -= 1
            if waiting[note.who, of["mti"][1], str(of["amount"])] < 0:
                yield f"{at(note)} got more answers than it asked for: {of}"
        elif note.what == "no answer" and of["link"] == "open" and not record.faults & _LINES_BREAK:
            yield f"{at(note)} got no answer on a sound link: {of}"


def one_reversal(record: Record) -> Iterator[str]:
    """3. One reversal per request, over its amount, whose repeats say that they are."""
    of_original: dict[tuple[str, str], set[str]] = {}
    seen: set[str] = set()
    for note in record.of("reversal"):
        key, repeat = f"{note.who} {note.of['key']}", note.of["mti"][3] == "1"
        of_original.setdefault((note.who, str(note.of["original"])), set()).add(key)
        if key in seen and not repeat:
            yield f"{at(note)} was sent a reversal again, not marked as a repeat: {note.of}"
        if not (repeat and "network" in record.faults):  # of two connections one may be slower
            seen.add(key)
        if note.of["amount"] not in record.payments:
            yield f"{at(note)} was sent a reversal of another amount: {note.of}"
    for (host, original), keys in of_original.items():
        if len(keys) > 1:
            yield f"{host} was sent {len(keys)} reversals of {original}"


def order_is_kept(record: Record) -> Iterator[str]:
    """4. A host hears of a request before its advice and reversal, and nothing is given up that no host refused."""
    followed: set[tuple[str, int]] = set()
    refused: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    for note in record.notes:
        if note.what == "heard":
            family = note.who, note.of["amount"]
            if note.of["mti"][1] == "4" or note.of["mti"][2] == "2":
                followed.add(family)
            elif family in followed and "network" not in record.faults:  # of two connections one may be slower
                yield f"{at(note)} heard a request after what follows it: {note.of}"
            if note.of["amount"] not in record.payments:
                yield f"{at(note)} heard of another amount: {note.of}"
        elif note.what == "host answered" and note.of["code"] == "30":
            refused[note.who] += 1
        elif note.what == "log" and note.of["event"] in ("reversal has no form", "advice has no form"):
            yield f"{at(note)} could not say what it had to: {note.of['line']}"
        elif note.what == "log" and note.of["event"] in ("reversal dead", "advice dead"):
            host = json.loads(note.of["line"])["host"]
            dead[host] += 1
            if dead[host] > refused[host]:
                yield f"{at(note)} gave up what {host} had not refused: {note.of['line']}"


def one_request(record: Record) -> Iterator[str]:
    """5. The issuer sees one request per payment; a repeat gets the answer that was given, or that of its reversal."""
    seen: Counter[int] = Counter(hold.amount for hold in record.holds)
    for amount, count in seen.items():
        if count > 1:
            yield f"{amount} was asked {count} times of the hosts"
        if amount not in record.payments:
            yield f"{amount} was asked of a host, and no terminal has asked for it"
    for note in record.of("repeat differs"):
        yield f"{at(note)} got another answer to a repeat of an approved request: {note.of}"
    for note in record.of("revived"):
        yield f"{at(note)} got an approval of what it had reversed: {note.of}"


def late_reaches_nobody(record: Record) -> Iterator[str]:
    """6. What a terminal gets is an answer to something it has asked."""
    asked = {(note.who, note.of["stan"]) for note in record.of("asked")}
    for note in record.of("unasked"):
        if (note.who, note.of["stan"]) not in asked:
            yield f"{at(note)} got an answer to what it never asked: {note.of}"
    for note in record.of("unreadable"):
        yield f"{at(note)} got what is no message of its kind: {note.of}"
    if record.faults:
        return
    for note in record.of("log"):
        if note.of["event"] in ("late answer", "answer to nothing"):
            yield f"{at(note)} was late without cause: {note.of['line']}"


def nothing_is_shown(record: Record) -> Iterator[str]:
    """8. No card number, track or PIN block in a log line."""
    for note in record.of("log"):
        line = note.of["line"]
        if any(secret in line for secret in record.secrets):
            yield f"{at(note)} shows what it must hide, in the line of {note.of['event']}"


def failure_declines(record: Record) -> Iterator[str]:
    """9. Nothing is approved that no host approved, nor with a wrong PIN; no part of the switch fails by itself."""
    agreed = {hold.amount for hold in record.holds if hold.approved}
    for note in record.of("answered"):
        amount = note.of["amount"]
        if note.of["mti"][1] == "4" or note.of["code"] != "00":
            continue
        payment = record.payments[amount]
        if amount not in agreed:
            yield f"{at(note)} got an approval of {amount} that no host gave"
        if payment.pin == "wrong" and payment.pan in record.verified:
            yield f"{at(note)} got an approval of {amount} with a wrong PIN"
    for note in record.of("log"):
        if note.of["event"] in _FAILED:
            yield f"{at(note)} failed: {note.of['line']}"
    if not record.faults & {"crash", "power", "disk"}:
        for note in record.of("switch fell"):
            yield f"{at(note)} fell by itself: {note.of}"


def wrong_pins_count(record: Record) -> Iterator[str]:
    """9. The third wrong PIN in a row locks a card, for the right one too."""
    for pan in record.verified:
        payments = [payment for payment in record.payments.values() if payment.pan == pan and payment.pin]
        first: dict[str, list[tuple[float, Outcome]]] = {"55": [], "75": []}
        told: set[int] = set()
        for note in record.of("answered"):
            payment, code = record.payments[note.of["amount"]], note.of["code"]
            if payment in payments and note.of["mti"][1] == "2" and code in first and payment.amount not in told:
                told.add(payment.amount)
                first[code].append((note.at, payment))
        yield from _not_locked(pan, [payment for payment in payments if payment.pin == "right"], first["55"])
        for locked, _ in first["75"][:1]:
            for payment in payments:
                if payment.sent > locked and payment.belief == "approved":
                    yield f"{payment.terminal} has {payment.amount} approved with a card that is locked"


def _not_locked(pan: str, right: list[Outcome], wrong: list[tuple[float, Outcome]]) -> Iterator[str]:
    """Wrong PINs one after the other, no right one on its way meanwhile, of which the third was like the first."""
    for index in range(len(wrong) - _WRONG_PINS + 1):
        begin, end = wrong[index][1].sent, wrong[index + _WRONG_PINS - 1][0]
        if not any(payment.sent < end and (payment.ended or end) >= begin for payment in right):
            yield f"{_WRONG_PINS} wrong PINs of the card that ends in {pan[-4:]} by {end:.3f} s, and it is not locked"


def answered_in_time(record: Record) -> Iterator[str]:
    """10. An answer comes within the switch's bound; without faults nobody is refused for want of a part."""
    taken_back: set[int] = set()
    for note in record.of("answered"):
        if note.of["mti"][1] == "4":
            taken_back.add(note.of["amount"])
        if not record.faults & _LINES_BREAK and note.of["took"] > _IN_TIME:
            yield f"{at(note)} waited {note.of['took']} s: {note.of}"
        if not record.faults and note.of["code"] in ("91", "96") and note.of["amount"] not in taken_back:
            yield f"{at(note)} was refused although nothing was wrong: {note.of}"


def at(note: Note) -> str:
    return f"{note.at:.3f} s: {note.who}"
