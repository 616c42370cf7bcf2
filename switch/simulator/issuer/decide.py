"""The order in which an issuer checks a request, as pure functions of card and evidence; docs/issuers.rst has it."""

from dataclasses import dataclass

from switch.simulator.issuer.model import Entry

# ISO 8583:1993 action codes.
APPROVED = "000"
DO_NOT_HONOUR, EXPIRED, RESTRICTED, PIN_TRIES, BAD_AMOUNT = "100", "101", "104", "106", "110"
NO_CARD, NOT_SUPPORTED, NO_FUNDS, WRONG_PIN, NOT_PERMITTED = "111", "115", "116", "117", "119"
PIN_UNVERIFIABLE, WRONG_CVV, LOST, STOLEN = "126", "129", "208", "209"
REVERSAL_ACCEPTED, MANAGEMENT_ACCEPTED = "400", "800"
INVALID, FORMAT_ERROR, NOT_SIGNED_ON, MALFUNCTION, DUPLICATE, NO_ORIGINAL = "902", "904", "907", "909", "913", "914"

_BY_STATUS = {"active": "", "blocked": DO_NOT_HONOUR, "restricted": RESTRICTED, "lost": LOST, "stolen": STOLEN}

# What became of one check.
NOT_ASKED, RIGHT, WRONG, UNREADABLE, FAULT = "", "right", "wrong", "unreadable", "fault"


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """A card and its account; `available` is minor units of `currency`, `expiry` YYMM."""

    token: str
    expiry: str
    service_code: str
    status: str
    key_index: str
    pvv: str
    pin_tries: int
    currency: str
    available: int


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of the card value (CVV or CVV2) and of the PIN: NOT_ASKED, RIGHT, WRONG, UNREADABLE or FAULT."""

    cvv: str = NOT_ASKED
    pin: str = NOT_ASKED


def refuse_card(card: Card | None, entry: Entry, expiries: tuple[str, ...], month: str) -> str:
    """The action code of what is wrong before anything is verified, "" when nothing is.

    `expiries` are those the request names (DE14, track 2), `month` is now as YYMM.
    """
    if not entry.kind:
        return NOT_SUPPORTED
    if entry.kind != "balance" and entry.amount <= 0:
        return BAD_AMOUNT
    if card is None:
        return NO_CARD
    by_status = _BY_STATUS.get(card.status, DO_NOT_HONOUR)
    if by_status:
        return by_status
    if card.expiry < month or any(expiry != card.expiry for expiry in expiries):
        return EXPIRED
    return ""


def judge(verdicts: Verdicts, tries: int, allowed: int) -> tuple[str, int]:
    """(action code or "", wrong PINs from now on); only a PIN that was read and is wrong counts."""
    if verdicts.cvv not in (NOT_ASKED, RIGHT):
        return (WRONG_CVV if verdicts.cvv == WRONG else MALFUNCTION), tries
    if verdicts.pin == NOT_ASKED:
        return "", tries
    if verdicts.pin == FAULT:
        return MALFUNCTION, tries
    if tries >= allowed:
        return PIN_TRIES, tries
    if verdicts.pin == UNREADABLE:
        return PIN_UNVERIFIABLE, tries
    if verdicts.pin == WRONG:
        return (PIN_TRIES if tries + 1 >= allowed else WRONG_PIN), tries + 1
    return "", 0
