"""Whether a host's answer is about what it was asked: the fields that come back, and the amount."""

from switch.dialect.canonical import Answer, Payment
from switch.engine import checks, codes
from switch.engine.counters import Counters
from switch.engine.ports import Ports

_ORIGINAL_AMOUNT = "57"


def contradicted(request: Payment, answer: Answer) -> list[str]:
    """The names of the fields that came back otherwise than they were sent; what is left out contradicts nothing.

    Padding and the leading zeros of DE32 make no difference.
    """
    sent = {name: getattr(request, name).strip() for name in answer.echoed}
    if "acquirer" in sent:
        sent["acquirer"] = sent["acquirer"].lstrip("0")
    return [
        name
        for name, value in answer.echoed.items()
        if sent[name] != (value.lstrip("0") if name == "acquirer" else value)
    ]


def contradicted_queued(message: Payment, answer: Answer) -> list[str]:
    """As `contradicted` of a reversal or an advice, with the amount: its answer says no more than that it was taken."""
    wrong = contradicted(message, answer)
    if answer.amount not in (None, message.amount) and not checks.amountless(message):
        wrong.append("amount")
    return wrong


def tell(ports: Ports, counters: Counters, txn_id: int, host: str, wrong: list[str]) -> None:
    """Counts and logs an answer that contradicts what it answers."""
    counters.contradictions += 1
    ports.log("error", "answer contradicts its request", txn_id=txn_id, host=host, fields=", ".join(wrong))


def meaning_of(answer: Answer, request: Payment) -> str:
    """As codes.meaning, with the amount: less than asked is APPROVED under 10 where the terminal takes it, and any
    other amount than asked is OTHERWISE."""
    amountless = checks.amountless(request)
    meaning = codes.meaning(answer.response_code, amountless=amountless)
    if answer.response_code == codes.PARTIAL and request.partial:
        part = answer.amount is not None and 0 < answer.amount < request.amount
        return codes.APPROVED if part else codes.OTHERWISE
    if meaning == codes.APPROVED and not amountless and answer.amount not in (None, request.amount):
        return codes.OTHERWISE
    return meaning


def partial_reply(request: Payment, answer: Answer) -> dict[str, str]:
    """DE4 with what was approved, DE54 with what was asked (amount type 57, a debit)."""
    account = request.processing_code[2:4]
    return {
        "4": f"{answer.amount or 0:012d}",
        "54": f"{account}{_ORIGINAL_AMOUNT}{request.currency}D{request.amount:012d}",
    }
