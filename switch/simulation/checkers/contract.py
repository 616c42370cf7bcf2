"""The points of the contract, each a function that yields its violations as sentences.

A payment is known everywhere by its amount, which no other payment of the run has."""

from collections import Counter
from collections.abc import Callable, Iterator

from switch.simulation.record import Note, Record

# Seconds from a request to its answer on a line that nothing disturbs: the switch's own bounds, and the line's.
_IN_TIME = 2.2
_UNLOADED = frozenset(("network", "crash"))


def one_answer(record: Record) -> Iterator[str]:
    """1. A request ends in one final answer, or its link is closed."""
    if record.unfinished:
        yield f"{record.unfinished} were not done at the end of the run"
    waiting: Counter[tuple[str, str, str]] = Counter()
    for note in record.notes:
        of = note.of
        if note.what == "asked":
            waiting[note.who, of["mti"][1], str(of["amount"])] += 1
        elif note.what in ("answered", "unasked"):
            waiting[note.who, of["mti"][1], str(of["amount"])] -= 1
            if waiting[note.who, of["mti"][1], str(of["amount"])] < 0:
                yield f"{_at(note)} got more answers than it asked for: {of}"
        elif note.what == "no answer" and of["link"] == "open" and not record.faults & _UNLOADED:
            yield f"{_at(note)} got no answer on a sound link: {of}"


def approval_is_durable(record: Record) -> Iterator[str]:
    """2. An approval that a terminal believes in is in the files (on-us: held at the issuer), whatever has died."""
    held = {hold.amount for hold in record.holds if hold.approved and not hold.reversed}
    for amount, payment in record.payments.items():
        if payment.belief == "approved" and amount not in held:
            yield f"{payment.terminal} believes that {amount} is approved, and nobody holds it"


def doubt_is_reversed_once(record: Record) -> Iterator[str]:
    """3. What its terminal does not have approved is reversed: by one reversal, whose repeats say that they are."""
    believed = {amount for amount, payment in record.payments.items() if payment.belief == "approved"}
    for hold in record.holds:
        if hold.approved and not hold.reversed and hold.amount not in believed:
            yield f"{hold.host} still holds {hold.amount}, which its terminal does not have approved"
        if hold.reversed and hold.amount in believed:
            yield f"{hold.host} was told to reverse {hold.amount}, which its terminal has approved"
    of_original: dict[tuple[str, str], set[str]] = {}
    seen: set[str] = set()
    for note in record.of("reversal"):
        key = f"{note.who} {note.of['key']}"
        of_original.setdefault((note.who, str(note.of["original"])), set()).add(key)
        if key in seen and note.of["mti"][3] != "1":
            yield f"{_at(note)} was sent a reversal again, not marked as a repeat: {note.of}"
        seen.add(key)
        if not note.of["amount"] or note.of["amount"] not in record.payments:
            yield f"{_at(note)} was sent a reversal of another amount: {note.of}"
    for (host, original), keys in of_original.items():
        if len(keys) > 1:
            yield f"{host} was sent {len(keys)} reversals of {original}"


def queue_is_kept(record: Record) -> Iterator[str]:
    """4. A reversal comes after its request, no attempt is uncounted, nothing becomes a dead letter unseen."""
    sightings: Counter[int] = Counter()
    for note in record.of("reversal"):
        sightings[note.of["amount"]] += 1
    for note in record.of("log"):
        if note.of["event"] in ("reversal dead", "advice dead", "reversal has no form", "advice has no form"):
            yield f"{_at(note)} gave a message up: {note.of['line']}"
    requested: dict[str, float] = {}
    for note in record.notes:
        if note.what == "request":
            requested.setdefault(f"{note.who} {note.of['amount']}", note.at)
        elif note.what == "advice" and note.of["amount"] not in record.payments:
            yield f"{_at(note)} was sent an advice of nothing: {note.of}"


def one_request(record: Record) -> Iterator[str]:
    """5. The issuer sees one request per payment, and a repeat gets the answer that was given."""
    seen: Counter[int] = Counter(hold.amount for hold in record.holds)
    for amount, count in seen.items():
        if count > 1:
            yield f"{amount} was asked {count} times of the hosts"
        if amount not in record.payments:
            yield f"{amount} was asked of a host, and no terminal has asked for it"
    for note in record.of("repeat differs"):
        yield f"{_at(note)} got another answer to a repeat of an approved request: {note.of}"


def late_reaches_nobody(record: Record) -> Iterator[str]:
    """6. What a terminal gets is an answer to something it has asked; callbacks of the switch do not fail."""
    asked = {(note.who, note.of["stan"]) for note in record.of("asked")}
    for note in record.of("unasked"):
        if (note.who, note.of["stan"]) not in asked:
            yield f"{_at(note)} got an answer to what it never asked: {note.of}"
    if record.faults:
        return
    for note in record.of("log"):
        if note.of["event"] in ("late answer", "answer to nothing"):
            yield f"{_at(note)} was late without cause: {note.of['line']}"


def money_agrees(record: Record) -> Iterator[str]:
    """7. What issuers hold = what terminals have approved = what the files carry, to the cent."""
    believed = Counter({a: 1 for a, payment in record.payments.items() if payment.belief == "approved"})
    held = Counter(hold.amount for hold in record.holds if hold.approved and not hold.reversed)
    if believed != held:
        yield f"terminals have {_sum(believed)}, hosts hold {_sum(held)}"
    if record.files is None:
        yield "no clearing files were written"
        return
    for network in ("visa", "mastercard"):
        hosts = Counter(h.amount for h in record.holds if h.host == network and h.approved and not h.reversed)
        carried = record.files.get(network, {}).get("978", (0, 0))
        if carried != (hosts.total(), _sum(hosts)):
            yield f"{network} holds {hosts.total()} of {_sum(hosts)}, its file carries {carried[0]} of {carried[1]}"


def nothing_is_shown(record: Record) -> Iterator[str]:
    """8. No card number, track or PIN block in a log line."""
    for note in record.of("log"):
        line = note.of["line"]
        if any(secret in line for secret in record.secrets):
            yield f"{_at(note)} shows what it must hide, in the line of {note.of['event']}"


def failure_declines(record: Record) -> Iterator[str]:
    """9. Nothing is approved that no host approved, nor with a wrong PIN; no part of the switch fails by itself."""
    agreed = {hold.amount for hold in record.holds if hold.approved}
    for note in record.of("answered"):
        amount = note.of["amount"]
        if note.of["mti"][1] != "4" and note.of["code"] == "00" and amount not in agreed:
            yield f"{_at(note)} got an approval of {amount} that no host gave"
    for note in record.of("log"):
        if note.of["event"] in ("callback failed", "handler failed", "journal unit failed"):
            yield f"{_at(note)} failed: {note.of['line']}"
    if "crash" not in record.faults and "disk" not in record.faults:
        for note in record.of("switch fell"):
            yield f"{_at(note)} fell by itself: {note.of}"


def answered_in_time(record: Record) -> Iterator[str]:
    """10. An answer comes within the switch's bound; without faults nobody is refused for want of a part."""
    for note in record.of("answered"):
        if not record.faults & _UNLOADED and note.of["took"] > _IN_TIME:
            yield f"{_at(note)} waited {note.of['took']} s: {note.of}"
        if not record.faults and note.of["code"] in ("91", "96"):
            yield f"{_at(note)} was refused although nothing was wrong: {note.of}"


CHECKERS: tuple[Callable[[Record], Iterator[str]], ...] = (
    one_answer,
    approval_is_durable,
    doubt_is_reversed_once,
    queue_is_kept,
    one_request,
    late_reaches_nobody,
    money_agrees,
    nothing_is_shown,
    failure_declines,
    answered_in_time,
)


def check(record: Record) -> list[tuple[str, str]]:
    """Every violation with the name of its checker."""
    return [(checker.__name__, violation) for checker in CHECKERS for violation in checker(record)]


def _at(note: Note) -> str:
    return f"{note.at:.3f} s: {note.who}"


def _sum(amounts: Counter[int]) -> int:
    return sum(amount * count for amount, count in amounts.items())
