"""Whether what a host did with a message is right. Knows messages, no sockets."""

from collections.abc import Container

from switch.message import Codec, MessageError, Mti, View
from switch.testing.fuzz_case import Found, Peer, Shot
from switch.testing.fuzz_wire import Heard

# What an answer returns unchanged when it has it; the amount not when it is approved in part.
ECHOED = ("2", "3", "4", "7", "41", "42", "49", "70")
_OWN = ("11", "39")
_PARTIAL = "10"
REFUSED = Found("crash", "connection refused")


def judge(codec: Codec, peer: Peer, shot: Shot, heard: Heard, stans: Container[str] = ()) -> Found:
    """The outcome of one shot; `stans` are the DE11 of all other requests of the run."""
    data = bytes.fromhex(shot.data)
    if heard.state == "refused":
        return REFUSED
    if heard.state == "unframed":
        return Found("unreadable reply", "no frame of this framing")
    if heard.state == "closed":
        return Found("close", "connection closed on a valid message") if shot.valid else Found("closed")
    if heard.state == "silent":
        if not shot.valid and not _wants_answer(codec, data):
            return Found("ignored")
        return Found("silence", f"no answer and no close in {peer.timeout:g} s")
    found = _reply(codec, shot, data, heard.message, stans)
    if found.good and heard.seconds > peer.slow:
        return Found("slow answer", f"longer than {peer.slow:g} s")
    return found


def stan_of(codec: Codec, shot: Shot) -> str:
    """DE11 of what is sent; "" when it cannot be read."""
    request = _sound(codec, bytes.fromhex(shot.data))
    return "" if request is None else request.get("11", "")


def _reply(codec: Codec, shot: Shot, data: bytes, reply: bytes, stans: Container[str]) -> Found:
    try:
        answer = codec.view(reply)
        # A host may return what was broken as it came.
        answer.check(None if shot.valid else [field for field in _OWN if field in answer])
    except MessageError as error:
        return Found("unreadable reply", f"field {error.path}: {error.reason}")
    request = _sound(codec, data)
    stan = answer.get("11")
    if not _answers(codec, data, answer.mti, valid=shot.valid):
        return Found("wrong reply", "message type is not that of the answer")
    if request is None:
        return Found("answered")
    if request.get("11") is not None and stan != request.get("11"):
        if stan is not None and stan in stans:
            return Found("reply to another request", "field 11 is that of another request")
        return Found("wrong reply", "field 11 differs" if stan is not None else "field 11 is missing")
    return _echo(request, answer) if shot.valid else Found("answered")


def _echo(request: View, answer: View) -> Found:
    for field in ECHOED:
        if field == "4" and answer.get("39") == _PARTIAL:
            continue
        if field in request and field in answer and request[field] != answer[field]:
            return Found("wrong reply", f"field {field} is not that of the request")
    return Found("answered")


def _answers(codec: Codec, data: bytes, mti: str, *, valid: bool) -> bool:
    try:
        return codec.read_mti(data, 0) != mti and Mti(codec.read_mti(data, 0)).reply().text == mti
    except MessageError:
        # The request's own type cannot be answered: any answer will do.
        return not valid and Mti(mti).is_response


def _wants_answer(codec: Codec, data: bytes) -> bool:
    try:
        return Mti(codec.read_mti(data, 0)).is_request
    except MessageError:
        return True


def _sound(codec: Codec, data: bytes) -> View | None:
    """The request as far as it can be read."""
    try:
        view = codec.view(data)
        view.check()
    except MessageError as error:
        return error.partial
    return view
