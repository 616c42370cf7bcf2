"""In the style of the Mastercard Customer Interface: EBCDIC, binary bitmaps. A simulation, no certified interface.

Source: the public facts gathered in docs/messages.rst."""

from switch.dialect.canonical import Answer, Payment
from switch.dialect.visa import original_data
from switch.message import View, compile_spec, load_spec, reply_mti

_MANAGEMENT = {"sign-on": "061", "sign-off": "062", "echo": "270"}
_REASON = {"cancel": "17", "timeout": "68"}


class MastercardDialect:
    """Requests to and answers from a Mastercard node; `forwarder` is DE33, the institution that signs on."""

    name = "mastercard"
    framing = "len2"

    def __init__(self, forwarder: str = "500001", country: str = "276") -> None:
        self.codec = compile_spec(load_spec("mastercard"))
        self.forwarder = forwarder
        self.country = country

    def _frame(self, fields: dict[str, str]) -> bytes:
        return self.codec.encode({name: value for name, value in fields.items() if value})

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
            "22": payment.entry_mode[:3],
            "32": payment.acquirer,
            "37": payment.rrn,
            "41": payment.terminal.ljust(8),
            "42": payment.merchant.ljust(15),
            "43": payment.name_location.ljust(40),
            "49": payment.currency,
        }

    def request(self, payment: Payment) -> bytes:
        """0100, also for what the terminal sent as 0200: the sale clears by IPM."""
        remote = payment.entry_mode.startswith(("01", "81"))
        subs = {"0": "T" if remote else "C" if payment.processing_code.startswith("01") else "R"}
        if payment.eci:
            subs["42"] = f"010321{payment.eci[-1]}"
        if payment.cavv:
            subs["43"] = payment.cavv
        if payment.cvv2:
            subs["92"] = payment.cvv2
        return self._frame(
            self._common(payment)
            | {
                "t": "0100",
                "14": payment.expiry,
                "35": payment.track2.replace("=", "D"),
                "48": self.codec.build_sub("48", subs),
                "52": payment.pin_block,
                "53": "9701010001000000" if payment.pin_block else "",
                "61": self._pos_data(payment, remote),
            }
        )

    def _pos_data(self, payment: Payment, remote: bool) -> str:
        """DE61, subfields 1 to 14: attendance .. capability, life cycle, country, postal code."""
        presence = "5" if payment.entry_mode.startswith("81") else "1" if remote else "0"
        card_present = "1" if remote else "0"
        return (
            f"000{presence}{card_present}0000{'6' if remote else '0'}0"
            + "00"
            + (payment.country or self.country)
            + " " * 10
        )

    def reversal(self, payment: Payment, *, repeat: bool) -> bytes:
        """0400 or 0401; DE39 says why (17 cancelled by the customer, 68 answer late or missing)."""
        fields = self._common(payment) | {
            "t": "0401" if repeat else "0400",
            "15": payment.references.get("settlement_date", ""),
            "38": payment.auth_code,
            "39": _REASON[payment.reason],
            "48": self.codec.build_sub("48", {"0": "R"}),
            "63": payment.references.get("banknet", ""),
            "90": original_data(payment),
        }
        return self._frame(fields)

    def advice(self, payment: Payment, *, repeat: bool) -> bytes:
        """0120 or 0121: an authorisation decided by the switch, without PIN, track or CVC2."""
        fields = self._common(payment) | {
            "t": "0121" if repeat else "0120",
            "39": payment.response_code,
            "48": self.codec.build_sub("48", {"0": "R"}),
            "60": "1910000",
        }
        return self._frame(fields)

    def management(self, function: str, stan: str, transmission: str, year: str) -> bytes:  # noqa: ARG002
        """0800 with DE70 061, 062 or 270."""
        return self._frame(
            {"t": "0800", "7": transmission, "11": stan, "33": self.forwarder, "70": _MANAGEMENT[function]}
        )

    def read(self, frame: bytes) -> Answer:
        """A 0110, 0130, 0410 or 0810."""
        view: View = self.codec.view(frame)
        view.check(("7", "11", "15", "38", "39", "54", "63"))
        get = view.get
        references = {
            name: value for name, path in (("banknet", "63"), ("settlement_date", "15")) if (value := get(path))
        }
        return Answer(
            mti=view.mti,
            stan=get("11", ""),
            transmission=get("7", ""),
            response_code=get("39", ""),
            auth_code=get("38", ""),
            additional_amounts=get("54", ""),
            references=references,
        )

    def answer_management(self, frame: bytes) -> bytes:
        """An echo or sign-on that the node asks for is answered 00."""
        view = self.codec.view(frame)
        return view.splice({"t": reply_mti(view.mti), "39": "00"})
