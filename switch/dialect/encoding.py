"""What the host dialects share: from fields to bytes with classes checked, and the version of what comes back.

The codec checks lengths and encodings only; what this switch puts on a wire has the right characters too."""

from collections.abc import Iterable, Mapping

from switch.dialect.canonical import Payment
from switch.message import Codec, MessageError, View

_MOST = 999_999_999_999
# The fields that an answer repeats, beside DE7 and DE11 which find its request, by their names in Payment.
ECHOED = (
    ("2", "pan"),
    ("3", "processing_code"),
    ("32", "acquirer"),
    ("37", "rrn"),
    ("41", "terminal"),
    ("42", "merchant"),
    ("49", "currency"),
)
LOCAL_TIME = (("12", "local_time"), ("13", "local_date"))


def encode(codec: Codec, fields: Mapping[str, str]) -> bytes:
    """The message of the fields that are not empty; raises MessageError naming the field."""
    present = {name: value for name, value in fields.items() if value}
    for name, value in present.items():
        op = codec.ops.get(name)
        if op is not None and not op.valid(value):
            raise MessageError(codec.name, name, f"expected {op.expected}")
    return codec.encode(present)


def amount(codec: Codec, payment: Payment) -> str:
    """DE4: 12 digits of minor units."""
    if not 0 <= payment.amount <= _MOST:
        raise MessageError(codec.name, "4", "expected 0 to 12 digits of minor units")
    return f"{payment.amount:012d}"


def echoed(view: View, fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What of `fields` stands in an answer, by name and without padding."""
    get = view.get
    return {name: value.strip() for field, name in fields if (value := get(field))}


def answered_amount(view: View) -> int | None:
    """DE4 of an answer, whose class has been checked."""
    value = view.get("4")
    return int(value) if value else None


def currency(codec: Codec, payment: Payment) -> str:
    """DE49: the number of the currency, where terminals may write letters."""
    if len(payment.currency) != 3 or not (payment.currency.isascii() and payment.currency.isdigit()):
        raise MessageError(codec.name, "49", "expected 3 digits")
    return payment.currency


def reason(codec: Codec, field: str, table: Mapping[str, str], payment: Payment) -> str:
    """The interface's code for why a reversal is sent."""
    code = table.get(payment.reason)
    if code is None:
        raise MessageError(codec.name, field, f"expected a reversal for {' or '.join(table)}")
    return code


def require_version(view: View, version: str) -> None:
    """Raises MessageError when the message type is not of the interface's version (0 is 1987, 1 is 1993)."""
    if view.mti[0] != version:
        error = MessageError(view.codec.name, "t", f"expected a message type that begins with {version}")
        error.partial = view.sound()
        raise error


def original_data(payment: Payment) -> str:
    """DE90 of 1987, 42 digits: original MTI, DE11, DE7, DE32 and DE33 (zeros when absent), all right-aligned."""
    return (
        f"{payment.original_mti:0>4}{payment.original_stan:0>6}{payment.original_transmission:0>10}"
        f"{payment.original_acquirer:0>11}{'0' * 11}"
    )
