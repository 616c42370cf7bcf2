"""A host with books of its own: it holds money per payment, takes it back when a reversal says so, and forgets nothing.

Speaks the bytes of its dialect through switch.message alone."""

import functools
from collections.abc import Callable
from random import Random

import trio

from switch.message import (
    VISA_HEADER,
    View,
    build_visa_header,
    compile_spec,
    load_spec,
    make_framer,
    reply_mti,
)
from switch.simulation.net import VirtualSocket, Wire
from switch.simulation.peers.door import serve
from switch.simulation.process import Process
from switch.simulation.record import Hold, Record

codec_of = functools.cache(lambda spec: compile_spec(load_spec(spec)))
# Spec and framing of each kind.
KINDS = {
    "visa": ("visa", "visa4"),
    "mastercard": ("mastercard", "len2"),
    "issuer": ("iso-1993-ascii", "ascii4"),
}
_ECHOED = ("3", "4", "7", "11", "12", "37", "41", "42", "49")
_MODERN = {
    "00": {"1": "000", "4": "400", "8": "800"},
    "05": {"1": "100"},
    "30": {"4": "904"},
    "91": {"4": "912"},
}
# What a host does with a message under the fault "peers", and how often.
_MANNERS = (("late", 6), ("twice", 6), ("never", 4), ("deaf", 3), ("slow", 8), ("plain", 73))
_LATE = (1.5, 6.0)


class Host:
    """`strange` asks whether the fault "peers" is on now. Books live on when the process dies."""

    def __init__(
        self, name: str, kind: str, port: int, wire: Wire, record: Record, dice: Random, strange: Callable[[], bool]
    ) -> None:
        self.name, self.kind, self.port = name, kind, port
        spec, self._framing = KINDS[kind]
        self._codec = codec_of(spec)
        self._start = VISA_HEADER if kind == "visa" else 0
        self._wire, self._record, self._dice, self._strange = wire, record, dice, strange
        self.process = Process(name)
        # Holds by the keys of their requests, and the keys of reversals that found none.
        self._holds: dict[tuple[str, str], Hold] = {}
        self._unmatched: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Until killed."""
        self.process = Process(self.name)
        await serve(self._wire, self.port, self.process, self._converse)

    async def _converse(self, sock: VirtualSocket) -> None:
        framer = make_framer(self._framing)
        with sock:
            async with trio.open_nursery() as nursery:
                while data := await sock.receive():
                    for frame in framer.feed(data):
                        nursery.start_soon(self._serve, sock, self._codec.view(frame, self._start))
                nursery.cancel_scope.cancel()

    async def _serve(self, sock: VirtualSocket, view: View) -> None:
        if view.mti[1] == "8":
            sock.put(self._answer(view, "00"))
            return
        self._record.note(self.name, "heard", mti=view.mti, amount=int(view["4"]))
        manner = self._manner()
        if manner == "deaf":
            return
        await trio.sleep(self._dice.uniform(0.001, 1.2 if manner == "slow" else 0.02))
        code = self._book(view)
        if manner == "never":
            return
        if manner == "late":
            await trio.sleep(self._dice.uniform(*_LATE))
        answer = self._answer(view, code)
        sock.put(answer)
        self._record.note(self.name, "host answered", mti=view.mti, amount=int(view["4"]), code=code, manner=manner)
        if manner == "twice":
            await trio.sleep(self._dice.uniform(0, 0.5))
            sock.put(answer)

    def _manner(self) -> str:
        if not self._strange():
            return "plain"
        return self._dice.choices([name for name, _ in _MANNERS], [weight for _, weight in _MANNERS])[0]

    # -- the books

    def _book(self, view: View) -> str:
        """The 1987 response code of a message; every message is noted."""
        key, amount = (view["11"], view["7"]), int(view["4"])
        mti, cls = view.mti, view.mti[1]
        if cls == "4":
            original = self._original(view)
            self._record.note(self.name, "reversal", mti=mti, key=key, original=original, amount=amount, pan=view["2"])
            if self._strange() and self._dice.random() < 0.15:
                return self._dice.choice(("91", "91", "30"))
            hold = self._holds.get(original)
            if hold is None:
                self._unmatched.add(original)
            else:
                hold.reversed = True
            return "00"
        if mti[2] != "0":
            self._record.note(self.name, "advice", mti=mti, key=key, amount=amount, pan=view["2"])
            return "00"
        local = (view["11"], view["12"])
        approved = not ({key, local} & self._unmatched) and self._dice.random() > 0.1
        hold = Hold(amount, self.name, view["2"], approved)
        self._holds[key] = self._holds[local] = hold
        self._record.holds.append(hold)
        code = "00" if approved else "05"
        self._record.note(self.name, "request", mti=mti, key=key, amount=amount, pan=view["2"], code=code)
        return code

    def _original(self, view: View) -> tuple[str, str]:
        """DE11 and DE7 of what is reversed; DE11 and DE12 in 1993."""
        if self.kind == "issuer":
            return view["56"][4:10], view["56"][10:22]
        return view["90"][4:10], view["90"][10:20]

    # -- bytes

    def _answer(self, view: View, code: str) -> bytes:
        cls = view.mti[1]
        fields = {name: view[name] for name in _ECHOED if name in view}
        fields |= {"t": reply_mti(view.mti), "39": _MODERN[code][cls] if self.kind == "issuer" else code}
        if code == "00" and cls == "1":
            fields["38"] = f"A{view['11'][-5:]}"
            if self.kind == "visa":
                fields["62"] = self._codec.build_sub("62", {"2": f"4{view['11']:0>14}"})
            if self.kind == "mastercard":
                fields |= {"15": "0612", "63": f"MCC{view['11']:0>9}"}
        message = self._codec.encode({name: value for name, value in fields.items() if value})
        if self._start:
            message = build_visa_header(len(message), source="400002", destination="400001") + message
        return make_framer(self._framing).wrap(message)
