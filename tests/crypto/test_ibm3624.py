"""IBM 3624 PINs and offsets against public known answers and psec; the decimalisation table."""

from collections.abc import Callable
from typing import Any

import psec.pin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import ibm3624

# psec imports the cipher from its old place and gives it short keys.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

Vectors = Callable[[str], list[Any]]
PVK = bytes(range(16))
TABLE = "0123456789012345"
VALIDATION = "1234567890123456"
KEYS = st.sampled_from([8, 16, 24]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
FILLERS = st.sampled_from("0123456789ABCDEF")


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most or least)


@st.composite
def parts(draw: st.DrawFn) -> tuple[str, int, int]:
    """A PAN, a start and a length inside it."""
    pan = draw(digits(12, 19))
    start = draw(st.integers(0, len(pan) - 1))
    return pan, start, draw(st.integers(1, min(16, len(pan) - start)))


def test_pins_are_the_published_ones_and_give_their_offset_back(vectors: Vectors) -> None:
    for vector in vectors("ibm3624_pin"):
        given_ = vector["inputs"]
        pvk, table = bytes.fromhex(given_["pvk"]), given_["decimalisation_table"]
        validation = ibm3624.validation_data(
            given_["pan"], given_["pan_verify_offset"], given_["pan_verify_length"], given_["pan_pad"]
        )
        assert ibm3624.pin_from_offset(pvk, table, validation, given_["offset"]) == vector["expected"], vector["id"]
        assert ibm3624.offset_from_pin(pvk, table, validation, vector["expected"]) == given_["offset"], vector["id"]


def test_a_natural_pin_of_the_payshield_form_is_the_captured_one(vectors: Vectors) -> None:
    for vector in vectors("ibm3624_payshield_natural_pin"):
        given_ = vector["inputs"]
        pvk, table = bytes.fromhex(given_["pvk"]), given_["decimalisation_table"]
        validation = ibm3624.payshield_validation_data(given_["validation_data"], given_["account12"])
        assert ibm3624.natural_pin(pvk, table, validation, given_["length"]) == vector["expected"], vector["id"]
        # The offset and PIN of the same capture, from the vector's note.
        assert ibm3624.pin_from_offset(pvk, table, validation, "309783") == "121791"


@given(KEYS, digits(16), parts(), FILLERS, digits(4, 12))
def test_pins_and_offsets_are_psecs(pvk: bytes, table: str, part: tuple[str, int, int], filler: str, own: str) -> None:
    validation = ibm3624.validation_data(*part, filler)
    generated = psec.pin.generate_ibm3624_pin(pvk, table, own, *part, filler)
    assert ibm3624.pin_from_offset(pvk, table, validation, own) == generated
    offset = psec.pin.generate_ibm3624_offset(pvk, table, own, *part, filler)
    assert ibm3624.offset_from_pin(pvk, table, validation, own) == offset
    natural = psec.pin.generate_ibm3624_pin(pvk, table, "0" * len(own), *part, filler)
    assert ibm3624.natural_pin(pvk, table, validation, len(own)) == natural


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("50103093936N", "5010309393693936"),
        ("N50103093936", "9393650103093936"),
        ("1234567890NF", "123456789093936F"),
    ],
)
def test_the_n_of_validation_data_becomes_five_account_digits(template: str, expected: str) -> None:
    assert ibm3624.payshield_validation_data(template, "850103093936") == expected


@pytest.mark.parametrize(
    ("template", "account"),
    [
        ("501030939361", "850103093936"),
        ("50103093NN36", "850103093936"),
        ("5010309393N", "850103093936"),
        ("5010309393GN", "850103093936"),
        ("50103093936N", "85010309393"),
        ("50103093936N", "8501030939A6"),
    ],
)
def test_other_validation_data_is_refused(template: str, account: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        ibm3624.payshield_validation_data(template, account)


@pytest.mark.parametrize(
    ("pan", "start", "length", "filler"),
    [
        ("4111111111111111", 10, 7, "F"),
        ("4111111111111111", -3, 3, "F"),
        ("4111111111111111", 0, 0, "F"),
        ("4111111111111111222", 0, 17, "F"),
        ("4111111111111111", 0, 12, ""),
        ("4111111111111111", 0, 12, "G"),
        ("41111x1111111111", 0, 12, "0"),
    ],
)
def test_validation_data_outside_the_pan_is_refused(pan: str, start: int, length: int, filler: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        ibm3624.validation_data(pan, start, length, filler)
    assert pan not in str(caught.value)


@pytest.mark.parametrize("length", [3, 13])
def test_a_natural_pin_has_4_to_12_digits(length: int) -> None:
    with pytest.raises(ValueError, match="PIN length"):
        ibm3624.natural_pin(PVK, TABLE, VALIDATION, length)


@pytest.mark.parametrize("own", ["", "123", "1234567890123", "12F4", "12٣4"])
@pytest.mark.parametrize("function", [ibm3624.pin_from_offset, ibm3624.offset_from_pin])
def test_what_is_no_pin_or_offset_is_refused(function: Callable[[bytes, str, str, str], str], own: str) -> None:
    with pytest.raises(ValueError, match="expected 4 to 12 digits"):
        function(PVK, TABLE, VALIDATION, own)


@pytest.mark.parametrize(("table", "validation"), [(TABLE[:-1], VALIDATION), (TABLE, "1"), ("A" * 16, VALIDATION)])
def test_a_table_or_validation_data_of_another_form_is_refused(table: str, validation: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        ibm3624.natural_pin(PVK, table, validation, 4)


@pytest.mark.parametrize("table", ["0123456789012345", "1234567890123456", "0000111223344567"])
def test_a_table_of_eight_digits_none_more_than_four_times_is_fit(table: str) -> None:
    ibm3624.check_table(table)


@pytest.mark.parametrize(
    "table",
    ["0000111122223456", "0000012345678912", "0123456012345601", "0" * 16, "012345678901234", "01234567890123AB"],
)
def test_another_table_is_not(table: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        ibm3624.check_table(table)
