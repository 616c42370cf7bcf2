"""Between an issuer's three-digit action codes (ISO 8583:1993) and the two-character codes acquirers get.

The node's own table: the switch has another, so that neither can hide the other's mistake."""

APPROVED = "00"
PARTIAL = "10"
INVALID = "12"
NO_ISSUER = "15"
FORMAT = "30"
WRONG_CVV2 = "N7"
CVV = "82"
PIN_UNVERIFIABLE = "86"
UNAVAILABLE = "91"
MALFUNCTION = "96"

_COMMON = {
    "000": "00", "001": "00", "002": "10", "003": "00", "004": "00", "005": "00", "006": "10", "007": "00",
    "100": "05", "101": "54", "102": "59", "103": "01", "104": "62", "105": "01", "106": "75", "107": "01",
    "108": "01", "109": "03", "110": "13", "111": "14", "113": "05", "114": "05", "115": "12", "116": "51",
    "117": "55", "118": "14", "119": "57", "120": "58", "121": "61", "122": "63", "123": "65", "124": "57",
    "125": "05", "126": "86", "127": "86", "128": "86", "129": "82",
    "200": "04", "201": "04", "202": "04", "204": "04", "206": "04", "208": "41", "209": "43", "210": "04",
    "902": "12", "903": "91", "904": "30", "905": "92", "906": "91", "907": "91", "908": "92", "909": "96",
    "910": "91", "911": "91", "912": "91", "913": "94", "914": "25", "923": "91",
}  # fmt: skip
# A PIN or another authentication is asked for.
_AUTHENTICATE = {"visa": {"112": "1A"}, "mastercard": {"112": "65"}}
# Acceptances, each of one kind of message only: reversals by their MTI, advices by their function.
_ACCEPTED_REVERSAL = "400"
_ACCEPTED_ADVICE = ("900", "901")
_BY_CLASS = {"0": "00", "1": "05", "2": "04"}

_ACTIONS = {
    "00": "000", "01": "107", "03": "109", "04": "200", "05": "100", "10": "002", "12": "902", "13": "110",
    "14": "111", "15": "908", "30": "904", "41": "208", "43": "209", "51": "116", "54": "101", "55": "117",
    "57": "119", "58": "120", "59": "102", "61": "121", "62": "104", "63": "122", "65": "123", "75": "106",
    "82": "129", "85": "000", "86": "126", "91": "911", "92": "908", "94": "913", "96": "909",
    "1A": "112", "N7": "129",
}  # fmt: skip


def response_code(action: str, scheme: str, mti: str) -> str:
    """The code acquirers of `scheme` get for the action code in a reply of type `mti`.

    An unlisted one keeps its class, and is 96 when it has none or accepts what was not asked.
    """
    if action == _ACCEPTED_REVERSAL:
        return APPROVED if mti[1] == "4" else MALFUNCTION
    if action in _ACCEPTED_ADVICE:
        return APPROVED if mti[2] == "3" else MALFUNCTION
    known = _AUTHENTICATE[scheme].get(action) or _COMMON.get(action)
    return known or _BY_CLASS.get(action[:1], MALFUNCTION)


def action_code(response: str) -> str:
    """The action code of what was decided on an issuer's behalf; an unlisted one is a plain decline."""
    return _ACTIONS.get(response, "100")


def approves(response: str) -> bool:
    """Whether the cardholder may have the goods."""
    return response in (APPROVED, PARTIAL, "85")
