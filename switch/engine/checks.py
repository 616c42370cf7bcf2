"""What a request must carry before it is worth a journal record, and what it is: pure functions of a Payment."""

from switch.cardnumbers import luhn_valid
from switch.dialect.canonical import Payment
from switch.engine import codes
from switch.journal.records import Transaction

_AMOUNTLESS = ("30", "31")
_KINDS = {"00": "sale", "01": "cash", "09": "sale", "20": "refund", "30": "balance", "31": "balance"}
# What is accepted for certain: its requester repeats until it has the answer, and nobody takes it back.
ACCEPTED = frozenset(("reversal", "completion"))
COMPLETED = ("sale", "cash")
KINDS = frozenset(_KINDS.values())
_REQUESTS = ("1", "2")
_COMPLETION = "22"
Content = tuple[str, str, int, str, bool]


def missing_key_fields(payment: Payment) -> bool:
    """Whether a request lacks what identifies it: DE11, DE41 and a time (DE7, or DE12 with DE13)."""
    timed = payment.transmission or (payment.local_time and payment.local_date)
    return not (payment.stan and payment.terminal.strip() and timed)


def decline_code(payment: Payment) -> str | None:
    """The response code of a request that need not leave the switch, None when it may."""
    if not payment.processing_code or not payment.pan or not _well_formed(payment):
        return codes.FORMAT_ERROR
    if kind(payment) is None:
        return codes.INVALID
    if not 12 <= len(payment.pan) <= 19 or not luhn_valid(payment.pan):
        return codes.BAD_CARD
    if payment.amount <= 0 and not amountless(payment):
        return codes.NO_AMOUNT
    return None


def _well_formed(payment: Payment) -> bool:
    """What the terminal's interface lets through and no host or HSM command may carry."""
    return (
        _digits(payment.currency, 3, 3)
        and _digits(payment.expiry, 4, 4, absent=True)
        and _digits(payment.cvv2, 3, 4, absent=True)
        and _digits(payment.eci, 1, 2, absent=True)
        and payment.track2.partition("=")[0] in ("", payment.pan)
    )


def _digits(value: str, least: int, most: int, *, absent: bool = False) -> bool:
    return (absent and not value) or (value.isascii() and value.isdigit() and least <= len(value) <= most)


def kind(payment: Payment) -> str | None:
    """sale, cash, refund or balance, from the first two digits of DE3; None for what is not supported."""
    return _KINDS.get(payment.processing_code[:2])


def amountless(payment: Payment) -> bool:
    """Whether nothing is held for the request, so that it needs no amount."""
    return payment.processing_code[:2] in _AMOUNTLESS


def divisible(payment: Payment) -> bool:
    """Whether less than asked may be approved: of a sale or cash."""
    return kind(payment) in ("sale", "cash")


def captured(payment: Payment) -> bool:
    """Whether an approval moves money by itself: a 0200 that is no balance inquiry (practice, "Money and capture")."""
    return payment.mti[1] == "2" and kind(payment) in ("sale", "cash", "refund")


def content(message: Payment | Transaction) -> Content:
    """What must be equal for two messages under one duplicate key to be the same message. A sale is no completion."""
    completes = message.mti[1:3] == _COMPLETION
    return message.pan, message.processing_code, message.amount, message.currency, completes


def duplicate_key(interface: str, payment: Payment) -> str:
    """What makes two messages the same one: listener, DE41, DE11, message class, DE7 (else DE13 and DE12)."""
    when = payment.transmission or payment.local_date + payment.local_time
    return f"{interface}|{payment.terminal.strip()}|{payment.stan}|{payment.mti[1]}|{when}"


def completable(txn: Transaction) -> bool:
    """Whether an approval of it may be completed: a 0100 that holds an amount (a pre-authorisation)."""
    return txn.mti[1] == "1" and txn.kind in COMPLETED


def reverses_no_request(payment: Payment) -> bool:
    """Whether DE90 names a message that cannot be reversed: another reversal, a network message."""
    return payment.original_mti[1:2] not in ("", "0", *_REQUESTS)


def original_key(interface: str, payment: Payment) -> str:
    """The duplicate key of the request that a reversal's DE90 names, "" when it does not name one in full."""
    cls = payment.original_mti[1:2]
    if cls not in _REQUESTS or not payment.original_transmission.strip("0"):
        return ""
    return f"{interface}|{payment.terminal.strip()}|{payment.original_stan}|{cls}|{payment.original_transmission}"
