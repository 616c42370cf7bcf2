"""What the load generator says: requests of terminals as templates, and the answers of hosts that decide at once."""

import json
from collections.abc import Callable, Mapping

from switch.message import (
    VISA_HEADER,
    Framer,
    compile_spec,
    load_spec,
    luhn_check_digit,
    make_framer,
    parse_visa_header,
    reply_mti,
    reply_visa_header,
)
from switch.resources import read_text
from switch.simulator.terminal.messages import Profile, Sale, now, request

from .bench_wire import End

_MARK = "987654"
_CARDS = 16
_PIN = "1234"
_MANAGEMENT_ACCEPTED = {"visa": "00", "mastercard": "00", "iso-1993-ascii": "800"}
_ACCEPTED = {"visa": "00", "mastercard": "00", "iso-1993-ascii": "000"}
_DROPPED = ("22", "35", "43", "52", "53", "60", "63", "126")
FRAMING = {"visa": "visa4", "mastercard": "len2", "iso-1993-ascii": "ascii4"}
BINS = {"visa": "4", "mastercard": "5", "iso-1993-ascii": "4"}


class Requests:
    """Sales of one terminal: the same fields with a DE11 of its own each, so that no two are the same request.

    `stan_at` says where DE11 stands in a request and in its answer.
    """

    def __init__(self, terminal: str, prefix: str, *, pin: bool) -> None:
        codec = compile_spec(load_spec("pos-1987-ascii"))
        tpk = bytes.fromhex(json.loads(read_text("fixtures", "clear_keys.json"))["keys"]["tpk.lab"])
        profile = Profile(terminal, "MERCHANT0000001", tpk)
        self._parts: list[tuple[bytes, bytes]] = []
        for card in range(_CARDS):
            fields = request(codec, profile, _sale(_pan(prefix, card), pin=pin), _MARK, now()) | {"18": "5411"}
            head, _, tail = make_framer("len2").wrap(codec.encode(fields)).partition(_MARK.encode())
            self._parts.append((head, tail))
            self.stan_at = len(head) - 2
        kept = {name: value for name, value in fields.items() if name not in ("35", "52")}
        answer = codec.encode({**kept, "t": "0210", "37": "1" * 12, "38": "A" * 6, "39": "~~"})
        self._code_at, self._length = answer.index(b"~~"), len(answer)
        self._number = 0

    def approved(self, answer: bytes) -> bool:
        """Whether the answer approves: DE39 stands where it stands in approvals, and nothing is missing."""
        return len(answer) == self._length and answer[self._code_at : self._code_at + 2] == b"00"

    def next(self) -> tuple[bytes, bytes]:
        """DE11 and the framed request."""
        self._number = self._number % 999_999 + 1
        stan = b"%06d" % self._number
        head, tail = self._parts[self._number % _CARDS]
        return stan, head + stan + tail


def _pan(prefix: str, number: int) -> str:
    body = f"{prefix}{number:014d}"
    return body + luhn_check_digit(body)


def _sale(pan: str, *, pin: bool) -> Sale:
    """With the fields that make a request of about 200 bytes, as the study of relays had it."""
    return Sale(
        kind="purchase",
        pan=pan,
        amount=1234,
        currency="978",
        pin=_PIN if pin else "",
        track2=f"{pan}=30121010000000000",
    )


def host(dialect: str, *, silent: bool = False) -> Callable[[End, bytes], None]:
    """`on_data` of a host that approves everything at once; a `silent` one answers sign-on and echo only."""
    codec = compile_spec(load_spec(dialect))
    start = VISA_HEADER if dialect == "visa" else 0
    framers: dict[End, Framer] = {}

    def answer(frame: bytes) -> bytes:
        view = codec.view(frame, start)
        changes: dict[str, str | None] = {"t": reply_mti(view.mti), "39": _ACCEPTED[dialect], "38": "123456"}
        if view.mti[1] == "8":
            changes = {"t": reply_mti(view.mti), "39": _MANAGEMENT_ACCEPTED[dialect]}
        elif view.mti[1] == "4":
            changes = {"t": reply_mti(view.mti), "39": "400" if dialect == "iso-1993-ascii" else "00"}
        changes |= {name: None for name in _DROPPED if name in view}
        message = view.splice(changes)[start:]
        return reply_visa_header(parse_visa_header(frame), len(message)) + message if start else message

    def on_data(end: End, data: bytes) -> None:
        framer = framers.get(end)
        if framer is None:
            framer = framers[end] = make_framer(FRAMING[dialect])
        for frame in framer.feed(data):
            if silent and codec.view(frame, start).mti[1] != "8":
                continue
            end.send(framer.wrap(answer(frame)))

    return on_data


def echo(end: End, data: bytes) -> None:
    """`on_data` of the relay's host."""
    end.send(data)


def under_lmk() -> Mapping[str, str]:
    """Key fields of the shipped test keys, by name."""
    keys = json.loads(read_text("fixtures", "keys.json"))["keys"]
    return {name: key["under_lmk"] for name, key in keys.items()}
