"""What the node needs of a scheme: its messages, its management codes and its way of saying no. Pure."""

from typing import Protocol

from switch.message import MessageError, View, VisaHeader, reply_mti
from switch.simulator.network.asked import ECHOED, Asked
from switch.simulator.network.host import HostAnswer


class Scheme(Protocol):
    """One scheme's acquirer side. All methods are pure and raise MessageError on bad bytes."""

    name: str
    framing: str
    sign_on: frozenset[str]
    sign_off: frozenset[str]
    echo: frozenset[str]

    def envelope(self, frame: bytes) -> VisaHeader | None:
        """The header before the message, None when the scheme has none; without it nothing can be answered."""

    def view(self, frame: bytes) -> View:
        """The message in a frame whose envelope is sound."""

    def asked(self, view: View, envelope: VisaHeader | None) -> Asked:
        """What a supported message asks."""

    def answer(self, asked: Asked, code: str) -> bytes:
        """The node's own answer, without the issuer."""

    def relay(self, asked: Asked, answer: HostAnswer) -> tuple[str, bytes]:
        """The response code and the message that carry the issuer's answer."""

    def brief(self, view: View, envelope: VisaHeader | None, code: str) -> bytes:
        """An answer to a message of which little is known: key fields and `code`."""

    def refusal(self, error: MessageError, envelope: VisaHeader | None) -> bytes | None:
        """An answer with code 30 that names the field; None when the key fields could not be read."""

    def reject(self, frame: bytes, error: MessageError, envelope: VisaHeader | None) -> bytes | None:
        """The frame sent back as unanswerable; None when the scheme has no such thing."""


def brief_fields(view: View, code: str) -> dict[str, str]:
    """The reply fields of any request whose echoed fields are sound."""
    return {"t": reply_mti(view.mti), "39": code} | {number: view[number] for number in ECHOED if number in view}


def answerable(error: MessageError) -> View | None:
    """The part of a bad message that an answer can be built on: a request with DE7 and DE11."""
    partial = error.partial
    if partial is None or partial.mti[2] not in "02" or "7" not in partial or "11" not in partial:
        return None
    return partial


def field_number(error: MessageError) -> int:
    """The data element at fault: 0 for the message type and for bytes left over, 1 for a bitmap."""
    path = error.path.partition(".")[0]
    return 1 if path == "p" else int(path) if path.isdigit() else 0


def cvv2_result(asked: Asked, answer: HostAnswer) -> str:
    """What the issuer says of the CVV2; a refused card value without a track can only have been the CVV2."""
    return answer.cvv2_result or ("N" if answer.action == "129" and asked.cvv2_only else "")


def answer_fields(asked: Asked, code: str) -> dict[str, str]:
    """The reply fields of a sound request."""
    return {"t": reply_mti(asked.mti), "39": code} | {
        number: value for number in ECHOED if (value := asked.get(number))
    }


def issuer_fields(asked: Asked, answer: HostAnswer, code: str) -> dict[str, str]:
    """`answer_fields` with what the issuer adds; a partial approval carries the amount approved."""
    fields = answer_fields(asked, code)
    if code == "10" and answer.amount:
        fields["4"] = answer.amount
    fields |= {"38": answer.auth_code, "54": answer.additional_amounts}
    return {number: value for number, value in fields.items() if value}


def acceptor(name: str, city: str, country: str) -> str:
    """DE43 of 1993: name, street and city, each behind a backslash, then postal code 10, region 3 and country 3."""
    name, city = (text.strip().replace("\\", "/") for text in (name, city))
    return f"{name}\\\\{city}\\{' ' * 13}{country.strip():3.3}"
