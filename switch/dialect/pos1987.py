"""Terminals in ISO 8583:1987 ASCII: reads requests, answers by splicing onto the request's own bytes."""

from collections.abc import Mapping
from typing import Any

from switch.dialect.canonical import Payment
from switch.message import MessageError, View, compile_spec, is_request, load_spec, reply_mti

# What a refusal of a message that could not be read whole echoes, when it was read.
KEY_FIELDS = ("3", "4", "7", "11", "12", "13", "37", "41", "42", "49", "70")
# Beside the sensitive ones, what means something on the way in only.
_INBOUND_ONLY = frozenset({"53"})
# What a decision gives: the requester's own values must not come back as if they were ours.
_DECIDED = frozenset({"38", "44", "54"})
_HIDDEN = ("track", "remove")


class TerminalDialect:
    """The terminal side of the switch, for the spec `spec_name` (hex or binary bitmap)."""

    def __init__(self, spec_name: str) -> None:
        self.name = spec_name
        spec = load_spec(spec_name)
        self.codec = compile_spec(spec)
        self._dropped = _INBOUND_ONLY | {name for name, field in spec.fields.items() if _sensitive(field)}
        encoding = spec.fields["t"]["data_enc"]
        if encoding == "b":
            raise ValueError(f"{spec_name}: field t: expected a terminal interface with a message type in characters")
        self._asking = {digit.encode(encoding) for digit in "02"}

    def view(self, frame: bytes) -> View:
        """The message in `frame`; raises MessageError, whose `partial` may still serve `refusal`."""
        return self.codec.view(frame)

    def expects_answer(self, frame: bytes) -> bool:
        """Whether the message type is that of a request or an advice; all else is answered by nobody."""
        return frame[2:3] in self._asking

    def payment(self, view: View) -> Payment:
        """The request, reversal or advice in `view`."""
        get = view.get
        track2 = get("35", "").replace("D", "=")
        pan = get("2") or track2.partition("=")[0]
        original = get("90", "")
        return Payment(
            mti=view.mti,
            pan=pan,
            processing_code=get("3", ""),
            amount=int(get("4", "0")),
            currency=get("49", ""),
            transmission=get("7", ""),
            stan=get("11", ""),
            local_time=get("12", ""),
            local_date=get("13", ""),
            expiry=get("14") or track2.partition("=")[2][:4],
            mcc=get("18", ""),
            entry_mode=get("22", ""),
            condition=get("25", "00"),
            acquirer=get("32", ""),
            rrn=get("37", ""),
            auth_code=get("38", ""),
            terminal=get("41", ""),
            merchant=get("42", ""),
            name_location=get("43", ""),
            track2=track2,
            pin_block=get("52", ""),
            cvv2=get("48.92", ""),
            eci=get("48.42", ""),
            cavv=get("48.43", ""),
            original_mti=original[0:4],
            original_stan=original[4:10],
            original_transmission=original[10:20],
            original_acquirer=original[20:31],
            replacement=get("95", ""),
            partial=_takes_partial(get("60", "")),
        )

    def answer(self, view: View, response_code: str, reply: Mapping[str, str]) -> bytes:
        """The answer to the request in `view`: its own fields with `response_code` and the fields of `reply`.

        What of `reply` this interface cannot carry is left out: the answer itself must reach the requester.
        """
        dropped = self._dropped if view.mti[1] == "4" else self._dropped | _DECIDED
        changes: dict[str, str | None] = {name: None for name in dropped if name in view}
        changes["t"] = reply_mti(view.mti)
        changes["39"] = response_code
        try:
            return view.splice(changes | {name: self._padded(name, value) for name, value in reply.items()})
        except MessageError:
            return view.splice(changes)

    def _padded(self, name: str, value: str) -> str:
        op = self.codec.ops.get(name)
        return value.ljust(op.count) if op is not None and op.size else value

    def refusal(self, partial: View | None, response_code: str) -> bytes | None:
        """An answer to a message that could not be read whole; None when even its key fields could not."""
        if partial is None or partial.get("11") is None or not is_request(partial.mti):
            return None
        fields = {name: value for name in KEY_FIELDS if (value := partial.get(name)) is not None}
        return self.codec.encode({"t": reply_mti(partial.mti), **fields, "39": response_code})

    def refuse_payment(self, frame: bytes, response_code: str) -> bytes | None:
        """The answer to a payment nobody looks at; None for every other message, sound or not."""
        try:
            view = self.view(frame)
        except MessageError:
            return None
        if not is_request(view.mti) or view.mti[1] not in "124":
            return None
        return self.answer(view, response_code, {})


def _takes_partial(point_of_service: str) -> bool:
    """DE60 in twelve digits, as BASE I has it: the last is 1 when less than was asked may be approved."""
    return len(point_of_service) == 12 and point_of_service.isdigit() and point_of_service[-1] == "1"


def _sensitive(field: Mapping[str, Any]) -> bool:
    """Whether the spec hides the field, or an element inside it, from everybody's eyes."""
    inside = field.get("sub", {}).get("mask", {}).values()
    return field.get("mask") in _HIDDEN or any(mask in _HIDDEN for mask in inside)
