"""Test cards as strategies: published test numbers and numbers of nobody's range, Luhn-valid."""

from dataclasses import dataclass

from hypothesis import strategies as st

from switch.message import luhn_check_digit

# Numbers that card schemes and acquirers publish for tests.
TEST_PANS = (
    "4111111111111111",
    "4242424242424242",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
)
# ISO/IEC 7812 leaves numbers with a 9 to national standards bodies; 999999 is nobody's.
MADE_UP = "999999"
_SHORTEST, _LONGEST = 12, 19
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Card:
    """What the fields of one message have in common; `expiry` is YYMM."""

    pan: str
    expiry: str
    service_code: str


def pans(longest: int = _LONGEST) -> st.SearchStrategy[str]:
    """Card numbers of at most `longest` digits with a right check digit; shrink to 4111111111111111."""
    published = [pan for pan in TEST_PANS if len(pan) <= longest]
    made = [
        st.text(_DIGITS, min_size=size - len(MADE_UP) - 1, max_size=size - len(MADE_UP) - 1).map(_completed)
        for size in range(_SHORTEST, min(longest, _LONGEST) + 1)
    ]
    return st.one_of(*([st.sampled_from(published)] if published else []), *made)


def cards(longest: int = _LONGEST) -> st.SearchStrategy[Card]:
    """Cards that have not expired for a while."""
    expiry = st.builds(lambda year, month: f"{year:02d}{month:02d}", st.integers(30, 49), st.integers(1, 12))
    return st.builds(Card, pans(longest), expiry, st.sampled_from(("201", "101", "220", "121")))


def track2(card: Card, separator: str, rest: str) -> str:
    """Track 2 without sentinels: number, separator, expiry, service code, discretionary digits."""
    return f"{card.pan}{separator}{card.expiry}{card.service_code}{rest}"


def track1(card: Card, rest: str) -> str:
    """Track 1, format B, without sentinels."""
    return f"B{card.pan}^TEST/CARD^{card.expiry}{card.service_code}{rest}"


def _completed(digits: str) -> str:
    return MADE_UP + digits + luhn_check_digit(MADE_UP + digits)
