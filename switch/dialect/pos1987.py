"""Terminals in ISO 8583:1987 ASCII: reads requests, answers by splicing onto the request's own bytes."""

from collections.abc import Mapping

from switch.dialect.canonical import Payment
from switch.message import View, compile_spec, load_spec, reply_mti

# What a refusal of a message that could not be read whole echoes, when it was read.
KEY_FIELDS = ("3", "4", "7", "11", "12", "13", "37", "41", "42", "49", "70")
# Never sent back to a terminal: sensitive, or only meaningful on the way in.
_DROPPED = ("35", "45", "48", "52", "53", "55", "64", "128")


class TerminalDialect:
    """The terminal side of the switch, for the spec `spec_name` (hex or binary bitmap)."""

    framing = "len2"

    def __init__(self, spec_name: str) -> None:
        self.name = spec_name
        self.codec = compile_spec(load_spec(spec_name))

    def view(self, frame: bytes) -> View:
        """The message in `frame`; raises MessageError, whose `partial` may still serve `refusal`."""
        return self.codec.view(frame)

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
        )

    def answer(self, view: View, response_code: str, reply: Mapping[str, str]) -> bytes:
        """The answer to the request in `view`: its own fields with `response_code` and the fields of `reply`."""
        changes: dict[str, str | None] = {name: None for name in _DROPPED if name in view}
        changes.update(reply)
        changes["t"] = reply_mti(view.mti)
        changes["39"] = response_code
        return view.splice(changes)

    def refusal(self, partial: View | None, response_code: str) -> bytes | None:
        """An answer to a message that could not be read whole; None when even its key fields could not."""
        if partial is None or partial.get("11") is None or partial.mti[2:3] not in ("0", "2"):
            return None
        fields = {name: value for name in KEY_FIELDS if (value := partial.get(name)) is not None}
        return self.codec.encode({"t": reply_mti(partial.mti), **fields, "39": response_code})
