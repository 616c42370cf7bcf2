"""Strategies for valid messages and for the values of single fields of a spec."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from switch.message import Codec, MessageError, Mti
from switch.testing.cards import Card, cards
from switch.testing.message import Message, SpecLike, build, codec_of
from switch.testing.structures import elements
from switch.testing.values import plain_values

Draw = Callable[[st.SearchStrategy[Any]], Any]
Fields = Mapping[str, object] | Iterable[str]
# What a message of a class has at least, where its spec has it: ISO 8583:1987, table 4, in short.
_PAYMENT = ("2", "3", "4", "7", "11", "22", "41", "42", "49")
_TYPICAL = {"4": (*_PAYMENT, "90"), "8": ("7", "11", "70")}
_TYPICAL_1993 = {"4": (*_PAYMENT, "12", "24", "56"), "8": ("7", "11", "12", "24")}
_MOST_OPTIONAL = 8
# Of one message and no request: what it answers, and seals that only keys can make.
_NOT_OF_THEMSELVES = frozenset(("1", "38", "39", "64", "65", "96", "128"))


def field_values(spec: SpecLike, field: str) -> st.SearchStrategy[str]:
    """Valid values of one field, as Codec.encode takes them; raises InvalidArgument for a field the spec lacks."""
    codec = codec_of(spec)
    _require(codec, (field,))
    return cards(_longest_pan(codec)).flatmap(lambda card: _values(codec, field, card))


def messages(
    spec: SpecLike,
    mti: str | Iterable[str] | st.SearchStrategy[str] | None = None,
    fields: Fields | None = None,
    optional: Iterable[str] | None = None,
) -> st.SearchStrategy[Message]:
    """Valid messages of a spec by name, path, dict, Spec or Codec.

    `mti`: a message type, several, or a strategy; the common requests by default. `fields`: what every message has, by
    number, or a mapping to a value, to a strategy, or to `...` for any valid value; by default what the message type
    usually has. `optional`: what it may have beside; by default up to 8 others of the spec, () for none.
    Raises InvalidArgument for a field that the spec does not have.
    """
    codec = codec_of(spec)
    given: dict[str, object] | None = None
    if fields is not None:
        given = dict(fields) if isinstance(fields, Mapping) else dict.fromkeys(fields, ...)
        _require(codec, given)
    others = optional_fields(codec) if optional is None else list(optional)
    _require(codec, others)
    for field in others:
        # Here, for Hypothesis would blame the test for the time.
        _remembered(codec, field).validate()
    types, more, owners = _types(codec, mti), st.integers(0, 3), cards(_longest_pan(codec))

    @st.composite
    def draw_message(draw: Draw) -> Message:
        kind = draw(types)
        wanted = dict.fromkeys(typical_fields(codec, kind), ...) if given is None else given
        left = [field for field in others if field not in wanted]
        card = draw(owners)
        values = {field: _drawn(draw, codec, field, wish, card) for field, wish in wanted.items()}
        # One draw after the other, each name with its value: so shrinking can take any of them out.
        while left and len(values) - len(wanted) < _MOST_OPTIONAL and draw(more):
            field = draw(st.sampled_from(left))
            if field not in values:
                values[field] = draw(_values(codec, field, card))
            else:
                break
        header = {"h": draw(_header(codec))} if codec.spec.fields["h"]["max_len"] else {}
        return build(codec, {**header, "t": kind, **values})

    return draw_message()


def typical_fields(codec: Codec, mti: str) -> tuple[str, ...]:
    """The fields that a message of this type usually has, as far as the spec has them."""
    table = _TYPICAL if mti[0] == "0" else _TYPICAL_1993
    usual = table.get(mti[1], _PAYMENT if mti[0] == "0" else (*_PAYMENT, "12"))
    return tuple(field for field in usual if field in codec.spec.fields)


def _drawn(draw: Draw, codec: Codec, field: str, wish: object, card: Card) -> str:
    if wish is ...:
        return str(draw(_values(codec, field, card)))
    return str(draw(wish) if isinstance(wish, st.SearchStrategy) else wish)


def _values(codec: Codec, field: str, card: Card) -> st.SearchStrategy[str]:
    """Values that go with the card of the message, where the field is about it."""
    about_card = codec.spec.fields[field].get("mask") in ("pan", "track") or field == "14"
    return _strategy(codec, field, card) if about_card else _remembered(codec, field)


def _strategy(codec: Codec, field: str, card: Card | None = None) -> st.SearchStrategy[str]:
    entry = codec.spec.fields[field]
    if "sub" not in entry:
        return plain_values(field, entry, card, field=True).filter(lambda value: _fits(codec, field, value))
    made = elements(entry["sub"], entry, card).map(lambda inside: _built(codec, field, inside))
    return made.filter(lambda value: value is not None and _fits(codec, field, value)).map(str)


# Building a strategy costs more than drawing from it.
_remembered = lru_cache(maxsize=2048)(_strategy)


def _header(codec: Codec) -> st.SearchStrategy[str]:
    return plain_values("h", codec.spec.fields["h"], None, field=False)


def _built(codec: Codec, field: str, inside: Mapping[str, object]) -> str | None:
    """The value with these elements; None when they are too long for it together."""
    try:
        return codec.build_sub(field, inside)
    except MessageError:
        return None


def _fits(codec: Codec, field: str, value: str) -> bool:
    header = {"h": "00" * codec.spec.fields["h"]["max_len"]} if codec.spec.fields["h"]["max_len"] else {}
    try:
        codec.view(codec.encode({**header, "t": "0100", field: value})).check()
    except MessageError:
        return False
    return True


def _types(codec: Codec, mti: str | Iterable[str] | st.SearchStrategy[str] | None) -> st.SearchStrategy[str]:
    if isinstance(mti, st.SearchStrategy):
        return mti
    if mti is None:
        year = re.search(r"1993|2003", codec.name)
        version = {"1993": "1", "2003": "2"}.get(year[0] if year else "", "0")
        mti = [version + kind for kind in ("800", "100", "200", "400")]
    types = [mti] if isinstance(mti, str) else list(mti)
    for text in types:
        Mti(text)
    return st.sampled_from(types)


def optional_fields(codec: Codec) -> list[str]:
    """What a message of the spec may have beside what its type must."""
    return [name for name in codec.spec.fields if name.isdecimal() and name not in _NOT_OF_THEMSELVES]


def _longest_pan(codec: Codec) -> int:
    """What both the card number and track 2 of the spec can hold."""
    entry = codec.spec.fields.get("2", {})
    return min(19, int(entry.get("max_len", 19)))


def _require(codec: Codec, fields: Iterable[str]) -> None:
    for field in fields:
        if field not in codec.spec.fields or not field.isdecimal():
            raise InvalidArgument(f"{codec.name}: no field {field}")
