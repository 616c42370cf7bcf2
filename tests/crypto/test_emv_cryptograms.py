"""Application cryptograms and their answers against public known answers, host commands and pyemv."""

from collections.abc import Callable
from typing import Any

import pyemv.ac
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import emv_cryptograms as ac
from switch.crypto import emv_keys, tdes

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

Vectors = Callable[[str], list[Any]]
KEYS = st.binary(min_size=16, max_size=16)
EIGHT = st.binary(min_size=8, max_size=8)
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def session_key(inputs: dict[str, Any]) -> bytes:
    """The key of a known answer, by its `skd`."""
    derive = {"A": emv_keys.icc_master_key_a, "B": emv_keys.icc_master_key_b}[inputs["mkd"]]
    card = derive(bytes.fromhex(inputs["imk_ac"]), inputs["pan"], inputs["psn"])
    atc, un = bytes.fromhex(inputs["atc"]), bytes.fromhex(inputs["un"])
    if inputs["skd"] == "none":
        return card
    if inputs["skd"] == "mc":
        return emv_keys.mchip_session_key(card, atc, un)
    assert inputs["skd"] == "csk"
    return emv_keys.ac_session_key(card, atc)


def test_cryptograms_and_answers_are_the_published_ones(emv_vectors: Vectors) -> None:
    seen = set()
    for vector in emv_vectors("emv_ac"):
        inputs, expected = vector["inputs"], vector["expected"]
        key = session_key(inputs)
        found = ac.application_cryptogram(key, bytes.fromhex(inputs["data"]), inputs["padding"])
        assert found.hex().upper() == expected["ac"], vector["id"]
        if "arpc1" in expected:
            answer = ac.arpc_method_1(key, found, bytes.fromhex(inputs["arc"]))
            assert answer.hex().upper() == expected["arpc1"], vector["id"]
        seen.add((inputs["skd"], inputs["padding"], "arpc1" in expected))
    assert {("none", 1, True), ("mc", 2, False), ("csk", 1, False)} <= seen


def test_the_host_command_for_a_card_key_has_this_cryptogram_and_answer(emv_vectors: Vectors) -> None:
    """KQ: mode, scheme, wrapped key (33), PAN and PSN (8), ATC (2), UN (4), length, data, ;, ARQC (8), ARC (2)."""
    card_keys = [vector["inputs"]["imk_ac"] for vector in emv_vectors("emv_ac") if vector["id"] == "v148"]
    for vector in emv_vectors("wire_KQ"):
        command = bytes.fromhex(vector["inputs"]["command_hex"])
        assert command[:4] == b"KQ10"
        pan_psn = command[37:45].hex()
        size = int(command[51:53], 16)
        data, arqc, arc = command[53 : 53 + size], command[54 + size : 62 + size], command[62 + size :]
        key = emv_keys.icc_master_key_a(bytes.fromhex(card_keys[0]), "4" + pan_psn[:-2], pan_psn[-2:])
        assert ac.cryptogram_is(ac.application_cryptogram(key, data, 1), arqc)
        answer = ac.arpc_method_1(key, arqc, arc).hex().upper()
        assert vector["expected"] == "KR00" + answer


def test_the_host_command_for_a_session_key_verifies(emv_vectors: Vectors) -> None:
    """KW: mode, scheme, wrapped key (33), PAN and PSN (8), ATC (2), length, data padded by the host, ;, ARQC (8)."""
    card_keys = [vector["inputs"]["imk_ac"] for vector in emv_vectors("emv_ac") if vector["id"] == "v148"]
    for vector in emv_vectors("wire_KW"):
        command = bytes.fromhex(vector["inputs"]["command_hex"])
        assert command[:4] == b"KW02"
        pan_psn, atc, size = command[37:45].hex(), command[45:47], int(command[47:49], 16)
        data, arqc = command[49 : 49 + size], command[50 + size : 58 + size]
        card = emv_keys.icc_master_key_a(bytes.fromhex(card_keys[0]), "4" + pan_psn[:-2], pan_psn[-2:])
        key = emv_keys.ac_session_key(card, atc)
        assert ac.application_cryptogram(key, data, 1) == arqc
        assert ac.application_cryptogram(key, data.rstrip(b"\0").removesuffix(b"\x80"), 2) == arqc
        assert vector["expected"] == "KX00"


@given(KEYS, st.binary(max_size=80), st.sampled_from([1, 2]))
def test_cryptograms_are_pyemvs(key: bytes, data: bytes, padding: int) -> None:
    expected = pyemv.ac.generate_ac(key, data, pyemv.ac.PaddingType(padding))
    assert ac.application_cryptogram(key, data, padding) == expected
    assert ac.application_cryptogram(key, data) == pyemv.ac.generate_ac(key, data)


@given(KEYS, EIGHT, st.binary(min_size=2, max_size=2), st.binary(min_size=4, max_size=4), st.binary(max_size=8))
def test_answers_are_pyemvs(key: bytes, arqc: bytes, arc: bytes, csu: bytes, proprietary: bytes) -> None:
    assert ac.arpc_method_1(key, arqc, arc) == pyemv.ac.generate_arpc_1(key, arqc, arc)
    assert ac.arpc_method_2(key, arqc, csu, proprietary) == pyemv.ac.generate_arpc_2(key, arqc, csu, proprietary)
    assert ac.arpc_method_2(key, arqc, csu) == pyemv.ac.generate_arpc_2(key, arqc, csu)


def test_keys_of_cards_and_transactions_push_no_others_out_of_the_cache() -> None:
    """A card key and a session key per payment: one context stays, for the answer."""
    before = tdes._ENCRYPT.made
    for atc in range(50):
        card = emv_keys.icc_master_key_a(KEY, f"4{atc:015}")
        key = emv_keys.ac_session_key(card, atc.to_bytes(2, "big"))
        ac.arpc_method_1(key, ac.application_cryptogram(key, bytes(40)), b"00")
    assert tdes._ENCRYPT.made - before <= 51


@given(EIGHT, EIGHT)
def test_cryptograms_are_the_same_only_when_they_are(left: bytes, right: bytes) -> None:
    assert ac.cryptogram_is(left, bytes(left))
    assert ac.cryptogram_is(left, right) == (left == right)
    assert not ac.cryptogram_is(left, left[:7])


LENGTHS: list[tuple[str, Callable[[bytes], bytes], int]] = [
    ("session key", lambda value: ac.application_cryptogram(value, b""), 16),
    ("session key", lambda value: ac.arpc_method_1(value, bytes(8), b"00"), 16),
    ("session key", lambda value: ac.arpc_method_2(value, bytes(8), bytes(4)), 16),
    ("ARQC", lambda value: ac.arpc_method_1(KEY, value, b"00"), 8),
    ("ARQC", lambda value: ac.arpc_method_2(KEY, value, bytes(4)), 8),
    ("response code", lambda value: ac.arpc_method_1(KEY, bytes(8), value), 2),
    ("card status update", lambda value: ac.arpc_method_2(KEY, bytes(8), value), 4),
]


@pytest.mark.parametrize(("what", "call", "size"), LENGTHS)
def test_another_length_is_refused_without_the_value(what: str, call: Callable[[bytes], bytes], size: int) -> None:
    call(b"\xa5" * size)
    for wrong in {0, size - 1, size + 1, 24} - {size}:
        with pytest.raises(ValueError, match=f"expected {size} bytes of {what}, got {wrong}") as caught:
            call(b"\xa5" * wrong)
        assert "a5" not in str(caught.value)


def test_more_proprietary_bytes_than_eight_are_refused() -> None:
    ac.arpc_method_2(KEY, bytes(8), bytes(4), bytes(8))
    with pytest.raises(ValueError, match="0 to 8 bytes of proprietary authentication data, got 9"):
        ac.arpc_method_2(KEY, bytes(8), bytes(4), bytes(9))


@pytest.mark.parametrize("padding", [0, 3])
def test_other_paddings_are_refused(padding: int) -> None:
    with pytest.raises(ValueError, match="padding method 1 or 2"):
        ac.application_cryptogram(KEY, b"data", padding)
