"""KQ, KW and KU beside pyemv and public answers: every mode and scheme, and what is refused."""

import json
from typing import Any

import pyemv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.hsm.lmk import encrypt_key
from switch.resources import read_text

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

EVERY = json.loads(read_text("fixtures", "crypto_vectors_emv.json"))["vectors"]
PUBLISHED = [vector for vector in EVERY if vector["op"] == "emv_ac"]
PANS = st.text("0123456789", min_size=13, max_size=16)
LONG_PANS = st.text("0123456789", min_size=13, max_size=19)
PSNS, DATA = st.text("0123456789", min_size=2, max_size=2), st.binary(min_size=1, max_size=255)


def raw(*parts: bytes) -> str:
    return b"".join(parts).decode("latin-1")


def sized(data: bytes) -> str:
    return f"{len(data):02X}{raw(data)};"


def card(pan: str, psn: str) -> bytes:
    return bytes.fromhex((pan + psn)[-16:].rjust(16, "0"))


def sent(reply: str) -> bytes:
    assert reply[2:4] == "00"
    return reply[4:].encode("latin-1")


@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["id"])
def test_the_published_cryptograms_are_verified_and_answered(vector: dict[str, Any], bench: Any) -> None:
    given, expected = vector["inputs"], vector["expected"]
    clear = bytes.fromhex(given["imk_ac"])
    atc, un, data, arqc = (bytes.fromhex(text) for text in (given["atc"], given["un"], given["data"], expected["ac"]))
    data += b"\x80" if given["padding"] == 2 else b""
    code, scheme = {"none": ("KQ", "0"), "mc": ("KQ", "1"), "csk": ("KW", "2")}[given["skd"]]
    if given["mkd"] == "B" and len(given["pan"]) > 16:
        pytest.skip("its own test")
    key = encrypt_key(pyemv.tools.adjust_key_parity(clear), "109") if clear[:8] != clear[8:] else ""
    if not key:
        pytest.skip("a repeated key, which an HSM refuses")
    ahead = raw(card(given["pan"], given["psn"]), atc, un if code == "KQ" else b"")
    assert bench.ask(f"{code}0{scheme}{key}{ahead}{sized(data)}{raw(arqc)}") == f"{code[0]}{'RX'[code == 'KW']}00"
    if given["arc"] and "arpc1" in expected and code == "KQ" and scheme == "0":
        arc = bytes.fromhex(given["arc"])
        assert sent(bench.ask(f"{code}2{scheme}{key}{ahead}{raw(arqc, arc)}")).hex().upper() == expected["arpc1"]


@given(pan=PANS, psn=PSNS, atc=st.binary(min_size=2, max_size=2), un=st.binary(min_size=4, max_size=4), data=DATA)
@pytest.mark.parametrize("scheme", ["0", "1"])
def test_static_cryptograms_agree_with_pyemv(
    scheme: str, pan: str, psn: str, atc: bytes, un: bytes, data: bytes, bench: Any
) -> None:
    icc = pyemv.kd.derive_icc_mk_a(bench.clear("109"), pan, psn)
    session = icc if scheme == "0" else pyemv.kd.derive_common_sk(icc, atc + bytes(2) + un)
    arqc = pyemv.ac.generate_ac(session, data, padding_type=pyemv.ac.PaddingType.VISA)
    head = f"{scheme}{bench.key('109')}{raw(card(pan, psn), atc, un)}"
    answer = pyemv.ac.generate_arpc_1(icc, arqc, b"00")
    assert sent(bench.ask(f"KQ1{head}{sized(data)}{raw(arqc)}00")) == answer
    assert sent(bench.ask(f"KQ2{head}{raw(arqc)}00")) == answer
    assert bench.ask(f"KQ0{head}{sized(data)}{raw(arqc)}") == "KR00"
    wrong = bytes((arqc[0] ^ 1,)) + arqc[1:]
    assert bench.ask(f"KQ1{head}{sized(data)}{raw(wrong)}00") == "KR01"


@given(
    pan=LONG_PANS,
    psn=PSNS,
    atc=st.binary(min_size=2, max_size=2),
    data=DATA,
    iv=st.binary(min_size=16, max_size=16),
    csu=st.binary(min_size=4, max_size=4),
    more=st.binary(max_size=8),
)
@pytest.mark.parametrize("tree", ["0", "1"])
@pytest.mark.parametrize("scheme", ["0", "1", "2", "3"])
def test_session_cryptograms_agree_with_pyemv(
    scheme: str,
    tree: str,
    pan: str,
    psn: str,
    atc: bytes,
    data: bytes,
    iv: bytes,
    csu: bytes,
    more: bytes,
    bench: Any,
) -> None:
    derive = pyemv.kd.derive_icc_mk_a if scheme in "02" else pyemv.kd.derive_icc_mk_b
    icc = derive(bench.clear("109"), pan, psn)
    if scheme in "01":
        branch, height = {"0": (2, 16), "1": (4, 8)}[tree]
        session = pyemv.kd.derive_emv2000_tree_sk(icc, atc, height, branch, iv)
    else:
        session = pyemv.kd.derive_common_sk(icc, atc + bytes(6))
    digits = pan + psn if len(pan) % 2 == 0 else f"0{pan}{psn}"
    named = raw(card(pan, psn)) if scheme in "02" else f"{len(digits) // 2:02d}{raw(bytes.fromhex(digits))};"
    ahead = raw(iv) + named + tree if scheme in "01" else named
    head = f"{scheme}{bench.key('109')}{ahead}{raw(atc)}"
    arqc = pyemv.ac.generate_ac(session, data, padding_type=pyemv.ac.PaddingType.VISA)
    assert bench.ask(f"KW0{head}{sized(data)}{raw(arqc)}") == "KX00"
    first = pyemv.ac.generate_arpc_1(session, arqc, b"Z3")
    assert sent(bench.ask(f"KW1{head}{sized(data)}{raw(arqc)}Z3")) == first
    assert sent(bench.ask(f"KW2{head}{raw(arqc)}Z3")) == first
    second = pyemv.ac.generate_arpc_2(session, arqc, csu, more) + csu
    tail = f"{raw(csu)}{len(more)}{raw(more)}"
    assert sent(bench.ask(f"KW3{head}{sized(data)}{raw(arqc)}{tail}")) == second
    assert sent(bench.ask(f"KW4{head}{raw(arqc)}{tail}")) == second
    wrong = bytes((arqc[0] ^ 1,)) + arqc[1:]
    assert bench.ask(f"KW3{head}{sized(data)}{raw(wrong)}{tail}") == "KX01"


@given(pan=PANS, psn=PSNS, session_data=st.binary(min_size=8, max_size=8), message=st.binary(min_size=1, max_size=300))
@pytest.mark.parametrize("scheme", ["0", "1"])
def test_script_macs_agree_with_pyemv(
    scheme: str, pan: str, psn: str, session_data: bytes, message: bytes, bench: Any
) -> None:
    icc = pyemv.kd.derive_icc_mk_a(bench.clear("209"), pan, psn)
    if scheme == "0":
        session_data = bytes(6) + session_data[6:]
        session = pyemv.kd.derive_visa_sm_sk(icc, session_data[6:])
    else:
        session = pyemv.kd.derive_common_sk(icc, session_data)
    command = f"KU0{scheme}{bench.key('209')}{raw(card(pan, psn), session_data)}{len(message):04X}{raw(message)};"
    assert sent(bench.ask(command)) == pyemv.sm.generate_command_mac(session, message)


@pytest.mark.parametrize(
    ("code", "place", "wrong", "expected"),
    [
        ("KQ", 2, "3", "04"),
        ("KQ", 2, "A", "04"),
        ("KQ", 3, "2", "05"),
        ("KW", 2, "5", "04"),
        ("KW", 3, "4", "05"),
        ("KU", 2, "1", "67"),
        ("KU", 2, "4", "67"),
        ("KU", 3, "2", "05"),
    ],
)
def test_modes_and_schemes_that_are_none_have_errors_of_their_own(
    code: str, place: int, wrong: str, expected: str, bench: Any
) -> None:
    good = bench.commands()[code]
    assert bench.error(good[:place] + wrong + good[place + 1 :]) == expected


@pytest.mark.parametrize("code", ["KQ", "KW", "KU"])
def test_a_card_that_is_not_of_digits_is_15(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    assert (
        bench.error(good.replace(raw(bytes.fromhex("1111111111111100")), raw(bytes.fromhex("1111111111A11100"))))
        == "15"
    )


def test_no_data_is_81_and_less_than_said_80(bench: Any) -> None:
    ac, smi = bench.key("109"), bench.key("209")
    ahead = raw(card("4111111111111111", "00"), bytes(6))
    assert bench.error(f"KQ00{ac}{ahead}00;{raw(bytes(8))}") == "81"
    assert bench.error(f"KW02{ac}{ahead[:10]}00;{raw(bytes(8))}") == "81"
    assert bench.error(f"KU00{smi}{ahead}xx0000;") == "81"
    assert bench.error(f"KQ00{ac}{ahead}FF;{raw(bytes(8))}") == "80"
    assert bench.error(f"KQ00{ac}{ahead}08{raw(bytes(8))}:{raw(bytes(8))}") == "15"


@pytest.mark.parametrize("place", range(6))
def test_before_the_atc_of_a_visa_script_stand_six_zeros(place: int, bench: Any) -> None:
    ahead = raw(card("4111111111111111", "00"))
    data = bytes(place) + b"\x01" + bytes(7 - place)
    tail = f"0008{raw(bytes(8))};"
    assert bench.error(f"KU00{bench.key('209')}{ahead}{raw(data)}{tail}") == "15"
    assert bench.error(f"KU01{bench.key('209')}{ahead}{raw(data)}{tail}") == "00"


def test_a_tree_that_is_none_is_52(bench: Any) -> None:
    ahead = raw(bytes(16), card("4111111111111111", "00"))
    assert bench.error(f"KW20{bench.key('109')}{ahead}2{raw(bytes(10))}00") == "52"


def test_proprietary_data_has_eight_bytes_at_most_and_as_many_as_said(bench: Any) -> None:
    head = f"KW42{bench.key('109')}{raw(card('4111111111111111', '00'), bytes(10), bytes(4))}"
    assert bench.error(f"{head}8{raw(bytes(8))}") == "00"
    assert bench.error(f"{head}0") == "00"
    for tail in (f"9{raw(bytes(9))}", f"8{raw(bytes(7))}", f"7{raw(bytes(8))}", "A", ""):
        assert bench.error(head + tail) == "15"


def test_a_long_card_has_as_many_bytes_as_said_and_no_more_than_19_digits(bench: Any) -> None:
    head, tail = f"KW23{bench.key('109')}", f"{raw(bytes(10))}00"
    for digits, said, expected in (
        ("0512345678901234567801", "11", "00"),
        ("5123456789012345678901", "11", "15"),
        ("512345678901234501", "09", "00"),
        ("512345678901234501", "08", "15"),
        ("05123456789012345678901201", "13", "15"),
    ):
        assert bench.error(f"{head}{said}{raw(bytes.fromhex(digits))};{tail}") == expected
