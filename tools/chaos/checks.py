"""The contract of design.md, judged from records alone: each point a function that yields violations as sentences.

A payment is known everywhere by its amount, which no other payment of the lab has."""

from collections import Counter
from collections.abc import Callable, Iterator

from switch.simulator.terminal.conduct import APPROVED, OPEN

from .gather import event_of
from .records import Evidence, Hold, Totals
from .terminals import PATIENCE

_MOVES = ("sale", "cash", "refund")
_DEAD = ("reversal dead", "advice dead", "reversal has no form", "advice has no form")


def one_answer(evidence: Evidence) -> Iterator[str]:
    """1. A request ends in exactly one final answer, or its link is closed."""
    yield from evidence.unfinished
    for payment in evidence.payments.values():
        if payment.belief == OPEN:
            yield f"{payment.terminal} never came to an end with {payment.amount}"
    for message in evidence.messages:
        if message.code is None and message.link == "open" and message.round not in evidence.disturbed:
            yield f"{message.terminal} got no answer to {message.mti} {message.amount} on a sound link"
    for answer in evidence.unasked:
        if answer.round not in evidence.duplicated:
            yield f"{answer.terminal} got one answer too many: {answer.mti} {answer.amount}"


def approval_is_durable(evidence: Evidence) -> Iterator[str]:
    """2. What a terminal has approved is in the journal and held by its issuer, whoever was killed."""
    held = {hold.amount for hold in _held(evidence)}
    states = {txn.amount: txn.state for txn in evidence.journal if txn.kind in _MOVES}
    for payment in evidence.payments.values():
        if payment.belief == APPROVED and payment.amount not in held:
            yield f"{payment.terminal} believes that {payment.amount} is approved, and no issuer holds it"
        if payment.belief == APPROVED and states.get(payment.amount) != "approved":
            yield f"{payment.terminal} has {payment.amount} approved, in the journal it is {states.get(payment.amount)}"


def doubt_is_reversed_once(evidence: Evidence) -> Iterator[str]:
    """3. What its terminal does not have approved is not held, and nothing is reversed twice."""
    believed = {payment.amount for payment in evidence.payments.values() if payment.belief == APPROVED}
    for hold in evidence.holds:
        if hold.reversals > 1:
            yield f"{hold.issuer} was sent {hold.reversals} reversals of {hold.amount}"
    for hold in _held(evidence):
        if hold.amount not in believed:
            yield f"{hold.issuer} holds {hold.amount}, which its terminal does not have approved"


def queue_is_kept(evidence: Evidence) -> Iterator[str]:
    """4. Nothing is owed to a host at the end and nothing was given up; one reversal per transaction."""
    for txn in evidence.journal:
        if txn.state == "pending":
            yield f"transaction {txn.txn_id} of {txn.amount} is still pending"
        left = [f"{kind} {state}" for kind, state in txn.queued if state != "acknowledged"]
        if left:
            yield f"transaction {txn.txn_id} of {txn.amount} has {', '.join(left)}"
        if sum(kind == "reversal" for kind, _ in txn.queued) > 1:
            yield f"transaction {txn.txn_id} of {txn.amount} has more than one reversal"
    for process, line in evidence.log_lines:
        if event_of(line)[1] in _DEAD:
            yield f"{process} gave a message up: {line}"


def one_request(evidence: Evidence) -> Iterator[str]:
    """5. The issuer sees one request per payment, and a repeat gets the answer that was given."""
    yield from evidence.differing_repeats
    for amount, count in Counter(hold.amount for hold in evidence.holds).items():
        if count > 1:
            yield f"{amount} was asked {count} times of issuers"
        if amount not in evidence.payments:
            yield f"{amount} was asked of an issuer, and no terminal has asked for it"


def late_reaches_nobody(evidence: Evidence) -> Iterator[str]:
    """6. No terminal gets an answer to what it never asked."""
    for answer in evidence.unasked:
        if not answer.known:
            yield f"{answer.terminal} got an answer to what it never asked: {answer.mti} {answer.stan} {answer.amount}"


def money_agrees(evidence: Evidence) -> Iterator[str]:
    """7. Terminals = issuers = journal = clearing files, per currency, to the last minor unit."""
    believed = Counter[str]()
    for payment in evidence.payments.values():
        if payment.belief == APPROVED:
            believed[payment.currency] += -payment.amount if payment.kind == "refund" else payment.amount
    held = Counter[str]()
    carried: Totals = {}
    for hold in _held(evidence):
        held[hold.currency] += -hold.amount if hold.kind == "refund" else hold.amount
        if hold.listener != "switch":
            before = carried.get((hold.listener, hold.currency), (0, 0))
            carried[hold.listener, hold.currency] = before[0] + 1, before[1] + hold.amount
    if believed != held:
        yield f"terminals have {dict(believed)}, issuers hold {dict(held)}"
    if carried != evidence.files:
        yield f"of networks issuers hold {carried}, clearing files carry {evidence.files}"


def nothing_is_shown(evidence: Evidence) -> Iterator[str]:
    """8. No card number in clear in any file but those of clearing."""
    yield from evidence.leaks


def failure_declines(evidence: Evidence) -> Iterator[str]:
    """9. Nothing is approved that no issuer approved, nor with wrong card data; no process fails by itself."""
    agreed = {hold.amount for hold in evidence.holds if hold.state in (APPROVED, "reversed")}
    for message in evidence.messages:
        payment = evidence.payments[message.amount]
        if message.code == "00" and message.mti[1] != "4" and (message.amount not in agreed or not payment.valid):
            yield f"{message.terminal} got an approval of {message.amount} that no issuer gave"
    for ending in evidence.endings:
        if "SIGKILL" not in ending:
            yield ending
    for process, line in evidence.log_lines:
        level, event = event_of(line)
        if "Traceback" in line or (level in ("", "error", "critical") and event not in _DEAD):
            yield f"{process} says {line}"


def answered_in_time(evidence: Evidence) -> Iterator[str]:
    """10. An answer on a sound link comes before the terminal gives up, with room to spare."""
    for message in evidence.messages:
        if message.code is not None and message.round not in evidence.disturbed and message.waited > PATIENCE - 0.5:
            yield f"{message.terminal} waited {message.waited:.2f} s for the answer to {message.amount}"


def _held(evidence: Evidence) -> Iterator[Hold]:
    return (hold for hold in evidence.holds if hold.state == APPROVED and hold.kind in _MOVES)


CHECKERS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
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


def check(evidence: Evidence) -> list[str]:
    """Every violation, behind the name of its checker."""
    return [f"{checker.__name__}: {violation}" for checker in CHECKERS for violation in checker(evidence)]
