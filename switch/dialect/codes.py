"""Between the 1993 action codes and the 1987 response codes inside. Which codes count also depends on the message."""

from collections.abc import Mapping

# ISO 8583:1993 action code -> ISO 8583:1987 response code (DE39). Several 1993 codes share one 1987 code.
ACTION_TO_RESPONSE: Mapping[str, str] = {
    "000": "00", "001": "00", "002": "10", "003": "11", "004": "00", "005": "00", "006": "10", "007": "00",
    "100": "05", "101": "54", "102": "59", "103": "01", "104": "62", "105": "01", "106": "75", "107": "01",
    "108": "01", "109": "03", "110": "13", "111": "14", "115": "12", "116": "51", "117": "55", "118": "14",
    "119": "57", "120": "58", "121": "61", "122": "63", "123": "65", "124": "57", "125": "05", "126": "86",
    "127": "86", "128": "86", "129": "82",
    "200": "04", "201": "04", "202": "04", "203": "04", "204": "04", "205": "04", "206": "04", "207": "04",
    "208": "41", "209": "43", "210": "04",
    "501": "95",
    "902": "12", "903": "96", "904": "30", "905": "92", "906": "91", "907": "91", "908": "92", "909": "96",
    "910": "91", "911": "91", "912": "91", "913": "94", "914": "25", "923": "91",
}  # fmt: skip

RESPONSE_TO_ACTION: Mapping[str, str] = {
    "00": "000", "01": "107", "03": "109", "04": "200", "05": "100", "10": "002", "11": "003", "12": "902",
    "13": "110", "14": "111", "15": "908", "25": "914", "30": "904", "41": "208", "43": "209", "51": "116",
    "54": "101", "55": "117", "57": "119", "58": "120", "59": "102", "61": "121", "62": "104", "63": "122",
    "65": "123", "75": "106", "76": "100", "77": "100", "78": "100", "82": "129", "85": "000", "86": "126",
    "91": "912", "92": "908", "94": "913", "95": "501", "96": "909",
}  # fmt: skip

# Acceptances that are none of an authorisation: of a reversal, a reconciliation, network management, an advice.
_ACCEPTED_IN_CLASS = {"400": "4", "500": "5", "800": "8"}
_ACKNOWLEDGED_ADVICE = ("900", "901")
_CLASSES = {"1": "05", "2": "04"}
_MALFUNCTION = "96"


def response_from_action(action: str, mti: str) -> str:
    """The 1987 code of the action code in a reply of type `mti`.

    An unlisted one keeps its class: declined, pick up, else system error, and so does one that accepts something
    else than this reply is about.
    """
    if action in _ACCEPTED_IN_CLASS:
        return "00" if mti[1] == _ACCEPTED_IN_CLASS[action] else _MALFUNCTION
    if action in _ACKNOWLEDGED_ADVICE:
        return "00" if mti[2] == "3" else _MALFUNCTION
    return ACTION_TO_RESPONSE.get(action) or _CLASSES.get(action[:1], _MALFUNCTION)


def action_from_response(response: str) -> str:
    """The 1993 action code of a 1987 code; an unlisted one is a plain decline."""
    return RESPONSE_TO_ACTION.get(response, "100")
