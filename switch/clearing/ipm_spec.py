"""The records of an IPM file as an interface spec: fields in EBCDIC, bitmaps binary, private data (PDS) in DE48."""

from typing import Any

from switch.message import Spec, compile_spec

FILE_HEADER, FIRST_PRESENTMENT, FILE_TRAILER = ("1644", "697"), ("1240", "200"), ("1644", "695")
MEMBER_TO_NETWORK = "002"
# DE71 and PDS0306 have 8 digits, PDS0301 has 16.
MOST_MESSAGES = 99_999_999
MOST_TOTAL = 10**16 - 1
MANDATORY = ("2", "3", "4", "12", "22", "24", "26", "31", "33", "43", "48", "49", "71", "94")
MANDATORY_PDS = ("0023", "0165")

# Number: (length prefix digits, length, class, name).
_FIELDS: dict[str, tuple[int, int, str, str]] = {
    "2": (2, 19, "n", "Primary account number"),
    "3": (0, 6, "n", "Processing code"),
    "4": (0, 12, "n", "Amount, transaction"),
    "12": (0, 12, "n", "Date and time, local transaction"),
    "22": (0, 12, "an", "Point of service data code"),
    "24": (0, 3, "n", "Function code"),
    "26": (0, 4, "n", "Card acceptor business code"),
    "31": (2, 23, "n", "Acquirer reference data"),
    "33": (2, 11, "n", "Forwarding institution identification code"),
    "37": (0, 12, "ans", "Retrieval reference number"),
    "38": (0, 6, "ans", "Approval code"),
    "41": (0, 8, "ans", "Card acceptor terminal identification"),
    "42": (0, 15, "ans", "Card acceptor identification code"),
    "43": (2, 99, "ans", "Card acceptor name and location"),
    "48": (3, 999, "ans", "Additional data"),
    "49": (0, 3, "n", "Currency code, transaction"),
    "63": (3, 16, "ans", "Transaction life cycle identification"),
    "71": (0, 8, "n", "Message number"),
    "94": (2, 11, "n", "Transaction originator institution identification code"),
}


def _text(prefix: int, length: int, kind: str, name: str) -> dict[str, Any]:
    return {
        "data_enc": "cp500",
        "len_enc": "cp500",
        "len_type": prefix,
        "max_len": length,
        "desc": name,
        "class": kind,
    }


def _bitmap(name: str) -> dict[str, Any]:
    return {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": name}


def _spec() -> Spec:
    fields: dict[str, dict[str, Any]] = {number: _text(*entry) for number, entry in _FIELDS.items()}
    fields["2"]["mask"] = "pan"
    fields["48"]["sub"] = {"kind": "tlv", "tag": 4, "len": 3}
    fields |= {"h": _text(0, 0, "an", "Message header"), "t": _text(0, 4, "n", "Message type indicator")}
    fields |= {"p": _bitmap("Bitmap, primary"), "1": _bitmap("Bitmap, secondary")}
    return Spec("ipm", __name__, fields)


CODEC = compile_spec(_spec())


def build_pds(elements: dict[str, str]) -> str:
    """DE48 of these elements, ascending by tag."""
    return CODEC.build_sub("48", dict(sorted(elements.items())))


def parse_pds(value: str) -> dict[str, str]:
    """The elements of DE48 by their four-digit tags; raises MessageError when it has another structure."""
    return {f"{int(tag):04d}": element for tag, element in CODEC.parse_sub("48", value).items()}
