"""The points of the contract that can be judged once everything has come to rest: the books."""

from collections import Counter
from collections.abc import Iterator

from switch.simulation.record import Outcome, Record

# Seconds after its terminal's last word in which what became of a payment may not be durable yet.
_IN_DOUBT = 10.0
# With these a note of an attempt may be lost.
_NOTES_GET_LOST = frozenset(("crash", "power", "disk"))


def all_comes_to_rest(record: Record) -> Iterator[str]:
    """1. When nothing goes wrong any more, every terminal gets an answer and every host what it is owed."""
    if record.unfinished:
        yield f"{record.unfinished} did not come to rest"
    for payment in record.payments.values():
        if payment.belief == "open" and not record.unfinished:
            yield f"{payment.terminal} never came to an end with {payment.amount}"


def approval_is_durable(record: Record) -> Iterator[str]:
    """2. An approval that a terminal believes in is held, whatever has died."""
    held = {hold.amount for hold in record.holds if hold.approved and not hold.reversed}
    for amount, payment in record.payments.items():
        if payment.belief == "approved" and amount not in held:
            yield f"{payment.terminal} believes that {amount} is approved, and nobody holds it"


def doubt_is_reversed(record: Record) -> Iterator[str]:
    """3. What its terminal does not have approved is not held, also when the terminal tells nobody; what it has, is."""
    believed, open_to_both = _believed(record), _open_to_both(record)
    for hold in record.holds:
        if hold.approved and not hold.reversed and hold.amount not in believed | open_to_both:
            yield f"{hold.host} still holds {hold.amount}, which its terminal does not have approved"
        if hold.reversed and hold.amount in believed:
            yield f"{hold.host} was told to reverse {hold.amount}, which its terminal has approved"


def queue_is_kept(record: Record) -> Iterator[str]:
    """4. What was queued is acknowledged in the end, and no attempt is uncounted."""
    heard: Counter[tuple[str, str, int]] = Counter()
    counted: Counter[tuple[str, str, int]] = Counter()
    for note in record.of("heard"):
        kind = "reversal" if note.of["mti"][1] == "4" else "advice" if note.of["mti"][2] == "2" else "request"
        heard[note.who, kind, note.of["amount"]] += 1
    for note in record.of("retried"):  # from there on they are counted anew
        counted[note.of["host"], note.of["kind"], note.of["amount"]] += note.of["attempts"]
    for item in record.queued:
        counted[item.host, item.kind, item.amount] += item.attempts
        if item.state != "acknowledged":
            yield f"{item.kind} of {item.amount} for {item.host} is {item.state} in the end"
    for message, count in heard.items():
        if message[1] == "request" or record.faults & _NOTES_GET_LOST:
            continue
        if count > counted[message] or (count < counted[message] and "network" not in record.faults):
            yield f"{message[0]} heard {count} times the {message[1]} of {message[2]}, counted are {counted[message]}"


def money_agrees(record: Record) -> Iterator[str]:
    """7. What issuers hold = what terminals have approved; for networks = what the files carry, to the cent."""
    believed, open_to_both = Counter(_believed(record)), _open_to_both(record)
    held = Counter(hold.amount for hold in record.holds if hold.approved and not hold.reversed)
    settled = Counter({amount: count for amount, count in held.items() if amount not in open_to_both})
    if believed != settled:
        yield f"terminals have {_sum(believed)}, hosts hold {_sum(settled)}"
    if record.files is None:
        yield "no clearing files were written"
        return
    for network in ("visa", "mastercard"):
        hosts = Counter(h.amount for h in record.holds if h.host == network and h.approved and not h.reversed)
        carried = record.files.get(network, {}).get("978", (0, 0))
        if carried != (hosts.total(), _sum(hosts)):
            yield f"{network} holds {hosts.total()} of {_sum(hosts)}, its file carries {carried[0]} of {carried[1]}"


def _believed(record: Record) -> set[int]:
    return {amount for amount, payment in record.payments.items() if payment.belief == "approved"}


def _open_to_both(record: Record) -> set[int]:
    """What a terminal does not have approved, and may be held or not."""
    return {
        amount
        for amount, payment in record.payments.items()
        if (payment.belief == "given up" and _may_have_left(record, payment))
        or (payment.belief == "declined" and _may_be_forgotten(record, payment))
    }


def _may_have_left(record: Record, payment: Outcome) -> bool:
    """An approval counts as delivered when the switch's kernel has taken it; when the switch died between the mark that
    says so and the socket; and when the machine lost its power, and the marks with it. All else that a terminal gives
    up without a word the switch must undo by itself."""
    amount = payment.amount
    if any(note.of["amount"] == amount and note.of["code"] == "00" for note in record.of("handed")):
        return True
    deaths = {note.at for note in record.of("died") if note.of["part"] == "switch"}
    marked = (number for note in record.of("marked") if note.at in deaths for number in note.of["numbers"])
    if any(record.amounts[number] == amount for number in marked):
        return True
    return any(payment.sent <= cut.at <= payment.ended + _IN_DOUBT for cut in record.of("power lost"))


def _may_be_forgotten(record: Record, payment: Outcome) -> bool:
    """What was answered 91 or 96 because the journal did not work, and not written down before the switch died."""
    if "disk" not in record.faults or payment.code not in ("91", "96"):
        return False
    deaths = (note.at for note in record.of("died") if note.of["part"] == "switch")
    return any(payment.ended <= death <= payment.ended + _IN_DOUBT for death in deaths)


def _sum(amounts: Counter[int]) -> int:
    return sum(amount * count for amount, count in amounts.items())
