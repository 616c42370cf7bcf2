"""Issuer hosts in ISO 8583:1993 ASCII: what they are asked and what their answers say. Pure.

Written apart from the switch's own mapping on purpose: nothing is shared but the field tables in specs/."""

from dataclasses import dataclass
from datetime import datetime

from switch.message import MessageError, View, reply_mti
from switch.simulator.network.asked import Asked
from switch.simulator.network.codes import action_code
from switch.simulator.network.specs import codec

FRAMING = "ascii4"
SIGN_ON, SIGN_OFF, ECHO = "801", "802", "831"
ACCEPTED = "800"
_REASONS = {"cancel": "4000", "timeout": "4021"}
# DE22 position 7 from the first two digits of the schemes' DE22: keyed, magnetic stripe, chip, and S for internet.
_INPUT_MODES = {"01": "6", "02": "2", "05": "5", "07": "5", "79": "6", "80": "2", "81": "S", "90": "2", "91": "2"}
_INTERNET, _ATM = "5", "6011"


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """An issuer's reply; "" for what it does not say. `cvv2_result` is M, N, P, S or U."""

    mti: str
    stan: str
    transmission: str
    action: str
    acquirer: str = ""
    rrn: str = ""
    amount: str = ""
    auth_code: str = ""
    additional_amounts: str = ""
    cvv2_result: str = ""


class HostMessages:
    """`now` is UTC; dates without a year belong to the year that makes them nearest to it."""

    def __init__(self) -> None:
        self.codec = codec("iso-1993-ascii")

    def authorisation(self, asked: Asked, now: datetime) -> bytes:
        """1100 or 1101, without a PIN block. Raises MessageError, as all that build."""
        subs = {"42": asked.eci, "43": asked.cavv, "92": asked.cvv2}
        fields = self._common(asked, now) | {
            "t": f"1{asked.mti[1:]}",
            "14": asked.get("14"),
            "24": "100",
            "35": asked.get("35").replace("D", "="),
            "48": self._additional(subs),
        }
        return self._encode(fields)

    def with_pin(self, frame: bytes, block: str) -> bytes:
        """A 1100 with a PIN block of 16 hex digits under the issuer's key."""
        return self.codec.view(frame).splice({"52": block})

    def advice(self, asked: Asked, now: datetime) -> bytes:
        """1120 or 1121: decided on the issuer's behalf."""
        fields = self._common(asked, now) | {
            "t": f"1{asked.mti[1:]}",
            "14": asked.get("14"),
            "24": "100",
            "38": asked.get("38"),
            "39": action_code(asked.get("39")),
        }
        return self._encode(fields)

    def reversal(self, asked: Asked, now: datetime) -> bytes:
        """1420 or 1421, a full reversal; DE56 names the original as this issuer was asked it."""
        common = self._common(asked, now)
        original = asked.get("90")
        acquirer = asked.get("32")
        if acquirer.zfill(11) != original[20:31]:
            acquirer = original[20:31].lstrip("0") or acquirer
        fields = common | {
            "t": f"142{asked.mti[3]}",
            "24": "400",
            "25": _REASONS[asked.reason],
            "38": asked.get("38"),
            "56": f"1{original[1:4]}{original[4:10]}{common['12']}{len(acquirer):02d}{acquirer}",
        }
        return self._encode(fields)

    def management(self, function: str, stan: str, now: datetime) -> bytes:
        """1804 with DE24 801, 802 or 831."""
        moment = now.strftime("%m%d%H%M%S")
        return self._encode({"t": "1804", "7": moment, "11": stan, "12": now.strftime("%y") + moment, "24": function})

    def view(self, frame: bytes) -> View:
        """The message in `frame`; raises MessageError."""
        return self.codec.view(frame)

    def answer(self, view: View) -> HostAnswer:
        """A 1110, 1130, 1430 or 1814; raises MessageError when it does not say what it answers and how."""
        view.check(("4", "7", "11", "32", "37", "38", "39", "54"))
        for number in ("7", "11", "39"):
            if number not in view:
                raise MessageError(self.codec.name, number, "expected the field")
        return HostAnswer(
            mti=view.mti,
            stan=view["11"],
            transmission=view["7"],
            action=view["39"],
            acquirer=view.get("32", ""),
            rrn=view.get("37", ""),
            amount=view.get("4", ""),
            auth_code=view.get("38", ""),
            additional_amounts=view.get("54", ""),
            cvv2_result=result if (result := view.get("48.87", "")) in tuple("MNPSU") else "",
        )

    def accept(self, view: View) -> bytes:
        """The reply to a management request of the issuer."""
        return view.splice({"t": reply_mti(view.mti), "39": ACCEPTED})

    def _common(self, asked: Asked, now: datetime) -> dict[str, str]:
        return {
            "2": asked.pan,
            "3": asked.get("3"),
            "4": asked.get("4"),
            "7": asked.get("7"),
            "11": asked.get("11"),
            "12": year_of(asked.get("13"), asked.get("12"), now) + asked.get("13") + asked.get("12"),
            "22": pos_data_code(asked),
            "26": asked.get("18"),
            "32": asked.get("32"),
            "37": asked.get("37"),
            "41": _ascii(asked.get("41")),
            "42": _ascii(asked.get("42")),
            "43": _ascii(asked.get("43")),
            "49": asked.get("49"),
        }

    def _additional(self, subs: dict[str, str]) -> str:
        present = {tag: value for tag, value in subs.items() if value}
        return self.codec.build_sub("48", present) if present else ""

    def _encode(self, fields: dict[str, str]) -> bytes:
        return self.codec.encode({number: value for number, value in fields.items() if value})


def year_of(date: str, time: str, now: datetime) -> str:
    """The two-digit year in which MMDD hhmmss is nearest to `now`; raises MessageError for 29 February of none."""
    month, day, hour, minute, second = (int(text) for text in (date[:2], date[2:], time[:2], time[2:4], time[4:]))
    moments = []
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            moments.append(datetime(year, month, day, hour, minute, second, tzinfo=now.tzinfo))
        except ValueError:
            continue  # no such day in that year
    if not moments:
        raise MessageError("iso-1993-ascii", "13", "expected a date of a year near this one")
    return min(moments, key=lambda moment: abs(moment - now)).strftime("%y")


def pos_data_code(asked: Asked) -> str:
    """DE22 (an12): where, who was present, how the card was read, how the cardholder was verified."""
    entry, online = asked.get("22"), asked.presence == _INTERNET
    mode = "S" if online and entry[:2] in ("00", "01") else _INPUT_MODES.get(entry[:2], "0")
    can_enter_pin = "1" if entry[2:3] == "1" else "0"
    place = "5" if online else "2" if asked.get("18") == _ATM else "1"
    card = "1" if asked.card_present else "0"
    verified = "13" if asked.get("52") else "00"
    return f"0{can_enter_pin}0{place}{asked.presence}{card}{mode}{verified}001"


def _ascii(text: str) -> str:
    """EBCDIC has letters that an ASCII interface does not carry."""
    return text.encode("ascii", "replace").decode()
