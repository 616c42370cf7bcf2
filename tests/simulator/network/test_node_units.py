"""What a node derives: identifiers, years, codes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import MessageError
from switch.simulator.network import codes
from switch.simulator.network.host import year_of
from switch.simulator.network.identity import Identity, is_moment

_MOMENTS = st.datetimes(datetime(2028, 1, 1), datetime(2028, 12, 31, 23, 59, 59)).map(
    lambda moment: moment.strftime("%m%d%H%M%S")
)
_IDENTITIES = st.builds(
    Identity,
    _MOMENTS,
    st.integers(0, 999_999).map("{:06d}".format),
    st.just("400001"),
    st.just("515210000123"),
)


@given(_IDENTITIES)
def test_identifiers_have_their_form_and_are_the_same_each_time(identity: Identity) -> None:
    same = Identity(identity.transmission, identity.stan, identity.acquirer, identity.rrn)
    assert identity.transaction_id() == same.transaction_id()
    assert len(identity.transaction_id()) == 15
    assert identity.transaction_id().isdigit()
    assert identity.banknet_reference() == same.banknet_reference()
    assert len(identity.banknet_reference()) == 9
    assert identity.banknet_reference().isalnum()
    assert identity.banknet_reference().isupper() or identity.banknet_reference().isdigit()
    assert len(identity.validation_code()) == 4


@given(_IDENTITIES, _IDENTITIES)
def test_other_trace_data_give_other_identifiers(one: Identity, two: Identity) -> None:
    differ = (one.transmission, one.stan) != (two.transmission, two.stan)
    assert (one.transaction_id() != two.transaction_id()) == differ
    assert (one.banknet_reference() != two.banknet_reference()) == differ


def test_the_largest_identifiers_fit() -> None:
    for number in range(500):
        last = Identity("1231235959", "999999", str(number), "515210000123")
        assert len(last.transaction_id()) == 15
        assert int(last.banknet_reference(), 36) < 36**9


@pytest.mark.parametrize(("text", "sound"), [
    ("0229000000", True), ("0230000000", False), ("0431000000", False), ("1300000000", False), ("0001000000", False),
    ("0101240000", False), ("0101006000", False), ("0101000060", False), ("", False), ("01010000", False),
])  # fmt: skip
def test_impossible_moments_are_told(text: str, sound: bool) -> None:
    assert is_moment(text) == sound


@pytest.mark.parametrize(("now", "date", "year"), [
    ("2027-01-01", "1231", "26"), ("2026-12-31", "0101", "27"), ("2026-06-15", "0601", "26"),
    ("2026-06-15", "1201", "26"), ("2026-03-01", "1101", "25"), ("2027-03-01", "0229", "28"),
    ("2029-01-10", "0229", "28"),
])  # fmt: skip
def test_a_date_belongs_to_the_year_nearest_to_now(now: str, date: str, year: str) -> None:
    assert year_of(date, "120000", datetime.fromisoformat(now).replace(tzinfo=UTC)) == year


def test_a_leap_day_far_from_any_leap_year_is_a_format_error() -> None:
    with pytest.raises(MessageError, match="field 13"):
        year_of("0229", "120000", datetime(2026, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("scheme", ["visa", "mastercard"])
@pytest.mark.parametrize(("mti", "accepted"), [("1110", ()), ("1130", ("900", "901")), ("1430", ("400", "900", "901"))])
@given(action=st.integers(0, 999).map("{:03d}".format))
def test_only_class_0_and_the_acceptance_of_what_was_asked_approve(
    scheme: str, mti: str, accepted: tuple[str, ...], action: str
) -> None:
    approved = codes.approves(codes.response_code(action, scheme, mti))
    assert approved == (action[0] == "0" or action in accepted)


@pytest.mark.parametrize("action", ["400", "800", "900", "901"])
def test_an_acceptance_of_something_else_is_no_approval(action: str) -> None:
    assert codes.response_code(action, "visa", "1110") == "96"


@pytest.mark.parametrize(("scheme", "code"), [("visa", "1A"), ("mastercard", "65")])
def test_another_authentication_is_asked_for_in_the_schemes_own_code(scheme: str, code: str) -> None:
    assert codes.response_code("112", scheme, "1110") == code


@pytest.mark.parametrize(
    "code", ["00", "01", "03", "04", "05", "12", "13", "14", "30", "41", "43", "51", "54", "55", "57", "58", "61", "62",
             "63", "65", "75", "82", "86", "91", "94", "96"],
)  # fmt: skip
def test_a_decision_goes_to_the_issuer_and_comes_back_as_itself(code: str) -> None:
    assert codes.response_code(codes.action_code(code), "visa", "1110") == code


def test_a_decision_nobody_listed_is_never_an_approval_for_the_issuer() -> None:
    assert codes.action_code("ZZ")[0] == "1"
