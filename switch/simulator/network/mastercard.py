"""Acquirers in the style of the Mastercard Customer Interface. A simulation, no certified interface.

Source: docs/networks.rst. Knows no issuer link and no socket."""

from switch.message import MessageError, View, VisaHeader
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

_NETWORK = "MCC"
_TIMEOUT = "68"
_INTERNET = "81"


class Mastercard:
    """Messages and answers of Mastercard-style acquirers."""

    name = "mastercard"
    framing = "len2"
    sign_on = frozenset({"061", "081"})
    sign_off = frozenset({"062", "082"})
    echo = frozenset({"270"})

    def __init__(self) -> None:
        self.codec = codec("mastercard")

    def envelope(self, frame: bytes) -> None:
        """None."""

    def view(self, frame: bytes) -> View:
        """The message in `frame`."""
        return self.codec.view(frame)

    def asked(self, view: View, envelope: VisaHeader | None) -> Asked:
        """A lost CVC2 or UCAF would change the issuer's decision, so field 48 must have its form."""
        fields = checked_fields(view)
        additional = strict_sub(view, "48")
        presence = view.get("61.4", "0")
        plain = {number: value for number, value in fields.items() if number not in ("48", "60", "62", "63")}
        if "43" in plain:
            text = plain["43"]
            plain["43"] = acceptor(text[:22], text[23:36], text[37:])
        return Asked(
            mti=view.mti,
            fields=plain,
            envelope=envelope,
            eci=_eci(additional.get("42", "")),
            cavv=additional.get("43", ""),
            cvv2=_cvc2(view, additional),
            presence="5" if fields.get("22", "").startswith(_INTERNET) else presence if presence in "012345" else "0",
            card_present=view.get("61.5", "0") == "0" and not fields.get("22", "").startswith(_INTERNET),
            reason="timeout" if fields.get("39") == _TIMEOUT else "cancel",
            head={"category": additional.get("0", ""), "network_data": fields.get("63", "")},
        )

    def answer(self, asked: Asked, code: str) -> bytes:
        """With DE15 and DE63."""
        return self._reply(asked, answer_fields(asked, code), "")

    def relay(self, asked: Asked, answer: HostAnswer) -> tuple[str, bytes]:
        """With the CVC2 result in 48.87."""
        code = codes.response_code(answer.action, self.name, answer.mti)
        return code, self._reply(asked, issuer_fields(asked, answer, code), cvv2_result(asked, answer))

    def brief(self, view: View, envelope: VisaHeader | None, code: str) -> bytes:  # noqa: ARG002
        """Key fields and `code`."""
        return self.codec.encode(brief_fields(view, code))

    def refusal(self, error: MessageError, envelope: VisaHeader | None) -> bytes | None:  # noqa: ARG002
        """The reply with 30 and, in DE44, the three digits of the data element at fault."""
        partial = answerable(error)
        if partial is None:
            return None
        return self.codec.encode(brief_fields(partial, codes.FORMAT) | {"44": f"{field_number(error):03d}"})

    def reject(self, frame: bytes, error: MessageError, envelope: VisaHeader | None) -> None:
        """None: what cannot be answered ends the connection."""

    def _reply(self, asked: Asked, fields: dict[str, str], result: str) -> bytes:
        identity = asked.identity
        if asked.kind != "8" and identity is not None:
            fields["63"] = asked.head["network_data"] or _NETWORK + identity.banknet_reference()
            fields["15"] = asked.get("15") or identity.settlement_date()
        category = asked.head["category"]
        if category:
            subs = {"0": category, "87": result} if result else {"0": category}
            fields["48"] = self.codec.build_sub("48", subs)
        return self.codec.encode(fields)


def _eci(value: str) -> str:
    """48.42 holds sub-element 01: security protocol, cardholder authentication, and the indicator that counts here."""
    return f"0{value[6]}" if value.startswith("0103") and len(value) >= 7 else ""


def _cvc2(view: View, additional: dict[str, str]) -> str:
    value = additional.get("92", "")
    if value and not (value.isascii() and value.isdigit() and len(value) == 3):
        raise fault(view, "48", "expected three digits in 48.92")
    return value
