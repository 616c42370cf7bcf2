"""Message types: what their digits say, which expects an answer, what answers it, how it is repeated and advised."""

import re
from itertools import product

import pytest

from switch.message import MessageError, Mti, is_repeat, is_request, mti_class, parse_mti, repeat_mti, reply_mti
from switch.message.mti import CLASSES, FUNCTIONS, ORIGINS, VERSIONS

EVERY = ["".join(digits) for digits in product("0123456789", repeat=4)]


@pytest.mark.parametrize(
    ("request_mti", "reply"),
    [("0100", "0110"), ("0200", "0210"), ("0401", "0410"), ("0421", "0430"), ("0800", "0810"), ("1421", "1430")]
    + [("1804", "1814"), ("0105", "0114"), ("0102", "0112"), ("1140", "1150"), ("2143", "2152"), ("2161", "2170")]
    + [("9163", "9172"), ("0110", "0110"), ("0131", "0130"), ("1151", "1150")],
)
def test_an_answer_drops_the_repeat_and_keeps_the_origin(request_mti: str, reply: str) -> None:
    assert reply_mti(request_mti) == reply
    assert Mti(request_mti).reply() == Mti(reply)
    assert Mti(reply).is_response


@pytest.mark.parametrize("mti", ["0110", "0130", "0140", "1140", "1150", "2170", "0160", "1160", "0180", "0190"])
def test_nobody_waits_for_the_answer_to_an_answer_or_a_notification(mti: str) -> None:
    assert not is_request(mti)
    assert not Mti(mti).is_request


@pytest.mark.parametrize("mti", ["0140", "0150", "0160", "1160", "1170", "0180", "0190", "2180"])
def test_what_expects_no_answer_has_no_reply_type(mti: str) -> None:
    with pytest.raises(ValueError, match="function expects no reply"):
        reply_mti(mti)
    with pytest.raises(MessageError, match="function expects no reply"):
        Mti(mti).reply()


def test_requests_advices_and_the_instructions_of_2003_expect_an_answer() -> None:
    assert all(map(is_request, ("0100", "0420", "1421", "2160", "9160")))


@pytest.mark.parametrize(
    ("mti", "repeated"), [("0400", "0401"), ("0401", "0401"), ("1420", "1421"), ("0402", "0403"), ("0404", "0405")]
)
def test_a_repeat_is_marked_once(mti: str, repeated: str) -> None:
    assert repeat_mti(mti) == repeated
    assert Mti(mti).repeat() == Mti(repeated)
    assert is_repeat(repeated)
    assert not is_repeat("0400")


@pytest.mark.parametrize("mti", ["0106", "0107", "0108", "0109"])
def test_a_reserved_origin_has_no_repeat(mti: str) -> None:
    assert not is_repeat(mti)
    with pytest.raises(MessageError, match="reserved origin has no repeat"):
        repeat_mti(mti)


@pytest.mark.parametrize(
    ("mti", "advice"), [("0100", "0120"), ("0201", "0220"), ("0403", "0422"), ("0120", "0120"), ("1421", "1421")]
)
def test_what_was_asked_for_can_be_advised(mti: str, advice: str) -> None:
    assert Mti(mti).advice() == Mti(advice)


@pytest.mark.parametrize("mti", ["0110", "0130", "0140", "1150", "2160", "0180"])
def test_what_was_not_asked_for_cannot_be_advised(mti: str) -> None:
    with pytest.raises(MessageError, match="function has no advice"):
        Mti(mti).advice()


def test_the_class_is_the_second_digit() -> None:
    assert [mti_class(mti) for mti in ("0100", "1420", "0800")] == ["1", "4", "8"]


@pytest.mark.parametrize(
    ("mti", "name"),
    [
        ("0100", "authorisation request, acquirer"),
        ("0110", "authorisation response, acquirer"),
        ("0421", "reversal advice, acquirer, repeat"),
        ("1442", "chargeback notification, issuer"),
        ("1423", "chargeback advice, issuer, repeat"),
        ("0424", "reversal advice, other"),
        ("1304", "file action request, other"),
        ("1644", "administrative notification, other"),
        ("1740", "fee collection notification, acquirer"),
        ("0530", "reconciliation advice response, acquirer"),
        ("1814", "network management response, other"),
        ("2165", "authorisation instruction, other, repeat"),
        ("0165", "authorisation reserved function, other, repeat"),
        ("4096", "reserved class reserved function, reserved origin"),
    ],
)
def test_a_message_type_has_a_name(mti: str, name: str) -> None:
    assert Mti(mti).name == name


def test_the_parts_are_named() -> None:
    mti = Mti("1423")
    assert (mti.version, mti.message_class, mti.function, mti.origin) == ("1993", "chargeback", "advice", "issuer")
    assert [Mti(f"{version}100").version for version in "0128937"] == [
        "1987", "1993", "2003", "national", "private", "reserved", "reserved",
    ]  # fmt: skip
    assert (Mti("0100").is_advice, Mti("0120").is_advice, Mti("0130").is_advice) == (False, True, False)
    assert (Mti("1140").is_notification, Mti("1150").is_notification) == (True, False)


def test_a_message_type_is_a_value() -> None:
    assert {Mti("0100"): "a"}[parse_mti("0100")] == "a"
    assert sorted([Mti("0200"), Mti("0100")]) == [Mti("0100"), Mti("0200")]
    assert str(Mti("0100")) == f"{Mti('0100')}" == "0100"
    with pytest.raises(AttributeError):
        Mti("0100").text = "0200"


@pytest.mark.parametrize("text", ["", "010", "01000", "01 0", "+100", "01A0", "0٠00", "²100", "0100\n", "1_00"])
def test_anything_but_four_digits_is_refused_and_not_shown(text: str) -> None:
    for use in (
        Mti,
        is_request,
        is_repeat,
        reply_mti,
        repeat_mti,
        mti_class,
        lambda text: parse_mti(text, strict=False),
    ):
        with pytest.raises(MessageError) as caught:
            use(text)
        assert str(caught.value) == "message type: field t: expected 4 digits"


@pytest.mark.parametrize(
    ("text", "reserved"),
    [
        ("3100", "version"),
        ("0000", "class"),
        ("0900", "class"),
        ("0150", "function"),
        ("1160", "function"),
        ("2180", "function"),
        ("0106", "origin"),
        ("4096", "version and class and function and origin"),
    ],
)
def test_reserved_digits_are_refused_unless_they_are_allowed(text: str, reserved: str) -> None:
    with pytest.raises(MessageError, match=f"t: {reserved} reserved by ISO 8583"):
        parse_mti(text)
    assert parse_mti(text, strict=False).reserved == tuple(reserved.split(" and "))


@pytest.mark.parametrize("text", ["0100", "0140", "1150", "2160", "2175", "8999", "9000"])
def test_what_the_standard_has_or_leaves_to_others_is_taken(text: str) -> None:
    assert parse_mti(text).reserved == ()


def test_strict_parsing_takes_what_the_tables_name_and_no_more() -> None:
    named = {
        version + kind + function + origin
        for version, kind, function, origin in product("012", CLASSES, FUNCTIONS, ORIGINS)
        if FUNCTIONS[function].since <= version
    }
    assert {text for text in EVERY if text[0] not in "89" and not Mti(text).reserved} == named
    assert set(VERSIONS) == set("01289")


def test_every_message_type_has_a_name_and_its_relatives_are_types_or_a_message_error() -> None:
    for text in EVERY:
        mti = Mti(text)
        assert re.fullmatch(r"[a-z ]+, [a-z]+( origin)?(, repeat)?", mti.name)
        assert not (mti.is_request and mti.is_response)
        for relative in (mti.reply, mti.repeat, mti.advice):
            try:
                other = relative()
            except MessageError:
                continue
            assert other.text[:2] == text[:2]
        if mti.is_request:
            assert mti.reply().is_response and not mti.reply().is_request


def test_the_short_functions_say_the_same_as_the_value() -> None:
    for text in EVERY:
        mti = Mti(text)
        assert (is_request(text), is_repeat(text), mti_class(text)) == (mti.is_request, mti.is_repeat, text[1])
