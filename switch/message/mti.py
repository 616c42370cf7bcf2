"""Message type indicators: ISO 8583-1 clause 4.1, digit by digit."""

_REPLY = {"0": "1", "1": "1", "2": "3", "3": "3"}


def mti_class(mti: str) -> str:
    """The second digit: 1 authorisation, 2 financial, 4 reversal, 5 reconciliation, 6 administrative, 8 network."""
    return mti[1]


def is_request(mti: str) -> bool:
    """Whether an answer is expected: a request (function 0) or an advice (2)."""
    return mti[2] in "02"


def is_repeat(mti: str) -> bool:
    """Whether the fourth digit says that this is a repeat."""
    return mti[3] in "135"


def reply_mti(mti: str) -> str:
    """0100 -> 0110, 0421 -> 0430: the repeat digit goes, the origin stays."""
    function = _REPLY.get(mti[2])
    if function is None:
        raise ValueError(f"MTI {mti} expects no reply")
    origin = int(mti[3])
    return f"{mti[:2]}{function}{origin - origin % 2}"


def repeat_mti(mti: str) -> str:
    """0400 -> 0401; a repeat stays as it is."""
    return mti if is_repeat(mti) else f"{mti[:3]}{int(mti[3]) + 1}"
