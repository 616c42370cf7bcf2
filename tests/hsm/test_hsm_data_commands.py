"""CW and CY, M0 and M2, M6 and M8: card values, data and MACs through host commands."""

import re
import secrets
from typing import Any

import psec.des
import psec.mac
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from switch.crypto import card
from switch.hsm import requests

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

BLOCKS = st.integers(1, 12).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))
IV = st.binary(min_size=8, max_size=8)
DIGITS = "0123456789"


@given(
    st.text(DIGITS, min_size=12, max_size=19),
    st.text(DIGITS, min_size=4, max_size=4),
    st.sampled_from(["000", "999", "201"]),
)
def test_a_cvv_is_generated_and_only_that_one_verified(bench: Any, pan: str, expiry: str, service_code: str) -> None:
    cvk = bench.key("402")
    right = card.cvv(bench.clear("402"), pan, expiry, service_code)
    assert bench.ask(requests.generate_cvv(cvk, pan, expiry, service_code)) == f"CX00{right}"
    assert bench.ask(requests.verify_cvv(cvk, right, pan, expiry, service_code)) == "CZ00"
    wrong = f"{(int(right) + 1) % 1000:03d}"
    assert bench.ask(requests.verify_cvv(cvk, wrong, pan, expiry, service_code)) == "CZ01"


@pytest.mark.parametrize(
    "tail",
    [
        "4111111111111111;301220",
        "4111111111111111;30122011",
        "41111111111111112222;3012201",
        ";3012201",
        "4111111111111111",
    ]
    + ["411111111111111²;3012201", "4111 1111;3012201", "4111111111111111;30x2201"],
)
def test_a_card_value_over_anything_but_a_card_is_15(tail: str, bench: Any) -> None:
    assert bench.error(f"CW{bench.key('402')}{tail}") == "15"
    assert bench.error(f"CY{bench.key('402')}123{tail}") == "15"


@given(BLOCKS, IV)
def test_encrypted_data_is_psecs_and_comes_back(bench: Any, data: bytes, iv: bytes) -> None:
    key, clear = bench.key("00B"), bench.clear("00B")
    text = data.hex().upper()
    reply = requests.parse_reply(bench.hsm.handle(requests.encrypt_data(key, "00B", iv.hex().upper(), text)))
    cipher = psec.des.encrypt_tdes_cbc(clear, iv, data).hex().upper()
    assert requests.data_of(reply) == cipher
    assert reply.body[:16] == cipher[-16:], "the last block, to chain with"
    back = requests.parse_reply(bench.hsm.handle(requests.decrypt_data(key, "00B", iv.hex().upper(), cipher)))
    assert requests.data_of(back) == text
    assert back.body[:16] == cipher[-16:]


@given(BLOCKS, BLOCKS, IV)
def test_data_in_two_commands_chained_by_the_returned_iv_is_data_in_one(
    bench: Any, first: bytes, second: bytes, iv: bytes
) -> None:
    key = bench.key("00B")

    def encrypt(data: bytes, chain: str) -> tuple[str, str]:
        reply = requests.parse_reply(bench.hsm.handle(requests.encrypt_data(key, "00B", chain, data.hex().upper())))
        return requests.data_of(reply), reply.body[:16]

    whole, _ = encrypt(first + second, iv.hex().upper())
    head, chain = encrypt(first, iv.hex().upper())
    tail, _ = encrypt(second, chain)
    assert head + tail == whole


@given(BLOCKS, st.sampled_from("012"), st.sampled_from("012"), st.sampled_from(["00A", "00B", "30B"]))
def test_data_in_and_out_in_binary_text_or_hexadecimal(
    bench: Any, data: bytes, source: str, target: str, key_type: str
) -> None:
    def written(raw: bytes, form: str) -> bytes:
        return raw.hex().upper().encode() if form == "1" else raw

    head = f"M000{source}{target}{key_type}{bench.key(key_type)}".encode()
    sent = written(data, source)
    out = written(psec.des.encrypt_tdes_ecb(bench.clear(key_type), data), target)
    assert bench.hsm.handle(head + b"%04X" % len(sent) + sent) == b"M100" + b"%04X" % len(out) + out


def test_a_data_key_of_the_journal_is_wrapped_and_unwrapped(bench: Any) -> None:
    key, data_key, iv = bench.key("00B"), secrets.token_hex(32).upper(), secrets.token_hex(8).upper()
    wrapped = requests.data_of(requests.parse_reply(bench.hsm.handle(requests.encrypt_data(key, "00B", iv, data_key))))
    assert data_key not in wrapped
    found = requests.data_of(requests.parse_reply(bench.hsm.handle(requests.decrypt_data(key, "00B", iv, wrapped))))
    assert found == data_key


@pytest.mark.parametrize(
    ("head", "data", "error"),
    [
        ("0211", "0010" + "0" * 16, "15"),
        ("0131", "0010" + "0" * 16, "15"),
        ("0113", "0010" + "0" * 16, "15"),
        ("0111", "0000", "80"),
        ("0111", "0008" + "0" * 8, "80"),
        ("0111", "0011" + "0" * 17, "15"),
        ("0111", "0020" + "0" * 16, "80"),
        ("0111", "0010" + "0" * 17, "15"),
        ("0111", "0010" + "00 1122334455667", "15"),
        ("0111", "0010" + "00112233445566XX", "15"),
    ],
)
@pytest.mark.parametrize("code", ["M0", "M2"])
def test_data_that_is_not_whole_blocks_or_not_as_said_is_refused(
    code: str, head: str, data: str, error: str, bench: Any
) -> None:
    assert bench.error(f"{code}{head}00B{bench.key('00B')}{'0' * 16}{data}") == error


def mac_command(code: str, key_type: str, key: str, options: str, data: bytes) -> bytes:
    return f"{code}0{options}{key_type}{key}{len(data):04X}".encode() + data


@given(st.binary(max_size=80), st.sampled_from("012"), st.sampled_from("01"), st.sampled_from("12"), st.data())
def test_a_mac_is_psecs_and_only_that_one_verified(
    bench: Any, message: bytes, form: str, size: str, padding: str, data: Any
) -> None:
    key_type = data.draw(st.sampled_from(["003", "008"]))
    key, clear = bench.key(key_type), bench.clear(key_type)
    sent = message.hex().upper().encode() if form == "1" else message
    expected = {
        "1": psec.mac.generate_cbc_mac(clear, message, int(padding), 8),
        "3": psec.mac.generate_retail_mac(clear[:8], clear[8:], message, int(padding), 8),
    }
    for algorithm, mac in expected.items():
        text = mac.hex().upper()[: 16 if size == "1" else 8]
        options = f"{form}{size}{algorithm}{padding}"
        assert bench.ask(mac_command("M6", key_type, key, options, sent)) == f"M700{text}"
        verify = mac_command("M8", key_type, key, options, sent)
        assert bench.ask(verify + text.encode()) == "M900"
        flipped = f"{int(text[0], 16) ^ 1:X}{text[1:]}"
        assert bench.ask(verify + flipped.encode()) == "M901"


@pytest.mark.parametrize("options", ["3131", "1231", "1121", "1133", "x131"])
def test_mac_options_that_are_not_there_are_15(options: str, bench: Any) -> None:
    assert bench.error(mac_command("M6", "003", bench.key("003"), options, b"00" * 8)) == "15"


def test_without_padding_a_mac_takes_whole_blocks_only(bench: Any) -> None:
    whole = mac_command("M6", "003", bench.key("003"), "1130", b"00" * 8)
    assert bench.error(whole) == "00"
    assert bench.error(mac_command("M6", "003", bench.key("003"), "1130", b"00" * 7)) == "80"


def test_the_retail_mac_takes_a_double_length_key_only(bench: Any) -> None:
    for scheme, error in (("Z", "27"), ("U", "00"), ("T", "27")):
        assert bench.error(mac_command("M6", "003", bench.key("003", scheme), "1131", b"00" * 8)) == error
        assert bench.error(mac_command("M6", "003", bench.key("003", scheme), "1111", b"00" * 8)) == "00"


_PIECES = st.sampled_from([b"\x19", b"%01", b"%00", b"%", b"text", b"\xff"])
DATA = st.one_of(st.binary(min_size=1, max_size=80), st.lists(_PIECES, min_size=1, max_size=20).map(b"".join))


def retail_mac(bench: Any, data: bytes) -> str:
    return psec.mac.generate_retail_mac(bench.clear("003")[:8], bench.clear("003")[8:], data, 1).hex().upper()[:8]


@given(DATA, st.sampled_from(["", "%00"]), st.binary(max_size=32).filter(lambda text: b"\x19" not in text))
def test_a_mac_of_ma_is_over_all_of_the_data_before_the_last_x19(
    bench: Any, data: bytes, number: str, trailer: bytes
) -> None:
    """Whatever the data have in them: X'19', %nn."""
    assume(number or not re.search(rb"%[0-9]{2}\Z", data))
    end, mac = number.encode() + b"\x19" + trailer, retail_mac(bench, data)
    shown = f"\x19{trailer.decode('latin-1')}"
    assert bench.ask(b"MA" + bench.key("003").encode() + data + end) == f"MB00{mac}{shown}"
    assert bench.ask(b"MC" + bench.key("003").encode() + mac.encode() + data + end) == f"MD00{shown}"


@pytest.mark.parametrize(
    "data",
    [
        b"%",
        b"%1",
        b"%AB",
        b"a%1x",
        b"pay %100",
        b"a\x19" + 33 * b"b",
        b"%01a",
        b"\x19" + 40 * b"%00" + b".",
        50 * b"\x19" + 33 * b".",
    ],
)
def test_data_of_ma_are_not_cut_where_nothing_can_stand_behind_them(data: bytes, bench: Any) -> None:
    reply = bench.ask(b"MA" + bench.key("003").encode() + data)
    assert reply == f"MB00{retail_mac(bench, data)}"
