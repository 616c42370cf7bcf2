"""Response codes (DE39, 1987) by the names the engine uses, and what a host's answer means. Pure tables."""

UNKNOWN_TERMINAL, NOT_HONOURED, INVALID, NO_AMOUNT, BAD_CARD = "03", "05", "12", "13", "14"
NOT_FOUND, FORMAT_ERROR, WRONG_PIN, PIN_LOCKED, WRONG_CVV, BAD_PIN_BLOCK = "25", "30", "55", "75", "82", "86"
UNAVAILABLE, NO_ROUTE, DUPLICATE, MALFUNCTION = "91", "92", "94", "96"

# Approved as asked: plainly, after a look at an identity document, for a VIP, with an update of track 3.
FULL = frozenset(("00", "08", "11", "16"))
# A part of the amount.
PARTIAL = "10"
# The host says yes, but not to what was asked: a part of the amount, or no more than that the card is good.
_OTHERWISE = frozenset((PARTIAL, "32", "85", "87"))
_CARD_IS_GOOD = "85"

APPROVED, DECLINED, OTHERWISE, UNREADABLE = "approved", "declined", "otherwise", "unreadable"


def meaning(code: str, *, amountless: bool) -> str:
    """What a host's `code` means for a request: APPROVED, DECLINED, OTHERWISE (it holds something else than asked)
    or UNREADABLE (it says nothing, so the request is in doubt)."""
    if code in FULL or (amountless and code == _CARD_IS_GOOD):
        return APPROVED
    if code in _OTHERWISE:
        return OTHERWISE
    return DECLINED if len(code) == 2 and code.isalnum() else UNREADABLE
