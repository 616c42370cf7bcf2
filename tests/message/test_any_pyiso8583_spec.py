"""Specs that hypothesis makes of pyiso8583's keys: both read and write the same, or we refuse for a listed reason."""

from typing import Any

import iso8583
from hypothesis import given
from hypothesis import strategies as st

from switch.message import Codec, MessageError, compile_spec

ENCODINGS = ("ascii", "latin-1", "cp500", "cp037", "cp1252", "koi8-r")
# What docs/messages.rst says is refused beyond what pyiso8583 refuses.
STRICTER = (
    "length is no number",
    "expected 4 digits",
    "expected 16 hexadecimal digits",
    "no third bitmap on this interface",
    "no second bitmap on this interface",
    "field is not part of the interface",
    "message is too long",
)
PADS = st.sampled_from(["0", "F", "A"])


@st.composite
def fields(draw: st.DrawFn, *, fixed: bool = False) -> dict[str, Any]:
    """One field's entry in pyiso8583's keys."""
    packed = draw(st.booleans())
    entry: dict[str, Any] = {"data_enc": "b" if packed else draw(st.sampled_from((*ENCODINGS, "b", "utf-8")))}
    entry["len_enc"] = draw(st.sampled_from((*ENCODINGS, "b", "bcd")))
    entry["len_type"] = 0 if fixed else draw(st.integers(0, 3))
    limit = {0: 20, 1: 9, 2: 30, 3: 40}[entry["len_type"]]
    entry["max_len"] = draw(st.integers(0, limit))
    if draw(st.booleans()):
        entry["len_count"] = draw(st.sampled_from(["bytes", "nibbles"]))
    for pad in ("left_pad", "right_pad"):
        if draw(st.booleans()):
            entry[pad] = draw(PADS)
    odd = entry.get("len_count") == "nibbles" and entry["max_len"] % 2 and not entry["len_type"]
    if odd and not ({"left_pad", "right_pad"} & entry.keys()):
        entry["left_pad"] = "0"
    return entry


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A whole spec: header or none, message type and bitmaps of any writing, some fields of all three bitmaps."""
    header = draw(fields()) if draw(st.booleans()) else {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 0}
    numbers = draw(st.lists(st.integers(2, 192).filter(lambda n: n != 65), min_size=1, max_size=8, unique=True))
    plain = {"len_enc": "ascii", "len_type": 0, "max_len": 0}
    return {
        "h": header,
        "t": {**plain, "data_enc": draw(st.sampled_from(("b", "ascii", "cp500")))},
        "p": {**plain, "data_enc": draw(st.sampled_from(("b", "ascii", "cp500")))},
        "1": {**plain, "data_enc": draw(st.sampled_from(("b", "ascii", "cp500")))},
        **{str(number): draw(fields()) for number in numbers},
    }


def _value(entry: dict[str, Any]) -> st.SearchStrategy[str]:
    """A value whose count in the entry's unit fits."""
    most, variable = entry["max_len"], bool(entry["len_type"])
    least = 0 if variable else most
    nibbles = entry.get("len_count") == "nibbles"
    if entry["data_enc"] == "b":
        padded = bool({"left_pad", "right_pad"} & entry.keys())
        times = 1 if nibbles else 2
        digits = st.text("0123456789ABCDEF", min_size=least * times, max_size=most * times)
        return digits if nibbles and padded else digits.map(lambda text: text[: len(text) // 2 * 2])
    # Two nibbles for a character, so that an odd fixed number of them cannot be said.
    size = most // 2 if nibbles else most
    return st.text("ABC 019", min_size=0 if variable else size, max_size=size)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Codec, dict[str, str]]:
    """A codec, and a message of it."""
    spec = draw(specs())
    keys = [key for key in spec if key not in ("t", "p", "1")]
    present = ["h"] * (spec["h"]["max_len"] > 0) + draw(st.lists(st.sampled_from(keys), unique=True))
    message = {"t": draw(st.text("0123456789", min_size=4, max_size=4))}
    message |= {key: draw(_value(spec[key])) for key in dict.fromkeys(present) if key != "h" or spec["h"]["max_len"]}
    return compile_spec(spec), message


def _written(codec: Codec, message: dict[str, str]) -> bytes | None:
    try:
        return bytes(iso8583.encode(dict(message), codec.spec.fields)[0])
    except iso8583.EncodeError:
        return None


@given(case=cases())
def test_both_write_the_same_or_neither(case: tuple[Codec, dict[str, str]]) -> None:
    codec, message = case
    theirs = _written(codec, message)
    if theirs is not None:
        assert codec.encode(message) == theirs
        return
    try:
        codec.encode(message)
    except MessageError:
        return
    raise AssertionError("pyiso8583 refuses what we write")


def _compare(codec: Codec, data: bytes) -> None:
    """The same result, or a refusal that they share or that is listed."""
    try:
        theirs: dict[str, str] | None = iso8583.decode(data, codec.spec.fields)[0]
    except (iso8583.DecodeError, KeyError):
        theirs = None
    try:
        ours: dict[str, str] | None = codec.decode(data)
    except MessageError as error:
        assert theirs is None or any(error.reason.startswith(reason) for reason in STRICTER), error.reason
        return
    assert theirs is not None, "pyiso8583 refuses what we read"
    # Bitmaps in hexadecimal are given back in upper case.
    assert ours == {key: value.upper() if key in ("p", "1") else value for key, value in theirs.items()}


@given(case=cases())
def test_both_read_the_same(case: tuple[Codec, dict[str, str]]) -> None:
    codec, message = case
    data = _written(codec, message)
    if data is not None:
        _compare(codec, data)
        decoded = codec.decode(data)
        assert {key: value for key, value in decoded.items() if key not in ("p", "1")} == message


@given(case=cases(), data=st.data())
def test_both_read_the_same_of_damaged_messages_or_we_refuse_for_a_listed_reason(
    case: tuple[Codec, dict[str, str]], data: st.DataObject
) -> None:
    codec, message = case
    raw = bytearray(_written(codec, message) or b"0100" + bytes(16))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw)))
        raw[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    _compare(codec, bytes(raw))


@given(case=cases(), data=st.data())
def test_a_splice_is_what_encoding_the_changed_fields_is(
    case: tuple[Codec, dict[str, str]], data: st.DataObject
) -> None:
    codec, message = case
    raw = _written(codec, message)
    if raw is None or not codec.ops:
        return
    view = codec.view(raw)
    assert view.splice({}) == raw
    key = data.draw(st.sampled_from(sorted(codec.ops)))
    value = data.draw(_value(dict(codec.spec.fields[key])))
    changed = {**message, key: value}
    try:
        expected = codec.encode(changed)
    except MessageError:
        return
    assert view.splice({key: value}) == expected
    assert codec.view(expected).splice({key: None}) == codec.encode({k: v for k, v in message.items() if k != key})
