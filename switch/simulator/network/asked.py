"""What an acquirer asks, in the field numbers both schemes share, and the checks every message passes first.

Knows no scheme's encoding and no issuer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from switch.message import MessageError, View, VisaHeader
from switch.simulator.network.identity import Identity, is_moment

# Data elements the node reads; sub-elements are the scheme's business.
_READ = (
    "2", "3", "4", "7", "11", "12", "13", "14", "15", "18", "19", "22", "23", "25", "32", "33", "35", "37", "38",
    "39", "41", "42", "43", "48", "49", "52", "53", "60", "62", "63", "70", "90", "95", "126",
)  # fmt: skip
# What an answer returns as it came.
ECHOED = ("2", "3", "4", "7", "11", "19", "23", "25", "32", "33", "37", "41", "42", "49", "70", "90")
_KEPT = frozenset((*ECHOED, "15", "22", "39"))
_PAYMENT = ("3", "4", "7", "11", "12", "13", "22", "32", "37", "41", "42", "49")
_REQUIRED = {
    "0100": _PAYMENT,
    "0120": (*_PAYMENT, "39"),
    "0400": ("3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49", "90"),
    "0420": ("3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49", "90"),
    "0800": ("7", "11", "70"),
}
_ISO_0 = "0000010000000000"


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A sound request, reversal, advice or management request.

    `fields` are the data elements by number, without composites such as DE48; DE22 has three digits, DE43 the layout
    of 1993. `presence` is 0 cardholder present, 1 not, 2 to 4 by mail, telephone or standing order, 5 by internet.
    `reason` is "cancel" or "timeout"; `head` is what the scheme's own answer needs again.
    """

    mti: str
    fields: Mapping[str, str]
    envelope: VisaHeader | None = None
    eci: str = ""
    cavv: str = ""
    cvv2: str = ""
    presence: str = "0"
    card_present: bool = True
    reason: str = ""
    head: Mapping[str, str] = field(default_factory=dict)
    cvv2_only: bool = False

    def get(self, number: str) -> str:
        return self.fields.get(number, "")

    @property
    def pan(self) -> str:
        return self.get("2") or pan_of_track(self.get("35"))

    @property
    def kind(self) -> str:
        """1 authorisation, 4 reversal, 8 network management."""
        return self.mti[1]

    @property
    def identity(self) -> Identity | None:
        """Of the transaction itself, in a reversal of the one it reverses; None when DE90 does not say."""
        original, acquirer, rrn = self.get("90"), self.get("32").lstrip("0"), self.get("37").rstrip()
        if self.kind != "4":
            return Identity(self.get("7"), self.get("11"), acquirer, rrn)
        transmission = original[10:20]
        if not is_moment(transmission):
            return None
        return Identity(transmission, original[4:10], original[20:31].lstrip("0") or acquirer, rrn)

    def without_sensitive(self) -> "Asked":
        """What is kept until the answer: no track, PIN block, CVV2 or CAVV."""
        fields = {number: value for number, value in self.fields.items() if number in _KEPT}
        fields.setdefault("2", self.pan)
        return replace(self, fields=fields, cvv2="", cavv="", cvv2_only=bool(self.cvv2) and not self.get("35"))


def pan_of_track(track: str) -> str:
    """The card number before the separator of track 2."""
    return track.replace("D", "=").partition("=")[0]


def checked_fields(view: View) -> dict[str, str]:
    """The data elements of a supported message; raises MessageError for the first that is missing or unsound."""
    present = [number for number in _READ if number in view]
    view.check(present)
    fields = {number: view[number] for number in present}
    for number in _REQUIRED[f"{view.mti[:3]}0"]:
        if not fields.get(number, "").strip():
            raise fault(view, number, "expected the field")
    if not is_moment(fields["7"]):
        raise fault(view, "7", "expected MMDDhhmmss")
    if view.mti[1] != "8":
        _check_payment(view, fields)
    return fields


def _check_payment(view: View, fields: Mapping[str, str]) -> None:
    if not (fields.get("2") or pan_of_track(fields.get("35", ""))):
        raise fault(view, "2", "expected a card number here or in field 35")
    # Leap days are settled with the year, in the message for the issuer.
    if not is_moment(f"{fields['13']}000000"):
        raise fault(view, "13", "expected MMDD")
    if not is_moment(f"0101{fields['12']}"):
        raise fault(view, "12", "expected hhmmss")
    # Both schemes say in the same place of field 53 how the PIN block is built.
    if "52" in fields and fields.get("53", _ISO_0)[4:6] != "01":
        raise fault(view, "53", "expected PIN block format 01")
    if view.mti[1] == "4" and not fields["90"][:4].startswith("01"):
        raise fault(view, "90", "expected an authorisation as the original message")


def fault(view: View, number: str, reason: str) -> MessageError:
    """An error about a field of `view` that carries what can be trusted."""
    error = MessageError(view.codec.name, number, reason)
    error.partial = view.sound()
    return error


def strict_sub(view: View, number: str) -> dict[str, str]:
    """The sub-elements of a field whose loss would change the answer; raises MessageError when it has no structure."""
    if number not in view:
        return {}
    try:
        return view.codec.parse_sub(number, view[number])
    except MessageError as error:
        raise fault(view, number, error.reason) from None


def supported(mti: str) -> bool:
    """Whether the node does anything with such messages."""
    return mti[3] in "01" and f"{mti[:3]}0" in _REQUIRED
