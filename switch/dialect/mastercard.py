"""In the style of the Mastercard Customer Interface: EBCDIC, binary bitmaps. A simulation, no certified interface.

Source: the public facts gathered in docs/messages.rst and docs/links.rst."""

from switch.dialect.acceptor import acceptor, at_atm, card_absent, cardholder_absent, e_commerce, entry_mode
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
from switch.message import MessageError, View, compile_spec, is_request, load_spec, reply_mti

_MANAGEMENT = {"sign-on": "061", "sign-off": "062", "echo": "270"}
# What is done when the other side asks for it; 001 and 002 are sign-on and sign-off without a scheme.
_UNDERSTOOD = frozenset(("001", "002", "301", *_MANAGEMENT.values()))
_REASON = {"cancel": "17", "timeout": "68"}
_INTERNET = "81"
# 48.42.01, the last digit: UCAF not supported, attempted, or fully authenticated; Visa's values stand beside them.
_UCAF = {"1": "1", "6": "1", "2": "2", "5": "2"}
_ECHOED = ECHOED + LOCAL_TIME
_READ = ("4", "7", "11", "15", "38", "39", "54", "63", *(name for name, _ in _ECHOED))
# 48.61: partial approvals are supported; nothing is said of the other four conditions.
_TAKES_PARTIAL = "10000"
# DE60: decided by the acquirer's processing system, no further detail.
_DECIDED_HERE = "1910000"


class MastercardDialect:
    """Requests to and answers from a Mastercard node; `forwarder` is DE33 of the institution that signs on.

    `country` stands in where the terminal's is not known.
    """

    name = "mastercard"
    framing = "len2"

    def __init__(self, forwarder: str = "500001", country: str = "276") -> None:
        self.codec = compile_spec(load_spec("mastercard"))
        self.forwarder = forwarder
        self.country = country

    def _common(self, payment: Payment) -> dict[str, str]:
        return {
            "2": payment.pan,
            "3": payment.processing_code,
            "4": amount(self.codec, payment),
            "7": payment.transmission,
            "11": payment.stan,
            "12": payment.local_time,
            "13": payment.local_date,
            "18": payment.mcc,
            "22": entry_mode(payment, _INTERNET),
            "32": payment.acquirer,
            "37": payment.rrn and payment.rrn.ljust(12),
            "41": payment.terminal.ljust(8),
            "42": payment.merchant.ljust(15),
            "43": acceptor(payment).mastercard,
            "48": self._additional(payment),
            "49": currency(self.codec, payment),
            "61": self._pos_data(payment),
        }

    def _additional(self, payment: Payment) -> str:
        """DE48: the transaction category code, then what is known of e-commerce and CVC2."""
        subs = {"0": category(payment)}
        if payment.eci:
            subs["42"] = f"010321{_UCAF.get(payment.eci[-1], '0')}"
        if payment.cavv:
            subs["43"] = payment.cavv
        if payment.partial:
            subs["61"] = _TAKES_PARTIAL
        if payment.cvv2:
            subs["92"] = payment.cvv2
        return self.codec.build_sub("48", subs)

    def _pos_data(self, payment: Payment) -> str:
        """DE61."""
        online, atm = e_commerce(payment), at_atm(payment)
        return self.codec.build_sub(
            "61",
            {
                "1": "1" if online or atm else "0",  # unattended
                "2": "0",
                "3": "2" if online else "0",  # on the cardholder's premises
                "4": cardholder_absent(payment),
                "5": "1" if card_absent(payment) else "0",
                "6": "0",
                "7": "0",
                "8": "0",
                "9": "0",
                "10": "6" if online else "1" if atm else "0",  # kind of cardholder-activated terminal
                "11": "0",  # capability not known
                "12": "00",
                "13": payment.country or self.country,
                "14": " " * 10,
            },
        )

    def request(self, payment: Payment) -> bytes:
        """0100, also for what the terminal sent as 0200: the sale clears by IPM."""
        fields = self._common(payment) | {
            "t": "0100",
            "14": payment.expiry,
            "35": payment.track2.replace("=", "D"),
            "52": payment.pin_block,
            "53": "9701010001000000" if payment.pin_block else "",
        }
        return encode(self.codec, fields)

    def reversal(self, payment: Payment, *, repeat: bool) -> bytes:
        """0400 or 0401; DE39 says why (17 cancelled by the customer, 68 answer late or missing)."""
        fields = self._common(payment.without_sensitive()) | {
            "t": "0401" if repeat else "0400",
            "15": payment.references.get("settlement_date", ""),
            "38": payment.auth_code,
            "39": reason(self.codec, "39", _REASON, payment),
            "63": payment.references.get("banknet", ""),
            "90": original_data(payment),
        }
        return encode(self.codec, fields)

    def advice(self, payment: Payment, *, repeat: bool) -> bytes:
        """0120 or 0121: an authorisation decided by the switch, without PIN, track or CVC2."""
        fields = self._common(payment.without_sensitive()) | {
            "t": "0121" if repeat else "0120",
            "14": payment.expiry,
            "38": payment.auth_code,
            "39": payment.response_code,
            "60": _DECIDED_HERE,
        }
        return encode(self.codec, fields)

    def management(self, function: ManagementFunction, stan: str, transmission: str, year: str) -> bytes:  # noqa: ARG002
        """0800 with DE70 061, 062 or 270."""
        fields = {"t": "0800", "7": transmission, "11": stan, "33": self.forwarder, "70": _MANAGEMENT[function]}
        return encode(self.codec, fields)

    def read(self, frame: bytes) -> Answer:
        """A 0110, 0130, 0410 or 0810."""
        view: View = self.codec.view(frame)
        require_version(view, "0")
        view.check(_READ)
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
            amount=answered_amount(view),
            echoed=echoed(view, _ECHOED),
            references=references,
        )

    def answer_management(self, frame: bytes) -> bytes:
        """Sign-on, sign-off and echo that the node asks for are answered 00, all else 40: a new key that were
        acknowledged and not used would make every PIN wrong."""
        view = self.codec.view(frame)
        if not is_request(view.mti):
            raise MessageError(self.name, "t", "expected a request")
        return view.splice({"t": reply_mti(view.mti), "39": "00" if view.get("70", "") in _UNDERSTOOD else "40"})


def category(payment: Payment) -> str:
    """Transaction category code: Z cash at an ATM, C cash elsewhere, T card and cardholder not there, R retail."""
    if payment.processing_code[:2] == "01":
        return "Z" if at_atm(payment) else "C"
    return "T" if cardholder_absent(payment) != "0" else "R"
