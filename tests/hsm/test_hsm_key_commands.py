"""A0, A6, A8, BU, NC and B2: keys made, moved between zones and checked, and the two questions about the HSM."""

from typing import Any

import psec.des
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import aes, tdes
from switch.hsm import keycheck, requests
from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK
from switch.hsm.commands import HostCommands
from switch.hsm.faults import KeyFault
from switch.hsm.lmk import decrypt_key, encrypt_key, unwrap, wrap

SIZES = {"Z": 8, "U": 16, "X": 16, "T": 24, "Y": 24}


def sound(key: bytes) -> bool:
    try:
        keycheck.check(key, "10")
    except KeyFault:
        return False
    return True


KEYS = st.binary(min_size=16, max_size=16).map(tdes.odd_parity).filter(sound)


@pytest.mark.parametrize("scheme", sorted(SIZES))
@pytest.mark.parametrize("key_type", ["000", "001", "002", "003", "402", "00B"])
def test_a_generated_key_is_sound_and_comes_with_its_check_value(key_type: str, scheme: str, bench: Any) -> None:
    key, kcv = requests.generated_key(requests.parse_reply(bench.hsm.handle(requests.generate_key(key_type, scheme))))
    clear = decrypt_key(key, key_type)
    assert len(clear) == SIZES[scheme]
    keycheck.check(clear, "10")
    assert kcv == tdes.key_check_value(clear)[:6]


def test_no_two_generated_keys_are_one(bench: Any) -> None:
    assert len({bench.ask("A00001U") for _ in range(50)}) == 50


def test_a_key_generated_for_a_zone_opens_under_the_lmk_and_under_the_zone_master_key(bench: Any) -> None:
    for mark in ("", ";0"):
        reply = bench.ask(f"A01001U{mark}{bench.key('000')}X")
        assert reply[:4] == "A100"
        under_lmk, under_zmk, kcv = reply[4:37], reply[37:70], reply[70:]
        assert decrypt_key(under_lmk, "001") == unwrap(bench.clear("000"), under_zmk)
        assert kcv == tdes.key_check_value(decrypt_key(under_lmk, "001"))[:6]


@given(KEYS, st.sampled_from("UX"), st.sampled_from(["001", "002", "402", "00B"]))
def test_a_key_exported_and_imported_is_the_same_key(bench: Any, clear: bytes, scheme: str, key_type: str) -> None:
    key, zmk = encrypt_key(clear, key_type), bench.key("000")
    exported = bench.ask(f"A8{key_type}{zmk}{key}{scheme}")
    assert exported[:4] == "A900"
    assert unwrap(bench.clear("000"), exported[4:37]) == clear
    assert bench.ask(f"A6{key_type}{zmk}{exported[4:37]}U") == f"A700{key}{exported[37:]}"


@given(KEYS, st.integers(0, 15))
def test_an_imported_key_of_bad_parity_is_fixed_and_said_so(bench: Any, clear: bytes, place: int) -> None:
    bad = clear[:place] + bytes((clear[place] ^ 1,)) + clear[place + 1 :]
    reply = bench.ask(f"A6001{bench.key('000')}{wrap(bench.clear('000'), bad, 'X')}U")
    assert reply == f"A701{encrypt_key(clear, '001')}{tdes.key_check_value(clear)[:6]}"


@pytest.mark.parametrize(
    "clear", ["00" * 16, "01" * 16, "0123456789ABCDEF" * 2, "FEDCBA9876543210" + "1F1F1F1F0E0E0E0E"]
)
def test_a_weak_key_is_not_imported(clear: str, bench: Any) -> None:
    assert bench.error(f"A6001{bench.key('000')}{wrap(bench.clear('000'), bytes.fromhex(clear), 'X')}U") == "75"


@pytest.mark.filterwarnings("ignore:.*TripleDES")
@given(st.sampled_from(sorted(SIZES)), st.sampled_from(["000", "001", "002", "402", "00A"]))
def test_a_check_value_is_psecs_in_full_or_in_short(bench: Any, scheme: str, key_type: str) -> None:
    key, flag = bench.key(key_type, scheme), {8: "0", 16: "1", 24: "2"}[SIZES[scheme]]
    full = psec.des.generate_kcv(bench.clear(key_type, SIZES[scheme]), 8).hex().upper()
    assert bench.ask(f"BUFF{flag}{key};{key_type}") == f"BV00{full}"
    assert bench.ask(f"BUFF{flag}{key};{key_type};000") == f"BV00{full}"
    assert bench.ask(f"BUFF{flag}{key};{key_type};001") == f"BV00{full[:6]}"
    assert bench.ask(f"BU{key_type[0]}{key_type[2]}{flag}{key}") == f"BV00{full}"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("FF2{key};001", "05"),
        ("FF3{key};001", "05"),
        ("FFx{key};001", "05"),
        ("FF1{key}", "04"),
        ("FF1{key};0x1", "04"),
        ("ZZ1{key}", "04"),
        ("²01{key}", "04"),
        ("FF1{key};001;0x1", "15"),
        ("FF1{key};001;002", "15"),
        ("FF1{key};001;011", "15"),
        ("FFF{key};001", "05"),
        ("01F{key}", "05"),
        ("FF1{key};002", "10"),
    ],
)
def test_a_check_value_asked_wrongly_is_refused(body: str, error: str, bench: Any) -> None:
    assert bench.error("BU" + body.format(key=bench.key("001"))) == error


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("A00FFFU", "04"),
        ("A00001Q", "26"),
        ("A02001U", "15"),
        ("A00001S", "26"),
        ("A01001U{zmk}Z", "27"),
        ("A01001U{zmk}Q", "26"),
        ("A6FFF{zmk}{zmk}U", "04"),
        ("A6001{zmk}{zmk}T", "27"),
        ("A8001{zmk}{zpk}T", "27"),
        ("A8001{zpk}{zpk}U", "10"),
        ("A8001{zmk}{zmk}U", "11"),
        ("A8001S{zpk}U", "26"),
    ],
)
def test_a_key_command_that_cannot_be_done_says_why(command: str, error: str, bench: Any) -> None:
    assert bench.error(command.format(zmk=bench.key("000"), zpk=bench.key("001"))) == error


@pytest.mark.parametrize(("number", "algorithm"), [("01", "T2"), ("01", "T3"), ("02", "T2"), ("02", "A2")])
def test_the_check_value_of_a_block_has_the_length_of_its_type(number: str, algorithm: str, bench: Any) -> None:
    made = bench.ask(f"A00FFFS%{number}#D0{algorithm}N00E00")
    block, short = made[4:-6], made[-6:]
    full = bench.ask(f"BUFFF{block};FFF;000%{number}")
    assert (full[:10], len(full)) == (f"BV00{short}", 20)
    for told in ("", ";FFF", ";FFF;001"):
        assert bench.ask(f"BUFFF{block}{told}%{number}") == f"BV00{short}"
    clear = {"01": TEST_BLOCK_LMK, "02": TEST_AES_LMK}[number].open(block)
    if algorithm[0] == "T":
        assert full[4:] == tdes.key_check_value(clear)
    else:
        assert full[4:] == aes.cmac(clear, bytes(16)).hex().upper()[:16]
    for flag in "012":
        assert bench.error(f"BUFF{flag}{block};FFF%{number}") == "05"


def test_diagnostics_tell_the_lmk_and_the_firmware(bench: Any) -> None:
    reply = bench.ask(requests.diagnostics())
    assert reply[:4] == "ND00"
    assert reply[4:20] == "2686040000000000"
    assert len(reply[20:]) == 9


@given(st.text(st.characters(max_codepoint=255), max_size=300))
def test_an_echo_returns_any_bytes(data: str) -> None:
    assert HostCommands().handle(requests.echo(data)) == b"B300" + data.encode("latin-1")


@pytest.mark.parametrize(
    ("command", "error"),
    [("B20005ABCD", "80"), ("B20003ABCD", "15"), ("B2", "15"), ("B2xxxxAB", "15"), ("B2-001A", "15")],
)
def test_an_echo_of_another_length_than_said_is_refused(command: str, error: str, bench: Any) -> None:
    assert bench.ask(command) == f"B3{error}"
