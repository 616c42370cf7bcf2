"""In the style of VisaNet BASE I: 22-byte header, BCD and EBCDIC. A simulation, no certified interface.

Source: the public facts gathered in docs/messages.rst."""

from switch.dialect.canonical import Answer, Payment
from switch.message import (
    VISA_HEADER,
    View,
    build_visa_header,
    compile_spec,
    load_spec,
    parse_visa_header,
    reply_mti,
    reply_visa_header,
)

_MANAGEMENT = {"sign-on": "071", "sign-off": "072", "echo": "301"}
_REASON = {"cancel": "2501", "timeout": "2502"}
_NETWORK = "0002"
# Visa's own answer for a CVV2 that does not match.
_RESPONSE = {"N7": "82"}


class VisaDialect:
    """Requests to and answers from a Visa node; stations are 6 digits each."""

    name = "visa"
    framing = "visa4"

    def __init__(self, source: str = "400001", destination: str = "400002", country: str = "276") -> None:
        self.codec = compile_spec(load_spec("visa"))
        self.source = source
        self.destination = destination
        self.country = country

    def _frame(self, fields: dict[str, str]) -> bytes:
        message = self.codec.encode({name: value for name, value in fields.items() if value})
        return build_visa_header(len(message), source=self.source, destination=self.destination) + message

    def _common(self, payment: Payment) -> dict[str, str]:
        return {
            "2": payment.pan,
            "3": payment.processing_code,
            "4": f"{payment.amount:012d}",
            "7": payment.transmission,
            "11": payment.stan,
            "12": payment.local_time,
            "13": payment.local_date,
            "18": payment.mcc,
            "19": payment.country or self.country,
            "22": payment.entry_mode.ljust(4, "0"),
            "25": payment.condition,
            "32": payment.acquirer,
            "37": payment.rrn,
            "41": payment.terminal.ljust(8),
            "42": payment.merchant.ljust(15),
            "43": payment.name_location.ljust(40),
            "49": payment.currency,
        }

    def request(self, payment: Payment) -> bytes:
        """0100, also for what the terminal sent as 0200: Visa clears by BASE II."""
        fields = self._common(payment) | {
            "t": "0100",
            "14": payment.expiry,
            "35": payment.track2.replace("=", "D"),
            "52": payment.pin_block,
            "53": "2001010100000000" if payment.pin_block else "",
            "60": f"000000000{payment.eci[-1:] or '0'}00",
            "63": self.codec.build_sub("63", {"1": _NETWORK}),
        }
        if payment.cvv2:
            fields["126"] = self.codec.build_sub("126", {"10": f"11{payment.cvv2:>4}"})
        return self._frame(fields)

    def reversal(self, payment: Payment, *, repeat: bool) -> bytes:
        """0400 or 0401; 63.3 says why (2501 cancelled by the customer, 2502 no answer in time)."""
        fields = self._common(payment) | {
            "t": "0401" if repeat else "0400",
            "38": payment.auth_code,
            "63": self.codec.build_sub("63", {"1": _NETWORK, "3": _REASON[payment.reason]}),
            "90": original_data(payment),
        }
        transaction_id = payment.references.get("transaction_id")
        if transaction_id:
            fields["62"] = self.codec.build_sub("62", {"2": transaction_id})
        return self._frame(fields)

    def advice(self, payment: Payment, *, repeat: bool) -> bytes:
        """0120 or 0121: an authorisation decided by the switch, without PIN, track or CVV2."""
        fields = self._common(payment) | {
            "t": "0121" if repeat else "0120",
            "39": payment.response_code,
            "63": self.codec.build_sub("63", {"1": _NETWORK}),
        }
        return self._frame(fields)

    def management(self, function: str, stan: str, transmission: str, year: str) -> bytes:  # noqa: ARG002
        """0800 with DE70 071, 072 or 301."""
        fields = {"t": "0800", "7": transmission, "11": stan, "37": stan.rjust(12, "0")}
        fields["63"] = self.codec.build_sub("63", {"1": _NETWORK})
        return self._frame(fields | {"70": _MANAGEMENT[function]})

    def _view(self, frame: bytes) -> View:
        parse_visa_header(frame)
        return self.codec.view(frame, VISA_HEADER)

    def read(self, frame: bytes) -> Answer:
        """A 0110, 0130, 0410 or 0810."""
        view = self._view(frame)
        view.check(("7", "11", "38", "39", "54", "62"))
        get = view.get
        code = get("39", "")
        references = {
            name: value
            for name, path in (("transaction_id", "62.2"), ("validation_code", "62.3"), ("aci", "62.1"))
            if (value := get(path))
        }
        return Answer(
            mti=view.mti,
            stan=get("11", ""),
            transmission=get("7", ""),
            response_code=_RESPONSE.get(code, code),
            auth_code=get("38", ""),
            additional_amounts=get("54", ""),
            references=references,
        )

    def answer_management(self, frame: bytes) -> bytes:
        """An echo or sign-on that the node asks for is answered 00."""
        view = self._view(frame)
        message = view.splice({"t": reply_mti(view.mti), "39": "00"})[VISA_HEADER:]
        return reply_visa_header(parse_visa_header(frame), len(message)) + message


def original_data(payment: Payment) -> str:
    """DE90, 42 digits: original MTI, DE11, DE7, DE32 and DE33 (zeros when absent)."""
    return (
        f"{payment.original_mti:0>4}{payment.original_stan:0>6}{payment.original_transmission:0>10}"
        f"{payment.original_acquirer:0>11}{'0' * 11}"
    )
