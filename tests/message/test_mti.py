"""Message types: which expects an answer, what answers it, and how it is repeated."""

import pytest

from switch.message import is_repeat, is_request, mti_class, repeat_mti, reply_mti


@pytest.mark.parametrize(
    ("request_mti", "reply"),
    [("0100", "0110"), ("0200", "0210"), ("0401", "0410"), ("0421", "0430"), ("0800", "0810"), ("1421", "1430")]
    + [("1804", "1814"), ("0105", "0114"), ("0102", "0112")],
)
def test_an_answer_drops_the_repeat_and_keeps_the_origin(request_mti: str, reply: str) -> None:
    assert reply_mti(request_mti) == reply


@pytest.mark.parametrize("mti", ["0110", "0130", "0140", "0190"])
def test_an_answer_or_a_notification_expects_none(mti: str) -> None:
    assert not is_request(mti)


@pytest.mark.parametrize("mti", ["0140", "0150", "0190"])
def test_what_expects_no_answer_has_no_reply_type(mti: str) -> None:
    with pytest.raises(ValueError, match="expects no reply"):
        reply_mti(mti)


def test_requests_and_advices_expect_an_answer() -> None:
    assert is_request("0100") and is_request("0420") and is_request("1421")


@pytest.mark.parametrize(("mti", "repeated"), [("0400", "0401"), ("0401", "0401"), ("1420", "1421"), ("0402", "0403")])
def test_a_repeat_is_marked_once(mti: str, repeated: str) -> None:
    assert repeat_mti(mti) == repeated
    assert is_repeat(repeated)
    assert not is_repeat("0400")


def test_the_class_is_the_second_digit() -> None:
    assert [mti_class(mti) for mti in ("0100", "1420", "0800")] == ["1", "4", "8"]
