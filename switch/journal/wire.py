"""Records as they stand in the segment log: MessagePack maps with tags, for later versions to read."""

from collections.abc import Sequence

import msgspec

from switch.journal.records import Lookup, Outcome, Record


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """An Outcome without its transaction, which stands in the log already."""

    txn_id: int
    state: str
    response_code: str
    answered: int
    latency_us: int
    auth_code: str = ""
    reply: dict[str, str] = {}
    references: dict[str, str] = {}
    amount: int | None = None


Logged = Record | Ended
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[list[Logged]])


def is_durable(record: Logged) -> bool:
    """A question changes nothing."""
    return not isinstance(record, Lookup)


def encode_unit(unit: Sequence[Logged]) -> msgspec.Raw:
    """One unit; raises what msgspec raises on a value that has no bytes."""
    return msgspec.Raw(_encoder.encode([_slim(record) for record in unit]))


def encode_group(units: Sequence[msgspec.Raw]) -> bytes:
    return _encoder.encode(units)


def decode_group(data: bytes) -> list[list[Logged]]:
    """Raises msgspec.ValidationError on a record that this version does not know."""
    return _decoder.decode(data)


def _slim(record: Logged) -> Logged:
    if not isinstance(record, Outcome):
        return record
    return Ended(
        txn_id=record.txn.txn_id,
        state=record.state,
        response_code=record.response_code,
        answered=record.answered,
        latency_us=record.latency_us,
        auth_code=record.auth_code,
        reply=record.reply,
        references=record.references,
        amount=record.amount,
    )
