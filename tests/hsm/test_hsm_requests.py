"""Commands as written by the client floor: their published text, and replies read without showing what is in them."""

from collections.abc import Callable
from typing import Any

import pytest

from switch.hsm import requests
from switch.hsm.requests import HsmError, HsmReply, parse_reply


def test_requests_are_the_published_commands(vectors: Callable[[str], list[dict[str, Any]]]) -> None:
    published = {v["id"]: v["inputs"].get("command_ascii", "").encode() for v in vectors("wire_")}
    zpk, pvk = "U1EF828AA8F6B80EB83E19FBC373F3A85", "X367930344805B1FAD6146EF4ED7502B3"
    cvk, account = "U9B4934384B19946B040CD702B4D58145", "550000025321"
    tpk = "0406FBB23A5214DF"
    built = {
        "v183": requests.echo("0123456789ABCDEF"),
        "v204": requests.translate_tpk_to_zpk(tpk, "BAB32D775A38E4AB", "AE7A708F877571A9", "01", "01", account),
        "v207": requests.translate_zpk_to_zpk("BAB32D775A38E4AB", zpk, "F7808F2CBEC63168", "03", "01", account),
        "v209": requests.generate_cvv(cvk, "4123456789012345", "8701", "101"),
        "v211": requests.verify_cvv(cvk, "561", "4123456789012345", "8701", "101"),
        "v215": requests.verify_pvv_tpk(tpk, pvk, "AE7A708F877571A9", "01", account, "1", "4402"),
        "v218": requests.verify_pvv_zpk(zpk, pvk, "91DDDA0A7C12CFAA", "01", account, "1", "4402"),
    }
    for name, command in built.items():
        assert command == published[name], name


@pytest.mark.parametrize(("scheme", "flag"), [("Z", "0"), ("U", "1"), ("X", "1"), ("T", "2"), ("Y", "2")])
def test_a_check_value_is_asked_with_the_flag_of_the_key_length(scheme: str, flag: str, bench: Any) -> None:
    command = requests.check_value(bench.key("001", scheme), "001")
    assert command[4:5].decode() == flag
    assert bench.error(command) == "00"


def test_a_translated_block_is_read_out_of_its_reply(bench: Any) -> None:
    command = requests.translate_zpk_to_zpk(
        bench.key("001"), bench.key("001"), bench.block("001"), "01", "01", bench.account
    )
    assert requests.translated_block(parse_reply(bench.hsm.handle(command))) == bench.block("001")


def test_a_reply_does_not_show_its_body() -> None:
    reply = HsmReply("JF", "00", "01234")
    assert "1234" not in repr(reply)
    assert repr(reply) == "HsmReply('JF', '00', 5 characters)"


def test_an_error_is_not_ok_and_is_named_by_code_and_number_alone() -> None:
    reply = parse_reply(b"CB20secret")
    assert not reply.ok
    with pytest.raises(HsmError, match=r"^HSM answered CB with error 20$"):
        reply.require()
    with pytest.raises(HsmError):
        requests.translated_block(reply)


@pytest.mark.parametrize("data", [b"", b"C", b"CB", b"CB0"])
def test_a_reply_too_short_for_code_and_error_is_an_error(data: bytes) -> None:
    with pytest.raises(HsmError, match="short"):
        parse_reply(data)


@pytest.mark.parametrize("body", ["", "04", "04" + "A" * 15, "04" + "A" * 15 + "g"])
def test_a_translation_without_a_block_is_an_error(body: str) -> None:
    with pytest.raises(HsmError, match="without a PIN block"):
        requests.translated_block(HsmReply("CB", "00", body))


@pytest.mark.parametrize("tail", ["", "0010", "0010AA", "00", "00x2AA", "0002AAA", "0002A", " 002AA", "0002Ax"])
def test_data_of_another_length_than_said_are_an_error_that_does_not_show_them(tail: str) -> None:
    with pytest.raises(HsmError, match=r"^HSM answered M3 with data of another length than said$"):
        requests.data_of(HsmReply("M3", "00", "0" * 16 + tail))
