"""How well bytes fit an interface: points from 0 to 100 with reasons. Knows no framing and no other interface."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from switch.cardnumbers import luhn_valid
from switch.explain import dates, tables
from switch.message import Codec, MessageError, Mti, View

_WHOLE, _TYPE, _VERSION, _CLASSES, _VALUES, _STRUCTURES = 40.0, 8.0, 8.0, 18.0, 18.0, 8.0
# Without anything to judge by, a message is half as likely as one that is right in all.
_HALF = 0.5
# Of two interfaces with the same layout, the one that says more about it.
_PER_STRUCTURE = 0.1
# What was read before a fault may be chance; a whole message hardly is.
_CUT_OFF = 0.6
_RARE_VERSIONS = "89"


@dataclass(frozen=True, slots=True)
class Fit:
    """`points` say how likely the bytes are a message of the codec; `view` holds what could be read.

    `wrong` are the fields whose values are not of their class, `judged` those whose values can be told right from
    wrong, and whether they are.
    """

    points: float
    reasons: tuple[str, ...]
    view: View | None = field(repr=False)
    error: MessageError | None
    wrong: tuple[str, ...] = ()
    judged: tuple[tuple[str, bool], ...] = ()


def fit(codec: Codec, frame: bytes, start: int) -> Fit:
    """How the message that begins at `start` in `frame` fits `codec`."""
    try:
        return _judge(codec.view(frame, start), None, frame, start)
    except MessageError as fault:
        return _judge(fault.partial, fault, frame, start)


def fit_if(codec: Codec, frame: bytes, start: int, *, whole: bool) -> Fit | None:
    """As `fit`, but None for a message that is read to its end when it should not be `whole`, and the other way."""
    try:
        view = codec.view(frame, start)
    except MessageError as fault:
        return None if whole else _judge(fault.partial, fault, frame, start)
    return _judge(view, None, frame, start) if whole else None


def _judge(view: View | None, error: MessageError | None, frame: bytes, start: int) -> Fit:
    if view is None:
        return Fit(0.0, (_said(error),), None, error)
    codec = view.codec
    wrong = _wrong_classes(view)
    reasons = [_said(error) if error else "whole message read"]
    points = _read(frame, start, error) * _WHOLE + _type(codec, view.mti, reasons)
    fields = len(view.fields)
    points += _CLASSES * ((fields - len(wrong)) / fields if fields else _HALF)
    if wrong:
        reasons.append(f"values of other classes in {', '.join(wrong)}")
    else:
        reasons.append(f"{fields} fields of their classes")
    judged = list(_judged(view, wrong))
    points += _VALUES * _share(judged, "values", reasons)
    structures = list(_structures(view))
    points += _STRUCTURES * _share(structures, "structures", reasons)
    points += _PER_STRUCTURE * sum(right for _, right in structures)
    if error:
        points *= _CUT_OFF
    return Fit(round(points, 1), tuple(reasons), view, error, tuple(wrong), tuple(judged))


def _said(error: MessageError | None) -> str:
    return f"field {error.path}: {error.reason}" if error else ""


def _read(frame: bytes, start: int, error: MessageError | None) -> float:
    """The share of the message that was read; half of it when there was a fault."""
    if error is None:
        return 1.0
    reached = (error.offset or start) - start
    return max(0.0, min(1.0, reached / max(1, len(frame) - start))) / 2


def _type(codec: Codec, mti: str, reasons: list[str]) -> float:
    known = Mti(mti)
    points = 0.0
    if not known.reserved:
        points += _TYPE / (2 if mti[0] in _RARE_VERSIONS else 1)
        reasons.append(f"{mti} is {known.name}")
    else:
        # Without its digits: they may be of something else.
        reasons.append(f"message type: reserved {', '.join(known.reserved)}")
    if mti[0] == version(codec):
        points += _VERSION
    elif mti[0] not in _RARE_VERSIONS:
        reasons.append("message type of another version")
    return points


@cache
def version(codec: Codec) -> str:
    """The first digit of the message types of an interface, by its name, else by its time of the transaction."""
    for year, digit in (("1987", "0"), ("1993", "1"), ("2003", "2")):
        if year in codec.name:
            return digit
    time = codec.spec.fields.get("12", {})
    packed = time.get("data_enc") == "b" and time.get("len_count") != "nibbles"
    return {12: "1", 14: "2"}.get(time.get("max_len", 6) * (2 if packed else 1), "0")


def _wrong_classes(view: View) -> list[str]:
    wrong = []
    for key in view.fields:
        try:
            view.check([key])
        except MessageError:
            wrong.append(key)
    return wrong


def _share(judged: list[tuple[str, bool]], what: str, reasons: list[str]) -> float:
    if not judged:
        return _HALF
    wrong = [path for path, right in judged if not right]
    if wrong:
        reasons.append(f"{what} that cannot be in {', '.join(wrong)}")
    else:
        reasons.append(f"{what} right in {', '.join(path for path, _ in judged)}")
    return (len(judged) - len(wrong)) / len(judged)


def _judged(view: View, wrong: list[str]) -> Iterator[tuple[str, bool]]:
    """The fields whose values can be told right from wrong."""
    for key in view.fields:
        if key in wrong:
            continue
        verdict = plausible(key, view.get(key, ""), view.mti)
        if verdict is not None:
            yield key, verdict


def plausible(path: str, value: str, mti: str) -> bool | None:
    """Whether the value of a field can be; None when there is nothing to judge it by."""
    form = dates.form_of(path, value, mti)
    if form:
        return not value.strip("0") or dates.split(form, value) is not None
    if path == "2":
        return luhn_valid(value) if value.isdigit() else False
    if path in ("49", "50", "51"):
        # Letters are allowed and prove nothing.
        return tables.is_currency(value[-3:]) if value.isdigit() else None
    if path == "3" and len(value) == 6:
        return bool(tables.code("transaction_type", value[:2]))
    if path == "18" and mti[:1] == "0":
        return bool(tables.category(value))
    if path == "39":
        return bool(tables.code("response" if len(value) == 2 else "action", value[-3:]))
    if path == "70" and mti[:1] == "0":
        return bool(tables.code("network_management", value[-3:]))
    if path == "41":
        return value.isprintable() and value.isascii()
    return None


def _structures(view: View) -> Iterator[tuple[str, bool]]:
    """The fields that have a structure inside, and whether it is there."""
    return ((key, view.fault(key) is None) for key in view.fields if key in view.codec.subs)
