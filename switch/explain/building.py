"""A message made from fields by path, alone or on the model of another. Its errors name the field, never its value."""

from collections.abc import Mapping, Sequence

from switch.explain.envelope import framing_of
from switch.explain.explained import Explained
from switch.message import (
    VISA_HEADER,
    Codec,
    Framing,
    MessageError,
    Mti,
    build_visa_header,
    make_framer,
)
from switch.message.tpdu import TPDU_BYTES, Tpdu

_NO_STATION = "000000"
_MOST_NESTED = 8


class BuildError(ValueError):
    """What was asked for cannot be a message; says which argument or field and what was expected."""


def from_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """The fields of `field=value` arguments by path; raises BuildError."""
    found: dict[str, str] = {}
    for number, argument in enumerate(arguments, 1):
        path, equals, value = argument.partition("=")
        if not equals or not _is_path(path):
            raise BuildError(f"argument {number}: expected field=value, with a field such as 2, 48.92 or 55.9F02")
        if path in found:
            raise BuildError(f"field {path}: given twice")
        found[path] = value
    return found


def from_object(document: object, path: str = "", depth: int = 0) -> dict[str, str]:
    """The fields of a JSON object, sub-elements nested or by path; raises BuildError."""
    if not isinstance(document, dict) or depth > _MOST_NESTED:
        raise BuildError(f"{f'field {path}' if path else 'JSON'}: expected an object of fields")
    found: dict[str, str] = {}
    for key, value in document.items():
        if not _is_path(str(key)):
            raise BuildError(f"{f'field {path}' if path else 'JSON'}: expected fields such as t, 2 or 48.92")
        inside = f"{path}.{key}".lstrip(".")
        if isinstance(value, str):
            found[inside] = value
        elif isinstance(value, dict):
            found.update(from_object(value, inside, depth + 1))
        else:
            raise BuildError(f"field {inside}: expected a string or an object of sub-elements")
    return found


def with_header(codec: Codec, fields: Mapping[str, str]) -> dict[str, str]:
    """`fields` with a TPDU of address 0000 when the interface has one in its messages and none is given."""
    is_tpdu = codec.header is not None and codec.header.op.size == TPDU_BYTES
    return {"h": bytes(Tpdu("0000", "0000")).hex(), **fields} if is_tpdu else dict(fields)


def doubts(codec: Codec, fields: Mapping[str, str]) -> list[str]:
    """What of `fields` no host takes: a message type that is none, values of other classes than the interface has.

    Each says which field it is and never its value. Raises BuildError, and MessageError for what cannot be encoded.
    """
    whole = {"t": "0800", **_whole(codec, fields)}
    view = codec.view(codec.encode(with_header(codec, whole)))
    reserved = _unknown(view.mti)
    found = [f"{codec.name}: field t: no such message type: {', '.join(reserved)} reserved"] if reserved else []
    inside = (path for path in fields if "." in path)
    for path in (*view.fields, *inside):
        try:
            view.check([path])
        except MessageError as error:
            found.append(f"{codec.name}: field {error.path}: {error.reason}")
    return found


def _unknown(mti: str) -> tuple[str, ...]:
    """Which digits of a message type no host knows; those of national and private versions as 2003 has them."""
    return Mti(mti).reserved or Mti("2" + mti[1:]).reserved


def build(codec: Codec, fields: Mapping[str, str], framing: str | None, header: bytes | None) -> bytes:
    """The message of `fields`, framed when a framing is named. `header` stands between the length and the message.

    Raises BuildError, and MessageError naming the field.
    """
    message = codec.encode(_whole(codec, fields))
    known = framing_of(framing) if framing is not None else None
    before = _header(known, message) if header is None else header
    return _framed(known, before + message)


def rebuild(like: Explained, fields: Mapping[str, str], framing: str | None, header: bytes | None) -> bytes:
    """The message `like` with `fields` changed; all its other bytes stay. Raises as `build` does."""
    chosen = like.candidates[0] if like.candidates else None
    view = chosen.fit.view if chosen is not None else None
    if like.error is not None or chosen is None or view is None:
        raise BuildError(f"the message to start from cannot be read: {like.error}")
    spliced = view.splice(fields)
    old = framing_of(chosen.framing)
    start = like.prefix + chosen.header.size
    before = like.frame[like.prefix : start] if header is None else header
    message = spliced[start:]
    if chosen.header.kind == "visa" and header is None:
        before = before[:3] + (len(before) + len(message)).to_bytes(2, "big") + before[5:]
    return _framed(old if framing is None else framing_of(framing), before + message)


def _whole(codec: Codec, fields: Mapping[str, str]) -> dict[str, str]:
    """Whole fields of `fields`: elements are put together, with those of the field's value when that is given too."""
    whole = {path: value for path, value in fields.items() if "." not in path}
    inside: dict[str, dict[str, str]] = {}
    for path, value in fields.items():
        top, dot, rest = path.partition(".")
        if dot:
            inside.setdefault(top, {})[rest] = value
    for top, parts in inside.items():
        if top not in codec.subs:
            raise MessageError(codec.name, f"{top}.{next(iter(parts))}", "field has no structure on this interface")
        given = codec.parse_sub(top, whole[top]) if top in whole else {}
        whole[top] = codec.build_sub(top, {**given, **parts})
    return whole


def _header(framing: Framing | None, message: bytes) -> bytes:
    """The header that a framing asks for, with nothing known about it but its form."""
    if framing is None:
        return b""
    tpdu = bytes(Tpdu("0000", "0000")) if framing.tpdu else b""
    if framing.header == VISA_HEADER:
        return tpdu + build_visa_header(len(message), source=_NO_STATION, destination=_NO_STATION)
    if framing.header:
        raise BuildError(f"framing {framing.name}: expected the {framing.header} bytes of its header beside it")
    return tpdu


def _framed(framing: Framing | None, frame: bytes) -> bytes:
    if framing is None:
        return frame
    try:
        return make_framer(framing).wrap(frame)
    except ValueError as error:
        raise BuildError(f"framing {framing.name}: {error}") from None


def _is_path(path: str) -> bool:
    return bool(path) and len(path) <= 64 and all(part and part.replace("#", "").isalnum() for part in path.split("."))
