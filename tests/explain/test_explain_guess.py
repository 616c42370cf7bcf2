"""Interface, framing and header are guessed: right, or named among those that the bytes fit as well."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch import resources
from switch.explain import guess, shipped
from switch.explain.envelope import framings
from switch.explain.guess import LIKELY, reads_alike, unsure
from switch.explain.guesser import Guesser
from switch.explain.score import version
from switch.message import Codec, build_visa_header, build_visa_reject, make_framer, parse_framing
from switch.message.mask import luhn_check_digit

NAMES = [codec.name for codec in shipped()]
_CLASS = re.compile(r"(x\+n|[a-z]+) ?([0-9]*)(\.\.)?([0-9]*)")
_ALPHABETS = {"n": "0123456789", "a": "ABCXYZabc", "an": "ABCXYZ0189", "z": "0123456789"}
# What real messages carry, where the length fits: there the guess has something to go by.
_REAL = {
    "2": ("4111111111111111", "5555555555554444"),
    "3": ("000000", "010000", "200000"),
    "4": ("000000001234",),
    "7": ("0611191024", "1231235959"),
    "11": ("000001",),
    "12": ("211024", "260611211024", "20260611211024"),
    "13": ("0611",),
    "14": ("3012",),
    "18": ("5411",),
    "22": ("051", "0510", "510101513344"),
    "37": ("616219000001",),
    "38": ("A1B2C3",),
    "39": ("00", "000"),
    "41": ("TERM0001",),
    "42": ("MERCHANT0000001",),
    "49": ("978",),
    "70": ("301",),
}
_USUAL = ("3", "4", "7", "11", "12", "13", "37", "41", "49")


def _value(key: str, entry: dict[str, Any]) -> st.SearchStrategy[str]:
    """Values that the field can hold, real ones where there are."""
    said = _CLASS.fullmatch(entry.get("class", "ans"))
    assert said is not None
    kind, exact, _, most_said = said.groups()
    most, fixed = entry["max_len"], not entry["len_type"]
    fitting = [
        value for value in _REAL.get(key, ())
        if (len(value) == most if fixed else len(value) <= most)
    ]  # fmt: skip
    if fitting and (entry["data_enc"] != "b" or entry.get("len_count") == "nibbles"):
        return st.sampled_from(fitting)
    most = min(most, int(most_said or exact or most)) if kind != "x+n" else most
    size = most if fixed else min(most, 12)
    if entry["data_enc"] == "b" and entry.get("len_count") != "nibbles":
        return st.binary(
            min_size=entry["max_len"] if fixed else 1, max_size=entry["max_len"] if fixed else min(12, entry["max_len"])
        ).map(lambda raw: raw.hex().upper())
    if kind == "x+n":
        return st.text("0123456789", min_size=size - 1, max_size=size - 1).map(lambda digits: f"D{digits}")
    if kind == "b":
        return st.binary(min_size=size // 2, max_size=size // 2).map(lambda raw: raw.hex().upper())
    if kind == "z":
        return st.just("4111111111111111D30122010000012345"[:most])
    return st.text(_ALPHABETS.get(kind, "ABCxyz0189 "), min_size=size if fixed else 1, max_size=size)


def _messages(codec: Codec) -> st.SearchStrategy[dict[str, str]]:
    entries = {key: dict(codec.spec.fields[key]) for key in codec.spec.fields if key.isdigit() and int(key) > 1}
    values = {
        key: _value(key, entry)
        for key, entry in entries.items()
        if key != "65" and (key in _REAL or key not in codec.subs)
    }
    usual = [key for key in _USUAL if key in values]
    more = st.lists(st.sampled_from(sorted(values)), max_size=8, unique=True)
    mtis = st.sampled_from([f"{version(codec)}{rest}" for rest in ("100", "110", "200", "210", "400", "420", "800")])
    header = {} if codec.header is None else {"h": st.just("6000010002".ljust(2 * codec.header.op.size, "0"))}
    return more.flatmap(
        lambda keys: st.fixed_dictionaries({"t": mtis, **header, **{key: values[key] for key in {*usual, *keys}}})
    )


@pytest.mark.parametrize("name", NAMES)
def test_messages_of_every_shipped_interface_are_guessed_or_listed_first(name):
    codec = next(each for each in shipped() if each.name == name)

    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(_messages(codec))
    def check(fields: dict[str, str]) -> None:
        candidates = guess(codec.encode(fields), shipped(), None)
        assert candidates[0].fit.error is None
        assert name in [candidate.codec.name for candidate in unsure(candidates)]
        assert "none" in [candidate.framing for candidate in unsure(candidates)]

    check()


@pytest.mark.parametrize("framing", framings())
def test_every_length_is_found(framing, fields, codec):
    message = codec("pos-1987-ascii").encode(fields)
    framed = message if framing == "none" else make_framer(parse_framing(framing)).wrap(message)
    best = guess(framed, shipped(), None)[0]
    assert (best.codec.name, best.fit.error) == ("pos-1987-ascii", None)
    assert best.framing == framing


def test_a_tpdu_is_found_behind_a_length(fields, codec):
    framed = make_framer(parse_framing("len2+tpdu")).wrap(
        bytes.fromhex("6000010002") + codec("pos-1987-ascii").encode(fields)
    )
    best = guess(framed, shipped(), None)[0]
    assert (best.framing, best.header.kind, best.fit.error) == ("len2", "tpdu", None)


@pytest.fixture
def sign_on(codec) -> bytes:
    return codec("visa").encode({"t": "0800", "7": "0611191024", "11": "000001", "37": "616219000001", "70": "071"})


def test_a_visa_header_is_found_and_taken_apart(sign_on, meanings):
    framed = make_framer("visa4").wrap(build_visa_header(len(sign_on), source="123456", destination="654321") + sign_on)
    found = meanings(framed)
    assert found["h.5"][0] == "654321"
    assert found["h.6"][0] == "123456"
    assert found["70"] == ("071", "sign-on")


def test_a_visa_reject_is_shown_with_the_message_that_it_returns(sign_on, read):
    header = build_visa_header(len(sign_on), source="123456", destination="654321")
    (message,) = read(build_visa_reject(header + sign_on, b"\x80\x00", "0003"))
    nodes = {node.name: node.value for node in message.nodes}
    assert nodes["Reject code"] == "0003"
    assert message.candidates[0].header.kind == "visa reject"
    assert nodes["Message type"] == "0800"


def test_a_header_that_lies_about_the_length_is_said_to(sign_on, read):
    header = build_visa_header(len(sign_on) + 1, source="123456", destination="654321")
    (message,) = read(header + sign_on)
    assert message.error is None
    assert "header: total length differs from the frame" in message.candidates[0].reasons


def test_the_literal_before_the_message_type_is_passed_over(fields, codec, read):
    (message,) = read(b"ISO025000050" + codec("pos-1987-ascii").encode(fields))
    assert (message.candidates[0].header.kind, message.error) == ("iso", None)


def test_the_framing_that_was_named_is_the_only_one_tried(purchase):
    assert {candidate.framing for candidate in guess(purchase, shipped(), "len2")} == {"len2"}
    assert not [each for each in guess(purchase, shipped(), "ascii4") if each.fit.error is None]
    with pytest.raises(ValueError, match="framing"):
        guess(purchase, shipped(), "len3")


def test_a_message_type_tells_versions_apart_where_fields_do_not(codec):
    for mti, names in (("0800", {"iso-1987-ascii", "pos-1987-ascii"}), ("1800", {"iso-1993-ascii"})):
        bare = codec("pos-1987-ascii").encode({"t": mti, "11": "000001"})
        assert {candidate.codec.name for candidate in unsure(guess(bare, shipped(), None))} == names


def test_what_is_not_read_to_its_end_is_never_likely(purchase):
    for end in range(30, len(purchase) - 1, 7):
        assert all(each.points < LIKELY for each in guess(purchase[2:end], shipped(), None) if each.fit.error)


def test_a_spec_that_was_named_is_used_however_badly_it_fits(purchase, read):
    (message,) = read(purchase, spec="mastercard")
    assert message.error is not None
    (message,) = read(purchase, spec="visa")
    assert message.name.startswith(("visa", "unknown"))


def test_when_nothing_tells_two_interfaces_apart_both_are_listed_with_reasons(codec):
    """Without fields of other lengths a reading of the other version is as good, but for the message type."""
    bare = codec("pos-1987-ascii").encode({"t": "8800", "11": "000001"})
    found = unsure(guess(bare, shipped(), None))
    assert {"pos-1987-ascii", "iso-1993-ascii"} <= {candidate.codec.name for candidate in found}
    assert all("whole message read" in candidate.reasons for candidate in found)


def test_a_clear_case_is_one_candidate_with_its_reasons(purchase):
    best, *others = unsure(guess(purchase, shipped(), None))
    assert all(reads_alike(best, other) for other in others)
    assert best.reasons[0] == "whole message read"
    assert "0200 is financial request, acquirer" in best.reasons
    assert any(reason.startswith("values right in 2, 3, 7") for reason in best.reasons)


def test_wrong_check_digits_and_dates_cost_points(fields, codec):
    right = codec("pos-1987-ascii").encode(fields)
    wrong_digit = str((int(luhn_check_digit(fields["2"][:-1])) + 1) % 10)
    wrong = codec("pos-1987-ascii").encode({**fields, "2": fields["2"][:-1] + wrong_digit, "7": "1399191024"})
    points = [guess(message, shipped(), None)[0] for message in (right, wrong)]
    assert points[0].points > points[1].points
    assert "values that cannot be in 2, 7" in points[1].reasons


PUBLIC = json.loads(resources.read_text("fixtures", "golden_messages.json"))["messages"]


@pytest.mark.parametrize(
    "message", [each for each in PUBLIC if not each["changes"]], ids=lambda message: message["about"]
)
def test_public_messages_of_shipped_layouts_are_guessed(message, read):
    (found,) = read(bytes.fromhex(message["hex"]))
    assert found.error is None
    assert message["spec"] in [candidate.codec.name for candidate in found.candidates]


@pytest.mark.parametrize("name", NAMES)
def test_the_reading_that_is_taken_has_the_most_points(name, codec, fields, fitting, read):
    """Also behind a length, a TPDU and what a spec has itself as its header."""
    message = codec(name).encode(fitting(codec(name), fields))
    for data in (message, len(message).to_bytes(2, "big") + message, message[: len(message) // 2], message * 2):
        for each in read(data):
            points = [candidate.points for candidate in each.candidates]
            assert points == sorted(points, reverse=True)


def test_the_points_of_a_message_are_those_by_which_it_was_ranked(codec, fields, read):
    inner = codec("pos-1987-bcd").encode(
        {"h": "6000010002", "t": "0200", "3": "000000", "7": "0611191024", "11": "000001"}
    )
    framed = len(inner).to_bytes(2, "big") + inner
    (message,) = read(framed)
    assert message.candidates[0].points == guess(framed, shipped(), None)[0].points


def test_a_further_payload_is_read_as_the_one_before_when_that_is_as_clear(codec, fields, monkeypatch):
    whole: list[bytes] = []

    def counting(data, codecs, framing):
        whole.append(data)
        return guess(data, codecs, framing)

    monkeypatch.setattr("switch.explain.guesser.guess", counting)
    guesser = Guesser(shipped(), None)
    encode = codec("pos-1987-ascii").encode
    messages = [encode({**fields, "11": f"{number:06d}"}) for number in range(5)]
    found = [guesser.guess(message) for message in messages]
    assert whole == messages[:1]
    assert [each[0].name for each in found] == ["pos-1987-ascii, none"] * 5
    assert [each[0].fit.view["11"] for each in found] == [f"{number:06d}" for number in range(5)]
    # What is no such message is guessed afresh: another interface, a wrong value, one cut off.
    others = [codec("mastercard").encode({"t": "0800", "7": "0611191024", "11": "000001", "70": "270"}),
              encode({**fields, "7": "9999999999"}), messages[0][:-3]]  # fmt: skip
    names = [guesser.guess(message)[0].codec.name for message in others]
    assert whole == [messages[0], *others]
    assert names[0] == guess(others[0], shipped(), None)[0].codec.name == "mastercard"
    # And the earlier winner is still known.
    guesser.guess(encode({**fields, "11": "000077"}))
    assert len(whole) == 4


@pytest.mark.parametrize("name", NAMES)
def test_read_as_before_and_guessed_afresh_are_the_same(name, codec, fields, fitting):
    guesser = Guesser(shipped(), None)
    for number in range(3):
        data = codec(name).encode(fitting(codec(name), {**fields, "11": f"{number:06d}", "37": f"{number:012d}"}))
        one, other = guesser.guess(data), guess(data, shipped(), None)
        assert [(each.name, each.points) for each in unsure(one)] == [
            (each.name, each.points) for each in unsure(other)
        ]
