"""In the style of VisaNet BASE I: 22-byte header, BCD and EBCDIC. A simulation, no certified interface.

Source: the public facts gathered in docs/messages.rst and docs/links.rst."""

from base64 import b64decode
from binascii import Error as Base64Error

from switch.dialect.acceptor import acceptor, entry_mode
from switch.dialect.canonical import Answer, ManagementFunction, Payment
from switch.dialect.encoding import (
    ECHOED,
    LOCAL_TIME,
    amount,
    answered_amount,
    currency,
    echoed,
    encode,
    original_data,
    reason,
    require_version,
)
from switch.message import (
    VISA_HEADER,
    MessageError,
    View,
    build_visa_header,
    compile_spec,
    is_request,
    load_spec,
    parse_visa_header,
    reply_mti,
    reply_visa_header,
)

_MANAGEMENT = {"sign-on": "071", "sign-off": "072", "echo": "301"}
# What is done when the other side asks for it; 001 and 002 are sign-on and sign-off without a scheme.
_UNDERSTOOD = frozenset(("001", "002", "301", *_MANAGEMENT.values()))
_REASON = {"cancel": "2501", "timeout": "2502"}
_NETWORK = "0002"
# Visa's own answer for a CVV2 that does not match.
_RESPONSE = {"N7": "82"}
_INTERNET = "01"
_REJECT_HEADER, _FORMAT_ERROR = 26, "30"
_ECHOED = ECHOED + LOCAL_TIME
_READ = ("4", "7", "11", "38", "39", "54", "62", *(name for name, _ in _ECHOED))
_REFERENCES = (("transaction_id", "62.2"), ("validation_code", "62.3"), ("aci", "62.1"))


class VisaDialect:
    """Requests to and answers from a Visa node; stations are 6 digits each, `country` is the acquirer's (DE19).

    `entry_mode` is "n4" (0510: a filler behind the three digits of DE22) or "n3" (0051: packed to the right).
    Raises ValueError for values of another form.
    """

    name = "visa"
    framing = "visa4"

    def __init__(
        self, source: str = "400001", destination: str = "400002", country: str = "276", entry_mode: str = "n4"
    ) -> None:
        self.codec = compile_spec(load_spec("visa"))
        if not all(len(station) == 6 and station.isascii() and station.isdigit() for station in (source, destination)):
            raise ValueError("visa: source and destination: expected 6 digits")
        if entry_mode not in ("n3", "n4"):
            raise ValueError("visa: entry_mode: expected n3 or n4")
        self.source = source
        self.destination = destination
        self.country = country
        self._right_aligned = entry_mode == "n3"

    def _frame(self, fields: dict[str, str]) -> bytes:
        message = encode(self.codec, fields)
        return build_visa_header(len(message), source=self.source, destination=self.destination) + message

    def _common(self, payment: Payment) -> dict[str, str]:
        mode = entry_mode(payment, _INTERNET)
        return {
            "2": payment.pan,
            "3": payment.processing_code,
            "4": amount(self.codec, payment),
            "7": payment.transmission,
            "11": payment.stan,
            "12": payment.local_time,
            "13": payment.local_date,
            "18": payment.mcc,
            "19": self.country,
            "22": f"0{mode}" if self._right_aligned else f"{mode}0",
            "25": payment.condition,
            "32": payment.acquirer,
            "37": payment.rrn and payment.rrn.ljust(12),
            "41": payment.terminal.ljust(8),
            "42": payment.merchant.ljust(15),
            "43": acceptor(payment).visa,
            "49": currency(self.codec, payment),
        }

    def request(self, payment: Payment) -> bytes:
        """0100, also for what the terminal sent as 0200: Visa clears by BASE II."""
        subs = {}
        if payment.cavv:
            subs["9"] = self._cavv(payment.cavv)
        if payment.cvv2:
            # Present, answer with the result, value right-aligned.
            subs["10"] = f"11{payment.cvv2:>4}"
        fields = self._common(payment) | {
            "t": "0100",
            "14": payment.expiry,
            "35": payment.track2.replace("=", "D"),
            "52": payment.pin_block,
            "53": "2001010100000000" if payment.pin_block else "",
            "60": self.codec.build_sub("60", {"8": self._eci(payment.eci)} | ({"10": "1"} if payment.partial else {})),
            "63": self.codec.build_sub("63", {"1": _NETWORK}),
            "126": self.codec.build_sub("126", subs) if subs else "",
        }
        return self._frame(fields)

    def _eci(self, value: str) -> str:
        """60.8: 2 digits, 00 when the sale is none by mail, telephone or internet."""
        if len(value) > 2 or not f"0{value}".isdigit() or not value.isascii():
            raise MessageError(self.name, "60.8", "expected at most 2 digits")
        return value.rjust(2, "0")

    def _cavv(self, value: str) -> str:
        """20 bytes in hexadecimal, from that or from 28 characters of base64."""
        try:
            raw = bytes.fromhex(value) if len(value) == 40 else b64decode(value, validate=True)
        except (Base64Error, ValueError):
            raw = b""
        if len(raw) != 20:
            raise MessageError(self.name, "126.9", "expected 20 bytes in base64 or hexadecimal")
        return raw.hex().upper()

    def reversal(self, payment: Payment, *, repeat: bool) -> bytes:
        """0400 or 0401; 63.3 says why (2501 cancelled by the customer, 2502 no answer in time)."""
        why = reason(self.codec, "63.3", _REASON, payment)
        transaction_id = payment.references.get("transaction_id", "")
        fields = self._common(payment) | {
            "t": "0401" if repeat else "0400",
            "38": payment.auth_code,
            "62": self.codec.build_sub("62", {"2": transaction_id}) if transaction_id else "",
            "63": self.codec.build_sub("63", {"1": _NETWORK, "3": why}),
            "90": original_data(payment),
        }
        return self._frame(fields)

    def advice(self, payment: Payment, *, repeat: bool) -> bytes:
        """0120 or 0121: an authorisation decided by the switch, without PIN, track or CVV2."""
        fields = self._common(payment) | {
            "t": "0121" if repeat else "0120",
            "14": payment.expiry,
            "38": payment.auth_code,
            "39": payment.response_code,
            "63": self.codec.build_sub("63", {"1": _NETWORK}),
        }
        return self._frame(fields)

    def management(self, function: ManagementFunction, stan: str, transmission: str, year: str) -> bytes:  # noqa: ARG002
        """0800 with DE70 071, 072 or 301."""
        fields = {"t": "0800", "7": transmission, "11": stan, "37": stan.rjust(12, "0")}
        fields["63"] = self.codec.build_sub("63", {"1": _NETWORK})
        return self._frame(fields | {"70": _MANAGEMENT[function]})

    def _view(self, frame: bytes) -> View:
        parse_visa_header(frame)
        return self.codec.view(frame, VISA_HEADER)

    def read(self, frame: bytes) -> Answer:
        """A 0110, 0130, 0410 or 0810; a message that the node rejected counts as answered with a format error."""
        if frame[:1] == bytes((_REJECT_HEADER,)):
            return self._rejected(frame[_REJECT_HEADER:])
        view = self._view(frame)
        require_version(view, "0")
        view.check(_READ)
        get = view.get
        code = get("39", "")
        return Answer(
            mti=view.mti,
            stan=get("11", ""),
            transmission=get("7", ""),
            response_code=_RESPONSE.get(code, code),
            auth_code=get("38", ""),
            additional_amounts=get("54", ""),
            amount=answered_amount(view),
            echoed=echoed(view, _ECHOED),
            references={name: value for name, path in _REFERENCES if (value := get(path))},
        )

    def _rejected(self, original: bytes) -> Answer:
        """Behind a reject header (a bitmap and a reason more than the plain one) comes our own message."""
        view = self._view(original)
        if not is_request(view.mti):
            raise MessageError(self.name, "t", "expected a rejected request")
        return Answer(reply_mti(view.mti), view.get("11", ""), view.get("7", ""), _FORMAT_ERROR)

    def answer_management(self, frame: bytes) -> bytes:
        """Sign-on, sign-off and echo that the node asks for are answered 00, all else 40: a new key that were
        acknowledged and not used would make every PIN wrong."""
        view = self._view(frame)
        if not is_request(view.mti):
            raise MessageError(self.name, "t", "expected a request")
        code = "00" if view.get("70", "") in _UNDERSTOOD else "40"
        message = view.splice({"t": reply_mti(view.mti), "39": code})[VISA_HEADER:]
        return reply_visa_header(parse_visa_header(frame), len(message)) + message
