"""Issuer hosts in ISO 8583:1993 ASCII: four-digit functions, three-digit action codes, DE12 with the year."""

from switch.dialect.canonical import Answer, Payment
from switch.dialect.codes import action_from_response, response_from_action
from switch.message import compile_spec, load_spec, reply_mti

_MANAGEMENT = {"sign-on": "801", "sign-off": "802", "echo": "831"}
_REASON = {"cancel": "4000", "timeout": "4021"}
# DE22 position 7, card data input mode, by the first two digits of the 1987 DE22.
_INPUT_MODE = {"01": "1", "02": "2", "05": "5", "07": "5", "81": "S", "90": "2", "91": "2"}


class Iso1993Dialect:
    """Requests to and answers from an issuer host the switch is directly connected to."""

    name = "iso-1993-ascii"
    framing = "ascii4"

    def __init__(self) -> None:
        self.codec = compile_spec(load_spec("iso-1993-ascii"))

    def _frame(self, fields: dict[str, str]) -> bytes:
        return self.codec.encode({name: value for name, value in fields.items() if value})

    def _common(self, payment: Payment) -> dict[str, str]:
        return {
            "2": payment.pan,
            "3": payment.processing_code,
            "4": f"{payment.amount:012d}",
            "7": payment.transmission,
            "11": payment.stan,
            "12": payment.year + payment.local_date + payment.local_time,
            "22": pos_data_code(payment),
            "26": payment.mcc,
            "32": payment.acquirer,
            "37": payment.rrn,
            "41": payment.terminal.ljust(8),
            "42": payment.merchant.ljust(15),
            "43": payment.name_location,
            "49": payment.currency,
        }

    def _additional(self, subs: dict[str, str]) -> str:
        present = {tag: value for tag, value in subs.items() if value}
        return self.codec.build_sub("48", present) if present else ""

    def request(self, payment: Payment) -> bytes:
        """1100 with DE24 200 when the sale is captured, else 100; 48.80 and 48.87 carry what the switch verified."""
        subs = {
            "42": payment.eci,
            "43": payment.cavv,
            "80": payment.pin_result,
            "87": payment.cvv_result,
            "92": payment.cvv2,
        }
        fields = self._common(payment) | {
            "t": "1100",
            "14": payment.expiry,
            "24": "200" if payment.financial else "100",
            "35": payment.track2,
            "48": self._additional(subs),
            "52": payment.pin_block,
        }
        return self._frame(fields)

    def reversal(self, payment: Payment, *, repeat: bool) -> bytes:
        """1420 or 1421, a full reversal (DE24 400); DE56 names the original as this link knew it."""
        acquirer = payment.original_acquirer
        fields = self._common(payment) | {
            "t": "1421" if repeat else "1420",
            "24": "400",
            "25": _REASON[payment.reason],
            "38": payment.auth_code,
            "56": f"1{payment.original_mti[1:]}{payment.original_stan:0>6}"
            f"{payment.year}{payment.local_date}{payment.local_time}{len(acquirer):02d}{acquirer}",
        }
        return self._frame(fields)

    def advice(self, payment: Payment, *, repeat: bool) -> bytes:
        """1120 or 1121: what the switch decided for the issuer, with its count of wrong PINs in 48.81."""
        subs = {
            "80": payment.pin_result,
            "81": f"{payment.pin_tries:02d}" if payment.pin_tries else "",
            "87": payment.cvv_result,
        }
        fields = self._common(payment) | {
            "t": "1121" if repeat else "1120",
            "24": "100",
            "39": action_from_response(payment.response_code),
            "48": self._additional(subs),
        }
        return self._frame(fields)

    def management(self, function: str, stan: str, transmission: str, year: str) -> bytes:
        """1804 with DE24 801, 802 or 831."""
        return self._frame(
            {"t": "1804", "7": transmission, "11": stan, "12": year + transmission, "24": _MANAGEMENT[function]}
        )

    def read(self, frame: bytes) -> Answer:
        """A 1110, 1130, 1430 or 1814."""
        view = self.codec.view(frame)
        view.check(("7", "11", "38", "39", "54"))
        get = view.get
        return Answer(
            mti=view.mti,
            stan=get("11", ""),
            transmission=get("7", ""),
            response_code=response_from_action(get("39", "")),
            auth_code=get("38", ""),
            additional_amounts=get("54", ""),
        )

    def answer_management(self, frame: bytes) -> bytes:
        """An echo or sign-on that the host asks for is accepted with 800."""
        view = self.codec.view(frame)
        return view.splice({"t": reply_mti(view.mti), "39": "800"})


def pos_data_code(payment: Payment) -> str:
    """DE22 of 1993 (an12) from DE22 of 1987: input capability, mode of input and cardholder authentication."""
    mode = _INPUT_MODE.get(payment.entry_mode[:2], "0")
    authentication = "1" if payment.pin_result or payment.pin_block else "0"
    present = "0" if mode in "1S" else "1"
    return f"510{'0' if present == '1' else '5'}{present}{present}{mode}{authentication}0104"[:12]
