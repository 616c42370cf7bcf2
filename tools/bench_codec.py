"""Our codec against pyiso8583, as ratios of one run: `switch-bench codec`."""

import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import iso8583

from switch.message import Codec, compile_spec, load_spec

# A 0100 of 23 data fields as a terminal and as an acquirer would send it. The card number is a test number.
_COMMON = {
    "t": "0100",
    "2": "4111111111111111",
    "3": "000000",
    "4": "000000001234",
    "7": "0611191024",
    "11": "000001",
    "12": "211024",
    "13": "0611",
    "14": "3012",
    "18": "5411",
    "22": "051",
    "23": "001",
    "25": "00",
    "32": "123456",
    "35": "4111111111111111=30121010000000000",
    "37": "123456789012",
    "41": "TERM0001",
    "42": "MERCHANT0000001",
    "43": f"{'A SHOP':<22} {'BERLIN':<13} DE ",
    "48": "9203123",
    "49": "978",
    "52": "0123456789ABCDEF",
    "53": "2001010100000000",
    "60": "OPAQUE",
}
MESSAGES: dict[str, dict[str, str]] = {
    "pos-1987-ascii": _COMMON,
    "iso-1987-bcd": {**_COMMON, "35": _COMMON["35"].replace("=", "D")},
    "visa": {**_COMMON, "22": "0510", "35": _COMMON["35"].replace("=", "D"), "60": "400000000700"},
}
_READ = ("2", "3", "4", "7", "11", "35", "41", "49")
_ELEMENT = "3.1"
_SPLICED = {"11": "000002", "37": "123456789013"}
_CALLS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """One way of ours against the same work in pyiso8583, in microseconds of the best rounds."""

    name: str
    theirs: float
    ours: float

    @property
    def ratio(self) -> float:
        """How many times pyiso8583 takes."""
        return self.theirs / self.ours


def measure(spec_name: str, rounds: int = 150) -> list[Result]:
    """The results for the message of that spec; both sides are measured in turns, the best rounds count."""
    codec = compile_spec(load_spec(spec_name))
    return [_compare(name, theirs, ours, rounds) for name, theirs, ours in _work(codec, MESSAGES[spec_name])]


def _work(codec: Codec, fields: dict[str, str]) -> list[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    raw, spec = codec.encode(fields), codec.spec.fields
    view = codec.view(raw)

    def relay() -> None:
        decoded, _ = iso8583.decode(raw, spec)
        iso8583.encode({**decoded, **_SPLICED}, spec)

    def read() -> None:
        message = codec.view(raw)
        for field in _READ:
            message[field]

    def decode() -> Any:
        return iso8583.decode(raw, spec)

    return [
        ("decode", decode, lambda: codec.decode(raw)),
        ("encode", lambda: iso8583.encode(dict(fields), spec), lambda: codec.encode(fields)),
        ("view", decode, lambda: codec.view(raw)),
        (f"view, {len(_READ)} fields read", decode, read),
        ("splice of 2 fields", relay, lambda: view.splice(_SPLICED)),
        ("view and splice of 2 fields", relay, lambda: codec.view(raw).splice(_SPLICED)),
        ("view, 1 element read", decode, lambda: codec.view(raw).get(_ELEMENT)),
        ("every field and element read", decode, lambda: _deep(codec, raw)),
    ]


def _deep(codec: Codec, raw: bytes) -> None:
    view = codec.view(raw)
    for path in view.paths():
        view.get(path)


def _compare(name: str, theirs: Callable[[], Any], ours: Callable[[], Any], rounds: int) -> Result:
    pairs = [(timeit.timeit(theirs, number=_CALLS), timeit.timeit(ours, number=_CALLS)) for _ in range(rounds)]
    best = (min(their for their, _ in pairs), min(our for _, our in pairs))
    return Result(name, best[0] / _CALLS * 1e6, best[1] / _CALLS * 1e6)


def run(rounds: int) -> None:
    """Prints a table of ratios, the best of so many rounds each."""
    for name in MESSAGES:
        sys.stdout.write(f"{name}: a 0100 of {len(MESSAGES[name]) - 1} fields, microseconds of the best of {rounds}\n")
        for result in measure(name, rounds):
            times = f"pyiso8583 {result.theirs:7.2f}   ours {result.ours:7.2f}   {result.ratio:6.1f} x"
            sys.stdout.write(f"  {result.name:<30} {times}\n")
