"""How a reversal or an advice is made from what the journal knows of a transaction. Pure."""

from collections.abc import Mapping

import msgspec

from switch.dialect.canonical import Payment
from switch.engine.ports import Instant
from switch.journal.records import Transaction

# Requests take the even DE11s of a host link and queued messages the odd ones, so that one counted by the other's
# number never shares DE11 and DE7 with it. Never 000000.
_STANS = 499_999
# Dual-message routes take everything as an authorisation.
LEFT_AS = "0100"


def stan_of_request(txn_id: int) -> str:
    """DE11 of a request on its host link; unique there together with DE7."""
    return f"{2 * (txn_id % _STANS) + 2:06d}"


def stan_of_queued(saf_id: int) -> str:
    """DE11 of a queued message on its host link; unique there together with DE7."""
    return f"{2 * (saf_id % _STANS) + 1:06d}"


def reversal_of(
    txn: Transaction, saf_id: int, instant: Instant, reason: str, auth_code: str, references: Mapping[str, str]
) -> Payment:
    """The full reversal of what left for the host; `reason` is "cancel" or "timeout"."""
    return Payment(
        mti="0400",
        pan=txn.pan,
        processing_code=txn.processing_code,
        amount=txn.amount,
        currency=txn.currency,
        transmission=instant.transmission,
        stan=stan_of_queued(saf_id),
        local_time=txn.local_time,
        local_date=txn.local_date,
        year=txn.year,
        mcc=txn.mcc,
        entry_mode=txn.entry_mode,
        condition=txn.condition,
        acquirer=txn.acquirer,
        rrn=txn.rrn,
        auth_code=auth_code,
        terminal=txn.terminal_id,
        merchant=txn.merchant_id,
        name_location=txn.name_location,
        country=txn.country,
        reason=reason,
        original_mti=LEFT_AS,
        original_stan=txn.out_stan,
        original_transmission=txn.out_transmission,
        original_acquirer=txn.acquirer,
        references=dict(references),
    )


def payload(payment: Payment) -> dict[str, object]:
    """A queued message as the journal keeps it, without sensitive data."""
    kept: dict[str, object] = msgspec.to_builtins(payment.without_sensitive())
    return kept


def from_payload(data: Mapping[str, object]) -> Payment:
    """A queued message as it was put in."""
    return msgspec.convert(dict(data), Payment)
