"""Acquirers in the style of VisaNet BASE I. A simulation from public descriptions, no certified interface.

Source: docs/networks.rst. Knows no issuer link and no socket."""

from base64 import b64encode
from collections.abc import Mapping

from switch.message import (
    VISA_HEADER,
    MessageError,
    View,
    VisaHeader,
    build_visa_header,
    parse_visa_header,
    reply_visa_header,
)
from switch.simulator.network import codes
from switch.simulator.network.asked import Asked, checked_fields, fault, strict_sub
from switch.simulator.network.host import HostAnswer
from switch.simulator.network.scheme import (
    acceptor,
    answer_fields,
    answerable,
    brief_fields,
    cvv2_result,
    field_number,
    issuer_fields,
)
from switch.simulator.network.specs import codec

_NETWORK = "0002"
_TIMEOUT = "2502"
# Authorisation characteristics indicator by ECI; without one by how the card was read.
_ACI_BY_ECI = {"05": "U", "06": "S", "07": "W"}
_READ_BY_MACHINE = ("02", "05", "07", "90", "91")
_REJECT_HEADER = 26
_ENTRY_MODES = ("00", "01", "02", "05", "07", "79", "80", "81", "90", "91")
# DE25: cardholder not there, by telephone or mail, by internet; 05 has the cardholder but no card.
_PRESENCE = {"01": "1", "08": "3", "15": "5", "59": "5"}
_BY_INTERNET = ("05", "06", "07", "08")


class Visa:
    """Messages and answers of Visa-style acquirers."""

    name = "visa"
    framing = "visa4"
    sign_on = frozenset({"071"})
    sign_off = frozenset({"072"})
    echo = frozenset({"301"})

    def __init__(self) -> None:
        self.codec = codec("visa")

    def envelope(self, frame: bytes) -> VisaHeader:
        """The 22-byte header."""
        return parse_visa_header(frame)

    def view(self, frame: bytes) -> View:
        """The message behind the header."""
        return self.codec.view(frame, VISA_HEADER)

    def asked(self, view: View, envelope: VisaHeader | None) -> Asked:
        """A lost CVV2, CAVV or ECI would change the issuer's decision, so fields 60 and 126 must have their form."""
        fields = checked_fields(view)
        private, pos = strict_sub(view, "126"), strict_sub(view, "60")
        eci = pos.get("8", "00")
        condition = fields.get("25", "")
        presence = "5" if eci in _BY_INTERNET else _PRESENCE.get(condition, "0")
        plain = {number: value for number, value in fields.items() if number not in ("48", "60", "62", "63", "126")}
        return Asked(
            mti=view.mti,
            fields=plain | _normal(fields),
            envelope=envelope,
            eci="" if eci == "00" else eci,
            cavv=b64encode(bytes.fromhex(private["9"])).decode() if "9" in private else "",
            cvv2=_cvv2(view, private),
            presence=presence,
            card_present=presence == "0" and condition != "05",
            reason="timeout" if view.get("63.3") == _TIMEOUT else "cancel",
            head={"network": view.get("63.1", _NETWORK), "transaction_id": view.get("62.2", "")},
        )

    def answer(self, asked: Asked, code: str) -> bytes:
        """With network and transaction identifiers."""
        return self._reply(asked, answer_fields(asked, code), code)

    def relay(self, asked: Asked, answer: HostAnswer) -> tuple[str, bytes]:
        """With DE44: response source 5 (the issuer) and the CVV2 result."""
        code, result = codes.response_code(answer.action, self.name, answer.mti), cvv2_result(asked, answer)
        if code == codes.CVV and result == "N":
            code = codes.WRONG_CVV2
        fields = issuer_fields(asked, answer, code)
        if asked.kind == "1":
            fields["44"] = self.codec.build_sub("44", {"1": "5", "10": result or " "})
        return code, self._reply(asked, fields, code)

    def brief(self, view: View, envelope: VisaHeader | None, code: str) -> bytes:
        """Key fields and `code`."""
        return self._frame(envelope, brief_fields(view, code))

    def refusal(self, error: MessageError, envelope: VisaHeader | None) -> bytes | None:
        """The reply with 30; BASE I has no field that names the fault."""
        partial = answerable(error)
        return None if partial is None else self.brief(partial, envelope, codes.FORMAT)

    def reject(self, frame: bytes, error: MessageError, envelope: VisaHeader | None) -> bytes | None:
        """A header of 26 bytes ending in a bitmap and the number of the field at fault, then the frame as it came."""
        assert envelope is not None
        header = build_visa_header(
            len(frame) + _REJECT_HEADER - VISA_HEADER,
            source=envelope.destination,
            destination=envelope.source,
            round_trip=envelope.round_trip,
        )
        group = bytes.fromhex(f"8000{field_number(error):04d}")
        return bytes((_REJECT_HEADER,)) + header[1:] + group + frame

    def _reply(self, asked: Asked, fields: dict[str, str], code: str) -> bytes:
        fields["63"] = self.codec.build_sub("63", {"1": asked.head["network"]})
        payment_service = self._payment_service(asked, code)
        if payment_service:
            fields["62"] = self.codec.build_sub("62", payment_service)
        return self._frame(asked.envelope, fields)

    def _payment_service(self, asked: Asked, code: str) -> dict[str, str]:
        identity = asked.identity
        if asked.kind == "8" or identity is None:
            return {}
        transaction_id = asked.head["transaction_id"] or identity.transaction_id()
        if asked.mti[:3] != "010":
            return {"2": transaction_id}
        if not codes.approves(code):
            return {"1": "N", "2": transaction_id}
        return {"1": _aci(asked), "2": transaction_id, "3": identity.validation_code()}

    def _frame(self, envelope: VisaHeader | None, fields: dict[str, str]) -> bytes:
        assert envelope is not None
        message = self.codec.encode(fields)
        return reply_visa_header(envelope, len(message)) + message


def _normal(fields: Mapping[str, str]) -> dict[str, str]:
    """DE22 as three digits, whether they stand left in its four (0510) or right (0051); DE43 as 1993 has it."""
    found = {}
    if "22" in fields:
        text = fields["22"]
        left = text[:2] in _ENTRY_MODES and not (text[:2] == "00" and text[1:3] in _ENTRY_MODES)
        found["22"] = text[:3] if left else text[1:]
    if "43" in fields:
        text = fields["43"]
        found["43"] = acceptor(text[:25], text[25:38], text[38:])
    return found


def _cvv2(view: View, private: dict[str, str]) -> str:
    """126.10: presence indicator, response type, four characters of which the value fills the right ones."""
    value = private.get("10", "")
    if value[:1] != "1":
        return ""
    cvv2 = value[2:].strip()
    if not (cvv2.isascii() and cvv2.isdigit()):
        raise fault(view, "126", "expected digits in 126.10")
    return cvv2


def _aci(asked: Asked) -> str:
    return _ACI_BY_ECI.get(asked.eci) or ("E" if asked.get("22")[:2] in _READ_BY_MACHINE else "K")
