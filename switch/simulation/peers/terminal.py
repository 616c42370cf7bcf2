"""A terminal on the virtual network, and what is noted of it; what it does is its conduct."""

from collections.abc import Callable
from random import Random

import trio

from switch.message import MessageError, View, make_framer
from switch.simulation.net import VirtualSocket, Wire
from switch.simulation.peers.host import codec_of
from switch.simulation.process import Process
from switch.simulation.record import Outcome, Record
from switch.simulator.terminal.conduct import Conduct, Habits
from switch.simulator.terminal.messages import Moment, Profile, Sale, request

PATIENCE = 3.0
_HABITS = Habits(gives_up=0.7, unsent=0.05, strays=0.5, pause=(0.2, 1.0))
# Enough of them that a card is locked in many runs.
_WRONG_PINS = 0.3
SPECS = {9000: "pos-1987-ascii", 9001: "pos-1987-ascii-binary"}


class Terminal:
    """`cards` are those of the fixtures; `amount` gives each payment one of its own: all know it by that."""

    def __init__(
        self,
        number: int,
        wire: Wire,
        record: Record,
        dice: Random,
        tpk: bytes,
        cards: list[dict[str, str]],
        amount: Callable[[], int],
        moment: Callable[[], Moment],
    ) -> None:
        self.name = f"SIM{number:05d}"
        self.port = 9000 + number % 2
        self._wire, self._record, self._dice, self._cards = wire, record, dice, cards
        self._codec = codec_of(SPECS[self.port])
        self._profile = Profile(self.name, "SIMMERCHANT0001", tpk)
        self._amount, self._moment = amount, moment
        self._conduct = Conduct(dice, _HABITS, self._ask, self._stamp)
        self._stan = 0
        self._sock: VirtualSocket | None = None
        self._waiting: dict[tuple[str, str, str], list[str]] = {}
        self._event = trio.Event()
        self._process = Process(self.name)

    async def run(self, payments: int) -> None:
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for _ in range(payments):
                await trio.sleep(self._dice.expovariate(2))
                await self._pay()
            if self._sock is not None:
                self._sock.close()
            nursery.cancel_scope.cancel()

    async def _pay(self) -> None:
        card, dice, amount = self._dice.choice(self._cards), self._dice, self._amount()
        right_pin = dice.random() > _WRONG_PINS
        pin = (card["pin"] if right_pin else card["pin"][::-1] + "9") if dice.random() < 0.5 else ""
        sale = Sale(kind="purchase", pan=card["pan"], amount=amount, currency="978", pin=pin, track2=card["track2"])
        fields = request(self._codec, self._profile, sale, *self._stamp())
        entered = "" if not pin else "right" if right_pin else "wrong"
        outcome = Outcome(amount, self.name, card["pan"], entered, trio.current_time())
        self._record.payments[amount] = outcome
        self._record.secrets |= {card["pan"], card["track2"], fields.get("52", card["track2"])}
        ending = await self._conduct.pay(fields)
        outcome.belief, outcome.ended = ending.belief, trio.current_time()
        if ending.differs not in ("", "96"):
            self._record.note(self.name, "repeat differs", amount=amount, code=ending.differs)
        if ending.stray == "00":
            self._record.note(self.name, "revived", amount=amount)
        self._record.note(self.name, "settled", amount=amount, belief=outcome.belief)

    def _stamp(self) -> tuple[str, Moment]:
        self._stan += 1
        return f"{self._stan:06d}", self._moment()

    # -- the line

    async def _ask(self, fields: dict[str, str]) -> str | None:
        """The response code, None when none came in time."""
        sock, amount = await self._connected(), int(fields["4"])
        key = (fields["11"], fields["7"], fields["t"][1])
        answers = self._waiting[key] = []
        data = make_framer("len2").wrap(self._codec.encode(fields))
        self._record.note(self.name, "asked", mti=fields["t"], stan=key[0], amount=amount)
        sent = trio.current_time()
        sock.put(data)
        with trio.move_on_after(PATIENCE):
            while not answers and not sock.reset and not sock.ended:
                self._event = trio.Event()
                await self._event.wait()
        del self._waiting[key]
        if not answers:
            state = "lost" if sock.reset or sock.ended else "open"
            self._record.note(self.name, "no answer", mti=fields["t"], stan=key[0], amount=amount, link=state)
            return None
        took = round(trio.current_time() - sent, 6)
        self._record.note(self.name, "answered", mti=fields["t"], amount=amount, code=answers[0], took=took)
        self._record.payments[amount].code = answers[0]
        return answers[0]

    async def _connected(self) -> VirtualSocket:
        while self._sock is None or self._sock.reset or self._sock.ended:
            if self._sock is not None:
                self._sock.close()
            try:
                self._sock = self._wire.connect(self.port, self._process)
                self._nursery.start_soon(self._listen, self._sock)
            except OSError:
                self._sock = None
                await trio.sleep(self._dice.uniform(0.2, 0.6))
        return self._sock

    async def _listen(self, sock: VirtualSocket) -> None:
        framer = make_framer("len2", 65535)
        while data := await sock.receive():
            for frame in framer.feed(data):
                try:
                    self._take(self._codec.view(frame))
                except MessageError as error:
                    self._record.note(self.name, "unreadable", error=str(error))
            self._event.set()
        self._event.set()

    def _take(self, view: View) -> None:
        key = (view["11"], view["7"], view.mti[1])
        answers = self._waiting.get(key)
        if answers is not None and not answers:
            answers.append(view["39"])
        else:
            amount = int(view.get("4", "0"))
            self._record.note(self.name, "unasked", mti=view.mti, stan=key[0], amount=amount, code=view["39"])
