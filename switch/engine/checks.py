"""What a request must carry before it is worth a journal record, and what it is: pure functions of a Payment."""

from switch.dialect.canonical import Payment
from switch.logs import luhn_valid

FORMAT_ERROR = "30"
_AMOUNTLESS = ("30", "31")
_KINDS = {"00": "sale", "01": "cash", "09": "sale", "20": "refund", "30": "balance", "31": "balance"}


def missing_key_fields(payment: Payment) -> bool:
    """Whether a request lacks what identifies it: DE11, DE41 and a time (DE7, or DE12 with DE13)."""
    timed = payment.transmission or (payment.local_time and payment.local_date)
    return not (payment.stan and payment.terminal.strip() and timed)


def decline_code(payment: Payment) -> str | None:
    """The response code of a request that need not leave the switch, None when it may."""
    if not payment.processing_code or not payment.pan or not payment.currency:
        return FORMAT_ERROR
    if kind(payment) is None:
        return "12"
    if not 12 <= len(payment.pan) <= 19 or not luhn_valid(payment.pan):
        return "14"
    if payment.amount <= 0 and payment.processing_code[:2] not in _AMOUNTLESS:
        return "13"
    return None


def kind(payment: Payment) -> str | None:
    """sale, cash, refund or balance, from the first two digits of DE3; None for what is not supported."""
    return _KINDS.get(payment.processing_code[:2])


def captured(payment: Payment) -> bool:
    """Whether an approval moves money by itself: a 0200 that is no balance inquiry (practice, "Money and capture")."""
    return payment.mti[1] == "2" and kind(payment) in ("sale", "cash", "refund")


def duplicate_key(interface: str, payment: Payment) -> str:
    """What makes two messages the same one: listener, DE41, DE11, message class, DE7 (else DE13 and DE12)."""
    when = payment.transmission or payment.local_date + payment.local_time
    return f"{interface}|{payment.terminal.strip()}|{payment.stan}|{payment.mti[1]}|{when}"


def original_key(interface: str, payment: Payment) -> str:
    """The duplicate key of the request that a reversal's DE90 names, "" when it names none."""
    if not payment.original_stan or not payment.original_transmission.strip("0"):
        return ""
    cls = payment.original_mti[1:2]
    return f"{interface}|{payment.terminal.strip()}|{payment.original_stan}|{cls}|{payment.original_transmission}"
