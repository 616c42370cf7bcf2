"""Frames of ISO 8583:1993 ASCII read into messages, and answers written. Pure, knows no account."""

from collections.abc import Callable
from typing import NoReturn

from switch.message import Codec, MessageError, View, is_request, mask_pan, reply_mti
from switch.simulator.issuer.model import (
    KINDS,
    Advice,
    Answer,
    Authorisation,
    Entry,
    Evidence,
    Management,
    Message,
    Reversal,
    Unsupported,
)

Token = Callable[[str], str]

SIGN_ON, SIGN_OFF, ECHO = "801", "802", "831"
FULL_REVERSAL = "400"
_USED = ("2", "3", "4", "7", "11", "12", "14", "22", "24", "32", "35", "37", "39", "41", "42", "48", "49", "52", "56")
_ECHOED = frozenset(("2", "3", "4", "7", "11", "12", "24", "32", "33", "37", "41", "42", "49"))
# DE56 is original MTI 4, DE11 6, DE12 12, length 2 and DE32.
_ORIGINAL = 24


class Unanswerable(Exception):
    """Bytes that get no answer: the connection closes with this reason."""


def read(codec: Codec, frame: bytes, listener: str, token: Token) -> Message:
    """The message in `frame`; raises MessageError, and Unanswerable for what is no request of the 1993 version."""
    view = codec.view(frame)
    check_answerable(view)
    view.check(_USED)
    require(view, "7", "11")
    kind = view.mti[1:3]
    if kind == "80":
        return Management(view, require(view, "24"))
    if kind == "10":
        return Authorisation(view, _entry(view, listener, token), _evidence(view))
    if kind == "12":
        return _advice(view, listener, token)
    if kind == "42":
        return _reversal(view, listener, token)
    return Unsupported(view)


def check_answerable(view: View) -> None:
    """Raises Unanswerable unless the message is a request or advice of ISO 8583:1993."""
    if view.mti[0] != "1" or not is_request(view.mti):
        raise Unanswerable("no request of ISO 8583:1993")


def require(view: View, *paths: str) -> str:
    """The value at the last of `paths`; raises MessageError when one is absent or blank."""
    value = ""
    for path in paths:
        value = view.get(path, "")
        if not value.strip():
            _fault(view, path, "expected to be present")
    return value


def answer(view: View, reply: Answer) -> bytes:
    """The answer to the message in `view`: its identifying fields, nothing sensitive, and the three of `reply`."""
    changes: dict[str, str | None] = {field: None for field in view.fields if field not in _ECHOED}
    changes |= {"t": reply_mti(view.mti), "39": reply.action}
    changes |= {field: value for field, value in (("38", reply.auth_code), ("54", reply.amounts)) if value}
    return view.splice(changes)


def reference(listener: str, mti: str, stan: str, local: str, acquirer: str) -> str:
    """Names a request as DE56 of its reversal does; repeats and leading zeros of DE32 make no difference."""
    return f"{listener}|{mti[:3]}|{stan}|{local}|{acquirer.lstrip('0')}"


def _fault(view: View, path: str, reason: str) -> NoReturn:
    error = MessageError(view.codec.name, path, reason)
    error.partial = view.sound()
    raise error


def _pan(view: View) -> str:
    """DE2, else the PAN of track 2."""
    return view.get("2", "") or _track2(view).partition("=")[0]


def _track2(view: View) -> str:
    return view.get("35", "").replace("D", "=")


def _entry(view: View, listener: str, token: Token) -> Entry:
    """Of a request or advice."""
    kind = KINDS.get(require(view, "3")[:2], "")
    require(view, "12")
    if kind != "balance":
        require(view, "4", "49")
    if not _pan(view):
        _fault(view, "2", "expected to be present, or field 35")
    get = view.get
    named = reference(listener, view.mti, get("11", ""), get("12", ""), get("32", ""))
    return _keyed(view, listener, named, token)


def _keyed(view: View, listener: str, named: str, token: Token) -> Entry:
    get, pan = view.get, _pan(view)
    stan, transmission, acquirer = get("11", ""), get("7", ""), get("32", "")
    return Entry(
        key=f"{listener}|{view.mti[:3]}|{stan}|{transmission}|{acquirer}",
        reference=named,
        listener=listener,
        mti=view.mti,
        stan=stan,
        transmission=transmission,
        local=get("12", ""),
        acquirer=acquirer,
        token=token(pan) if pan else "",
        masked=mask_pan(pan),
        processing_code=get("3", ""),
        amount=int(get("4", "0")),
        currency=get("49", ""),
    )


def _evidence(view: View) -> Evidence:
    get = view.get
    return Evidence(
        pan=_pan(view),
        expiry=get("14", ""),
        track2=_track2(view),
        cvv2=get("48.92", "").strip(),
        pin_block=get("52", "").upper(),
        input_mode=get("22", "")[6:7],
        pin_result=get("48.80", ""),
        cvv_result=get("48.87", ""),
    )


def _advice(view: View, listener: str, token: Token) -> Advice:
    tries = view.get("48.81", "0")
    if not (tries.isascii() and tries.isdigit()):
        _fault(view, "48.81", "expected a number")
    return Advice(view, _entry(view, listener, token), require(view, "39"), int(tries))


def _reversal(view: View, listener: str, token: Token) -> Reversal:
    original = require(view, "56")
    acquirer = original[_ORIGINAL:]
    if len(original) < _ORIGINAL or len(acquirer) != int(original[_ORIGINAL - 2 : _ORIGINAL]):
        _fault(view, "56", "expected MTI, DE11, DE12 and DE32 with its length")
    named = reference(listener, original[:4], original[4:10], original[10:22], acquirer)
    return Reversal(view, _keyed(view, listener, named, token), view.get("24", FULL_REVERSAL) == FULL_REVERSAL)
