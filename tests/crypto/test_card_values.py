"""CVV, PVV and decimalisation against public known answers and psec."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psec.cvv import generate_cvv
from psec.pin import generate_visa_pvv

from switch.crypto import card
from switch.crypto.pinblock import account_of

# psec imports the cipher from its old place and gives it short keys.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

KEYS = st.binary(min_size=16, max_size=16)


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most or least)


def test_the_cvv_is_the_published_one_for_pans_of_12_to_19_digits(vectors: Callable[[str], list[Any]]) -> None:
    lengths = set()
    for vector in vectors("cvv"):
        given_ = vector["inputs"]
        found = card.cvv(bytes.fromhex(given_["cvk"]), given_["pan"], given_["expiry"], given_["service_code"])
        assert found == vector["expected"], vector["id"]
        lengths.add(len(given_["pan"]))
    assert {12, 13, 16, 19} <= lengths


def test_the_pvv_is_the_published_one_and_takes_four_digits_of_a_longer_pin(
    vectors: Callable[[str], list[Any]],
) -> None:
    for vector in vectors("visa_pvv"):
        given_ = vector["inputs"]
        pvk, account = bytes.fromhex(given_["pvk"]), account_of(given_["pan"])
        for pin in (given_["pin"], given_["pin"] + "72"):
            assert card.pvv(pvk, account, given_["pvki"], pin) == vector["expected"], vector["id"]


@given(KEYS, digits(10, 19), digits(4), digits(3))
def test_the_cvv_is_psecs(cvk: bytes, pan: str, expiry: str, service_code: str) -> None:
    theirs = generate_cvv(cvk, pan, expiry, service_code)
    assume(len(theirs) == 3)  # psec 1.3 takes no letters where there are too few digits, one card in 18,000
    assert card.cvv(cvk, pan, expiry, service_code) == theirs


@given(KEYS, digits(12, 19), digits(1), digits(4, 12))
def test_the_pvv_is_psecs(pvk: bytes, pan: str, key_index: str, pin: str) -> None:
    expected = generate_visa_pvv(pvk, key_index, pin[:4], pan)
    assert card.pvv(pvk, account_of(pan), key_index, pin) == expected


@given(st.text("0123456789ABCDEF", min_size=16, max_size=16), st.integers(1, 16))
def test_decimalisation_takes_digits_first_then_letters_less_ten(text: str, count: int) -> None:
    found = card.decimalise(text, count)
    figures = [c for c in text if c in "0123456789"]
    letters = [str("ABCDEF".index(c)) for c in text if c in "ABCDEF"]
    assert found == "".join(figures + letters)[:count]
    assert len(found) == count


@pytest.mark.parametrize(
    ("pan", "expiry", "service_code"),
    [
        ("4" * 26, "3012", "201"),
        ("41111111x1111111", "3012", "201"),
        ("4111111111111111", "30 2", "201"),
        ("411111111111111٣", "3012", "201"),
    ],
)
def test_a_cvv_over_anything_but_digits_is_refused_without_saying_the_pan(
    pan: str, expiry: str, service_code: str
) -> None:
    with pytest.raises(ValueError, match="expected digits") as caught:
        card.cvv(bytes(range(16)), pan, expiry, service_code)
    assert pan not in str(caught.value)


@pytest.mark.parametrize("size", [8, 24])
def test_a_cvv_wants_a_double_length_key(size: int) -> None:
    with pytest.raises(ValueError, match=f"16 bytes, got {size}"):
        card.cvv(bytes(size), "4111111111111111", "3012", "201")


@pytest.mark.parametrize(
    ("account", "pin"), [("1" * 10, "1234"), ("1" * 12, "123"), ("1" * 12, "12x4"), ("1" * 12, "12٣4")]
)
def test_a_pvv_over_anything_but_digits_is_refused(account: str, pin: str) -> None:
    with pytest.raises(ValueError, match="expected digits"):
        card.pvv(bytes(range(16)), account, "1", pin)
