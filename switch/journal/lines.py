"""The log line of a transaction, rendered by the writer from its record, off the engine's path."""

from datetime import UTC, datetime

import msgspec

from switch.journal.records import Outcome, Record, Reversed
from switch.message import mask_pan


def render(record: Record) -> str:
    """One line of JSON for an outcome or a reversal, nothing for other records."""
    if isinstance(record, Outcome):
        return _line(_outcome(record))
    if isinstance(record, Reversed):
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return _line({"event": "reversed", "time": now, "txn_id": record.txn_id, "reason": record.reason})
    return ""


def _outcome(record: Outcome) -> dict[str, object]:
    txn = record.txn
    return {
        "event": "transaction",
        "time": datetime.fromtimestamp(record.answered / 1000, UTC).isoformat(timespec="milliseconds"),
        "txn_id": txn.txn_id,
        "interface": txn.interface,
        "terminal": txn.terminal_id,
        "mti": txn.mti,
        "kind": txn.kind,
        "network": txn.network,
        "host": txn.host,
        "pan": mask_pan(txn.pan),
        "amount": txn.amount,
        "currency": txn.currency,
        "stan": txn.stan,
        "rrn": txn.rrn,
        "state": record.state,
        "response_code": record.response_code,
        "latency_us": record.latency_us,
    }


def _line(fields: dict[str, object]) -> str:
    return msgspec.json.encode({"level": "info", "process": "switch", **fields}).decode() + "\n"
