"""Code tables between the 1993 action codes, the networks' own codes and the 1987 response codes inside."""

# ISO 8583:1993 action code -> ISO 8583:1987 response code (DE39). Several 1993 codes share one 1987 code.
ACTION_TO_RESPONSE = {
    "000": "00", "001": "00", "002": "10", "100": "05", "101": "54", "102": "59", "104": "62", "106": "75",
    "107": "01", "109": "03", "110": "13", "111": "14", "115": "12", "116": "51", "117": "55", "118": "14",
    "119": "57", "120": "58", "121": "61", "122": "63", "123": "65", "125": "05", "126": "86", "129": "82",
    "200": "04", "201": "04", "202": "59", "208": "41", "209": "43", "400": "00", "800": "00", "902": "12",
    "904": "30", "907": "91", "908": "92", "909": "96", "911": "91", "913": "94", "914": "25",
}  # fmt: skip

RESPONSE_TO_ACTION = {
    "00": "000", "01": "107", "03": "109", "05": "100", "12": "902", "13": "110", "14": "111", "30": "904",
    "41": "208", "43": "209", "51": "116", "54": "101", "55": "117", "57": "119", "58": "120", "59": "102",
    "61": "121", "62": "104", "63": "122", "65": "123", "75": "106", "82": "129", "86": "126", "91": "911",
    "92": "908", "94": "913", "96": "909",
}  # fmt: skip


def response_from_action(action: str) -> str:
    """The 1987 code of a 1993 action code; an unlisted one keeps its class: declined, pick up or system error."""
    known = ACTION_TO_RESPONSE.get(action)
    if known is not None:
        return known
    return {"1": "05", "2": "04"}.get(action[:1], "96")


def action_from_response(response: str) -> str:
    """The 1993 action code of a 1987 code; an unlisted one is a plain decline."""
    return RESPONSE_TO_ACTION.get(response, "100")
