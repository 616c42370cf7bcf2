"""A request as it leaves for the host and as the journal keeps it, made from what the terminal sent. Pure."""

import msgspec

from switch.dialect.canonical import Payment
from switch.engine import checks
from switch.engine.config import HostSettings, TerminalSettings
from switch.engine.ports import Instant
from switch.engine.reversals import stan_of_request
from switch.journal.records import Transaction


def outgoing_of(payment: Payment, terminal: TerminalSettings, txn_id: int, acquirer: str, instant: Instant) -> Payment:
    """The message for the host, under the switch's own DE11 and DE7 and without a PIN block yet.

    What the terminal left out comes from its settings and from the clock.
    """
    stan = stan_of_request(txn_id)
    own_reference = f"{instant.year[-1]}{instant.day_of_year}{instant.transmission[4:6]}{stan}"
    return msgspec.structs.replace(
        payment,
        transmission=instant.transmission,
        stan=stan,
        local_time=payment.local_time or instant.transmission[4:],
        local_date=payment.local_date or instant.transmission[:4],
        year=year_of(payment.local_date, instant),
        mcc=payment.mcc or terminal.mcc,
        entry_mode=payment.entry_mode or "000",
        condition=payment.condition or "00",
        acquirer=acquirer,
        rrn=payment.rrn if payment.rrn.strip() else own_reference,
        name_location=payment.name_location or terminal.name_location,
        country=terminal.country,
        pin_block="",
        financial=checks.captured(payment),
        partial=checks.divisible(payment) and (payment.partial or terminal.partial_approvals),
    )


def transaction_of(
    payment: Payment,
    outgoing: Payment,
    host: HostSettings | None,
    network: str,
    *,
    txn_id: int,
    key: str,
    interface: str,
    instant: Instant,
) -> Transaction:
    """The journal's record of a request; `key` is its duplicate key, `host` None when it has no route."""
    return Transaction(
        txn_id=txn_id,
        dedupe=key,
        received=instant.epoch_ms,
        business_date=instant.business_date,
        interface=interface,
        mti=payment.mti,
        kind=checks.kind(payment) or "unsupported",
        processing_code=payment.processing_code,
        amount=payment.amount,
        currency=payment.currency,
        pan=payment.pan,
        stan=payment.stan,
        transmission=payment.transmission,
        local_time=outgoing.local_time,
        local_date=outgoing.local_date,
        year=outgoing.year,
        rrn=outgoing.rrn,
        terminal_id=payment.terminal.strip(),
        merchant_id=payment.merchant.strip(),
        name_location=outgoing.name_location,
        country=outgoing.country,
        mcc=outgoing.mcc,
        entry_mode=outgoing.entry_mode,
        condition=outgoing.condition,
        acquirer=outgoing.acquirer,
        eci=payment.eci,
        network=network,
        host=host.name if host else "",
        out_stan=outgoing.stan,
        out_transmission=outgoing.transmission,
        captured=outgoing.financial and host is not None and host.on_us is None,
    )


def local_transaction(
    payment: Payment, kind: str, *, txn_id: int, key: str, interface: str, instant: Instant
) -> Transaction:
    """The journal's record of what the switch answers from its journal, before its original is known."""
    return Transaction(
        txn_id=txn_id,
        dedupe=key,
        received=instant.epoch_ms,
        business_date=instant.business_date,
        interface=interface,
        mti=payment.mti,
        kind=kind,
        processing_code=payment.processing_code,
        amount=payment.amount,
        currency=payment.currency,
        pan=payment.pan,
        stan=payment.stan,
        transmission=payment.transmission,
        local_time=payment.local_time,
        local_date=payment.local_date,
        year=instant.year,
        rrn=payment.rrn,
        terminal_id=payment.terminal.strip(),
        merchant_id=payment.merchant.strip(),
        name_location="",
        country="",
        mcc="",
        entry_mode="",
        condition="",
        acquirer="",
        eci="",
        network="",
        host="",
        out_stan="",
        out_transmission="",
        captured=False,
    )


def year_of(local_date: str, instant: Instant) -> str:
    """The year of DE13, two digits: around New Year the terminal may still be in the old one, or already in the new."""
    month, now = local_date[:2], instant.transmission[:2]
    year = int(instant.year)
    if month == "12" and now == "01":
        year -= 1
    elif month == "01" and now == "12":
        year += 1
    return f"{year % 100:02d}"
