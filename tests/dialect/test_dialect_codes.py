"""Response codes between 1987 and 1993: total, and an approval only where something was approved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.dialect.codes import (
    ACTION_TO_RESPONSE,
    RESPONSE_TO_ACTION,
    action_from_response,
    response_from_action,
)

# Every code the switch itself answers with, decides on an issuer's behalf, or acts upon.
OWN = ["00", "03", "05", "12", "13", "14", "25", "30", "55", "75", "82", "86", "91", "92", "94", "96"]
# And those that dialects.md lists for both networks.
LISTED = sorted({*OWN, "01", "04", "10", "15", "41", "43", "51", "54", "57", "58", "59", "61", "62", "63", "65"})
LISTED += ["76", "77", "78", "85", "95"]
APPROVED = {"00", "10", "11"}


@pytest.mark.parametrize("code", OWN)
def test_a_code_of_the_switch_survives_the_way_to_1993_and_back(code):
    assert response_from_action(action_from_response(code), "1110") == code


@pytest.mark.parametrize("code", LISTED)
def test_every_listed_code_has_an_action_code_that_says_the_same(code):
    back = response_from_action(RESPONSE_TO_ACTION[code], "1110")
    assert (back in APPROVED) == (code in APPROVED or code == "85")
    if code in ("04", "41", "43"):
        assert RESPONSE_TO_ACTION[code].startswith("2")  # pick up
    if code in ("91", "96"):
        assert back == code  # what makes a queued message try again


def test_every_action_code_becomes_a_response_code_of_its_class():
    approving = {"000", "001", "002", "003", "004", "005", "006", "007"}
    for action in (f"{number:03d}" for number in range(1000)):
        code = response_from_action(action, "1110")
        assert len(code) == 2 and (code in APPROVED) == (action in approving), action
        assert action[0] != "2" or code in ("04", "41", "43"), action
        assert action[0] != "1" or code not in ("91", "96"), action


@pytest.mark.parametrize(
    ("action", "mti", "code"),
    [
        ("400", "1430", "00"),
        ("400", "1110", "96"),  # a reversal accepted is no authorisation
        ("400", "1130", "96"),
        ("800", "1814", "00"),
        ("800", "1110", "96"),
        ("500", "1510", "00"),
        ("500", "1110", "96"),
        ("900", "1130", "00"),  # an advice was taken note of
        ("901", "1430", "00"),
        ("900", "1110", "96"),
        ("914", "1430", "25"),
        ("911", "1110", "91"),
        ("912", "1130", "91"),
    ],
)
def test_what_is_accepted_depends_on_what_was_asked(action, mti, code):
    assert response_from_action(action, mti) == code


def test_an_unlisted_response_code_is_a_plain_decline():
    assert action_from_response("N7") == "100"


@given(st.text(max_size=4))
def test_no_text_whatever_becomes_an_approval_by_accident(action):
    code = response_from_action(action, "1110")
    assert len(code) == 2 and (code not in APPROVED or ACTION_TO_RESPONSE[action] == code)
