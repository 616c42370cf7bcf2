"""Strategies of switch.testing: what they give is valid, shrinks small, and broken messages say how."""

from itertools import chain

import iso8583
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from switch.message import compile_spec, load_spec, luhn_check_digit, make_framer, shipped_specs
from switch.testing import KINDS, field_values, frames, messages, mutations

SLOW = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
SPEC = "pos-1987-ascii"
_TEXT = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 3, "max_len": 200}
_INSIDE = {
    "positional": {
        "kind": "positional",
        "parts": {"name": {"until": "/", "max_len": 9}, "land": 3, "zip": {"rest": True}},
    },
    "repeat": {
        "kind": "positional",
        "repeat": 6,
        "parts": {"type": 2, "sign": 1, "amount": {"max_len": 12, "class": "n"}},
    },
    "tlv": {
        "kind": "tlv",
        "tag": 2,
        "len": 2,
        "head": 1,
        "parts": {"42": {"sub": {"kind": "tlv", "tag": 2, "len": 2}}},
    },
    "bertlv": {"kind": "bertlv", "hex": True, "parts": {"9A": {"class": "n6", "max_len": 3}, "5F20": {"max_len": 26}}},
    "bitmap": {"kind": "bitmap", "width": 64, "enc": "ascii", "parts": {"2": {"len_type": 2, "max_len": 32}, "7": 4}},
    "dataset": {"kind": "dataset", "hex": True, "parts": {"*": {"sub": {"kind": "bertlv"}}}},
}


@pytest.mark.parametrize("spec", shipped_specs())
def test_messages_of_every_shipped_spec_are_valid(spec):
    @SLOW
    @given(messages(spec))
    def check(message):
        view = message.codec.view(message.raw)
        view.check()
        assert dict(message.fields) == {
            key: value for key, value in view.codec.decode(message.raw).items() if key in message.fields
        }

    check()


@SLOW
@given(messages(SPEC, "0200", ("2", "11", "35"), ()))
def test_pans_have_a_check_digit_and_track_2_is_of_the_same_card(message):
    pan = message.fields["2"]
    assert luhn_check_digit(pan[:-1]) == pan[-1]
    assert message.fields["35"].startswith(pan + "=")
    assert pan not in repr(message)
    assert iso8583.decode(message.raw, load_spec(SPEC).fields)[0]["2"] == pan


@pytest.mark.parametrize("kind", _INSIDE)
def test_structures_of_every_kind_are_made_from_their_parts(kind):
    spec = {key: load_spec(SPEC).fields[key] for key in ("h", "t", "p", "1", "11")}
    codec = compile_spec(spec | {"60": {**_TEXT, "sub": _INSIDE[kind]}})

    @SLOW
    @given(field_values(codec, "60"))
    def check(value):
        assert codec.parse_sub("60", value)

    check()


def test_the_smallest_message_with_chip_data_is_small():
    found = find(
        messages(SPEC),
        lambda message: "55" in message.fields,
        settings=settings(max_examples=2000, database=None, deadline=None),
    )
    # How far Hypothesis shrinks depends on its version and its luck: a few fields, not the dozens it began with.
    assert len(found.fields) <= 12
    assert len(found.fields["55"]) <= 12


def test_the_fields_asked_for_are_there_with_the_values_asked_for():
    @SLOW
    @given(messages(SPEC, "0100", {"3": "310000", "4": st.just("000000000007"), "11": ...}, ("62",)))
    def check(message):
        fields = dict(message.fields)
        assert (fields.pop("t"), fields.pop("3"), fields.pop("4")) == ("0100", "310000", "000000000007")
        assert {"11"} <= set(fields) <= {"11", "62"}

    check()
    with pytest.raises(InvalidArgument, match="no field 129"):
        field_values(SPEC, "129")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutation_changes_the_bytes_says_how_and_can_be_made_again(kind):
    @SLOW
    @given(mutations(messages(SPEC, "0100", ("2", "11", "41", "48"), ()), [kind]))
    def check(mutation):
        assert mutation.kind == kind
        assert mutation.data != mutation.of.raw
        assert mutation.what
        assert mutation.of.fields["2"] not in repr(mutation)
        assert mutation.again(mutation.of) == mutation

    check()


@pytest.mark.parametrize("framing", ["len2", "ascii4", "visa4", "len2+tpdu"])
def test_a_framer_finds_the_frames_of_a_stream_whatever_the_portions(framing):
    @SLOW
    @given(frames(st.binary(min_size=1, max_size=30), framing))
    def check(stream):
        framer = make_framer(framing)
        assert tuple(chain.from_iterable(framer.feed(chunk) for chunk in stream.chunks)) == stream.frames
        assert framer.keep_alives == stream.keep_alives
        assert framer.pending == 0

    check()
