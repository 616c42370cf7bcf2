"""Issuer hosts in ISO 8583:1993 ASCII: four-digit functions, three-digit action codes, DE12 with the year."""

from switch.dialect.acceptor import acceptor, at_atm, card_absent, cardholder_absent, e_commerce
from switch.dialect.canonical import Answer, ManagementFunction, Payment
from switch.dialect.codes import action_from_response, response_from_action
from switch.dialect.encoding import (
    ECHOED,
    amount,
    answered_amount,
    currency,
    echoed,
    encode,
    reason,
    require_version,
)
from switch.message import MessageError, View, compile_spec, is_request, load_spec, reply_mti

_MANAGEMENT = {"sign-on": "801", "sign-off": "802", "echo": "831"}
# What is done when the host asks for it.
_UNDERSTOOD = frozenset(_MANAGEMENT.values())
_READ = ("4", "7", "11", "12", "38", "39", "54", *(name for name, _ in ECHOED))
_REASON = {"cancel": "4000", "timeout": "4021"}
# DE22 position 7, card data input mode, by the first two digits of the 1987 DE22: keyed, stripe, chip; S (private
# use) is e-commerce.
_INPUT_MODE = {"01": "6", "02": "2", "05": "5", "07": "5", "79": "6", "80": "2", "81": "S", "90": "2", "91": "2"}


class Iso1993Dialect:
    """Requests to and answers from an issuer host the switch is directly connected to."""

    name = "iso-1993-ascii"
    framing = "ascii4"

    def __init__(self) -> None:
        self.codec = compile_spec(load_spec("iso-1993-ascii"))

    def _common(self, payment: Payment) -> dict[str, str]:
        return {
            "2": payment.pan,
            "3": payment.processing_code,
            "4": amount(self.codec, payment),
            "7": payment.transmission,
            "11": payment.stan,
            "12": payment.year + payment.local_date + payment.local_time,
            "22": pos_data_code(payment),
            "26": payment.mcc,
            "32": payment.acquirer,
            "37": payment.rrn and payment.rrn.ljust(12),
            "41": payment.terminal.ljust(8),
            "42": payment.merchant.ljust(15),
            "43": acceptor(payment).iso1993,
            "49": currency(self.codec, payment),
        }

    def _additional(self, subs: dict[str, str]) -> str:
        present = {tag: value for tag, value in subs.items() if value}
        return self.codec.build_sub("48", present) if present else ""

    def request(self, payment: Payment) -> bytes:
        """1100 with DE24 100, also for a captured sale: it clears; 48.80 and 48.87 carry what the switch verified."""
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
            "24": "100",
            "35": payment.track2,
            "48": self._additional(subs),
            "52": payment.pin_block,
        }
        return encode(self.codec, fields)

    def reversal(self, payment: Payment, *, repeat: bool) -> bytes:
        """1420 or 1421, a full reversal (DE24 400); DE56 names the original as this link knew it: it was 1993 too,
        and its DE12 is that of this message."""
        acquirer = payment.original_acquirer
        fields = self._common(payment) | {
            "t": "1421" if repeat else "1420",
            "24": "400",
            "25": reason(self.codec, "25", _REASON, payment),
            "38": payment.auth_code,
            "56": f"1{payment.original_mti[1:]:0>3}{payment.original_stan:0>6}"
            f"{payment.year}{payment.local_date}{payment.local_time}{len(acquirer):02d}{acquirer}",
        }
        return encode(self.codec, fields)

    def advice(self, payment: Payment, *, repeat: bool) -> bytes:
        """1120 or 1121: what the switch decided for the issuer, with its count of wrong PINs in 48.81."""
        subs = {
            "80": payment.pin_result,
            "81": f"{payment.pin_tries:02d}" if payment.pin_tries else "",
            "87": payment.cvv_result,
        }
        fields = self._common(payment) | {
            "t": "1121" if repeat else "1120",
            "14": payment.expiry,
            "24": "100",
            "38": payment.auth_code,
            "39": action_from_response(payment.response_code),
            "48": self._additional(subs),
        }
        return encode(self.codec, fields)

    def management(self, function: ManagementFunction, stan: str, transmission: str, year: str) -> bytes:
        """1804 with DE24 801, 802 or 831."""
        fields = {"t": "1804", "7": transmission, "11": stan, "12": year + transmission, "24": _MANAGEMENT[function]}
        return encode(self.codec, fields)

    def read(self, frame: bytes) -> Answer:
        """A 1110, 1130, 1430 or 1814."""
        view = self.codec.view(frame)
        require_version(view, "1")
        view.check(_READ)
        get = view.get
        action = get("39", "")
        return Answer(
            mti=view.mti,
            stan=get("11", ""),
            transmission=get("7", ""),
            # Without an action code the host has decided nothing: the engine must not take that for a decline.
            response_code=response_from_action(action, view.mti) if action else "",
            auth_code=get("38", ""),
            additional_amounts=get("54", ""),
            amount=answered_amount(view),
            echoed=_echoed(view),
        )

    def answer_management(self, frame: bytes) -> bytes:
        """Sign-on, sign-off and echo that the host asks for are accepted with 800, all else is 902: a new key that were
        acknowledged and not used would make every PIN wrong."""
        view = self.codec.view(frame)
        if not is_request(view.mti):
            raise MessageError(self.name, "t", "expected a request")
        return view.splice({"t": reply_mti(view.mti), "39": "800" if view.get("24", "") in _UNDERSTOOD else "902"})


def _echoed(view: View) -> dict[str, str]:
    """DE12 is date and time here."""
    found, local = echoed(view, ECHOED), view.get("12", "")
    return found | {"local_date": local[2:6], "local_time": local[6:]} if local else found


def pos_data_code(payment: Payment) -> str:
    """DE22 of 1993, 12 positions, from what is known: entry mode, condition, merchant category and the PIN."""
    online, mode = e_commerce(payment), payment.entry_mode[:2]
    with_pin = bool(payment.pin_block or payment.pin_result)
    return "".join(
        (
            "0",  # card data input capability: not known
            {"1": "1", "2": "0"}.get(payment.entry_mode[2:3], "0"),  # whether a PIN can be entered
            "0",  # no card capture
            "5" if online else "2" if at_atm(payment) else "1",  # cardholder's premises; ours, unattended; attended
            cardholder_absent(payment),
            "0" if card_absent(payment) else "1",
            "S" if online and mode in ("00", "01") else _INPUT_MODE.get(mode, "0"),
            "1" if with_pin else "0",  # authenticated by PIN
            "3" if with_pin else "0",  # by the authorising agent
            "0",  # card data output capability: not known
            "0",  # terminal output capability: not known
            "1",  # PIN capture capability: not known
        )
    )
