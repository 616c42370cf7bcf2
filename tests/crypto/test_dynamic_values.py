"""CVC3 and dCVV against published answers and pyemv, and what they refuse."""

from collections.abc import Callable
from typing import Any

import pyemv.cvv
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyemv.kd import derive_icc_mk_a

from switch.crypto import dynamic

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

Vectors = Callable[[str], list[Any]]
KEYS = st.binary(min_size=16, max_size=16)
KEY = bytes(range(16))


def card_key(imk: str, inputs: dict[str, Any]) -> bytes:
    return derive_icc_mk_a(bytes.fromhex(imk), inputs["pan"], inputs["psn"])


def test_the_cvc3_is_the_published_one(vectors: Vectors) -> None:
    whole = set()
    for vector in vectors("cvc3"):
        given_ = vector["inputs"]
        key = card_key(given_["imk_cvc3"], given_)
        initial = dynamic.ivcvc3(key, bytes.fromhex(given_["track2"]))
        found = dynamic.cvc3(key, initial, bytes.fromhex(given_["un"]), bytes.fromhex(given_["atc"]))
        assert found[-given_["digits"] :] == vector["expected"], vector["id"]
        whole.add(given_["digits"])
    assert whole == {3, 5}


def test_the_cvc3_starts_from_a_stored_ivcvc3(vectors: Vectors) -> None:
    for vector in vectors("cvc3_from_ivcvc3"):
        given_ = vector["inputs"]
        values = (bytes.fromhex(given_[name]) for name in ("ivcvc3", "un", "atc"))
        assert dynamic.cvc3(card_key(given_["imk_cvc3"], given_), *values) == vector["expected"], vector["id"]


@given(KEYS, st.binary(max_size=40), st.binary(min_size=4, max_size=4), st.binary(min_size=2, max_size=2))
def test_the_cvc3_is_pyemvs_with_zeros_in_front(key: bytes, track: bytes, un: bytes, atc: bytes) -> None:
    found = dynamic.cvc3(key, dynamic.ivcvc3(key, track), un, atc)
    assert found == pyemv.cvv.generate_cvc3(key, track, atc, un).zfill(5)


@pytest.mark.parametrize(("initial", "un", "atc"), [(b"12", b"1234", b"1"), (b"123", b"123", b"12"), (b"", b"", b"")])
def test_a_cvc3_over_values_of_other_lengths_is_refused(initial: bytes, un: bytes, atc: bytes) -> None:
    with pytest.raises(ValueError, match="IVCVC3 of 2 bytes"):
        dynamic.cvc3(KEY, initial, un, atc)


@pytest.mark.parametrize("size", [8, 24])
def test_a_cvc3_wants_a_double_length_key(size: int) -> None:
    with pytest.raises(ValueError, match=f"16 bytes, got {size}"):
        dynamic.cvc3(bytes(size), b"12", b"1234", b"12")
    with pytest.raises(ValueError, match=f"16 bytes, got {size}"):
        dynamic.ivcvc3(bytes(size), b"track")


def test_the_dcvv_is_the_published_one(vectors: Vectors) -> None:
    sources = set()
    for vector in vectors("dcvv"):
        given_ = vector["inputs"]
        key = card_key(given_["imk"], given_)
        found = dynamic.dcvv(key, given_["pan"], given_["expiry"], given_["service_code"], given_["atc"])
        assert found == vector["expected"], vector["id"]
        sources.add(vector["source"].split("/")[0])
    assert len(sources) == 2


@pytest.mark.parametrize(
    ("pan", "atc"), [("4111111111111111", "001"), ("4111111111111111", "00A1"), ("41111111111", "0001")]
)
def test_a_dcvv_over_what_is_not_public_is_refused_without_saying_the_pan(pan: str, atc: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        dynamic.dcvv(KEY, pan, "3012", "201", atc)
    assert pan not in str(caught.value)
