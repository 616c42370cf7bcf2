"""Terminals on real connections, and what is noted of them; what they do is their conduct."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import trio

from switch.lab.scripts import Card, load_cards
from switch.message import MessageError, compile_spec, load_spec
from switch.simulator.terminal.conduct import COME_AGAIN, Conduct, Habits
from switch.simulator.terminal.messages import Moment, Profile, Sale, now, request
from switch.simulator.wire import ConnectionLost, FrameStream

from .proxy import HOST
from .records import Evidence, Message, Payment, Unasked

PATIENCE = 4.0
_HABITS = Habits(pause=(0.2, 0.6))
_SPECS = ("pos-1987-ascii", "pos-1987-ascii-binary")
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """The ports of the two listeners, the terminals' clear key, and `amounts` of which no two are the same."""

    ports: tuple[int, int]
    tpk: bytes
    amounts: Iterator[int]


def good_cards() -> list[Card]:
    """The fixture cards that pay."""
    return [card for card in load_cards() if card.name.endswith("good")]


@dataclass(slots=True)
class _Asked:
    """A message that waits; `code` once its answer is there."""

    event: trio.Event
    code: str | None = None


class Terminal:
    """Even ones speak with hexadecimal bitmaps, odd ones with binary bitmaps."""

    def __init__(self, number: int, site: Site, evidence: Evidence, dice: random.Random) -> None:
        self.name = f"CHA{number + 1:05d}"
        self._site, self._evidence, self._dice = site, evidence, dice
        self._port = site.ports[number % 2]
        self._codec = compile_spec(load_spec(_SPECS[number % 2]))
        self._profile = Profile(self.name, "CHAOSMERCHANT01", site.tpk)
        self._cards = good_cards()
        self._conduct = Conduct(dice, _HABITS, self._ask, self._stamp)
        self._stan = 0
        self._round = 0
        self._stream: FrameStream | None = None
        self._asked: dict[_Key, _Asked] = {}
        self._answers_due: Counter[_Key] = Counter()
        self._nursery: trio.Nursery

    async def run(self, number: int, payments: int, load: float) -> None:
        """`payments` of round `number`, begun within about `load` seconds; returns when each has its end."""
        self._round = number
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for _ in range(payments):
                await trio.sleep(self._dice.expovariate(payments / load))
                await self._pay()
            self._stream = None
            nursery.cancel_scope.cancel()

    # -- a payment

    async def _pay(self) -> None:
        payment, sale = self._sale()
        self._evidence.payments[payment.amount] = payment
        ending = await self._conduct.pay(request(self._codec, self._profile, sale, *self._stamp()))
        payment.belief = ending.belief
        if ending.differs not in ("", *COME_AGAIN):
            self._evidence.differing_repeats.append(
                f"{self.name}: {payment.amount} was approved, its repeat got {ending.differs}"
            )

    def _sale(self) -> tuple[Payment, Sale]:
        dice, card, amount = self._dice, self._dice.choice(self._cards), next(self._site.amounts)
        valid, kind = dice.random() > 0.05, dice.choices(("purchase", "withdrawal", "refund"), (8, 1, 1))[0]
        track2 = card.track2 if valid else card.track2[:-1] + str((int(card.track2[-1]) + 1) % 10)
        pin = card.pin if valid and dice.random() < 0.6 else ""
        sale = Sale(kind=kind, pan=card.pan, amount=amount, currency=card.currency, pin=pin, track2=track2)
        return Payment(amount, self._round, self.name, card.network, kind, card.currency, valid), sale

    def _stamp(self) -> tuple[str, Moment]:
        self._stan = self._stan % 999_999 + 1
        return f"{self._stan:06d}", now()

    # -- the line

    async def _ask(self, fields: dict[str, str]) -> str | None:
        """The response code, None when none came in time."""
        stream, amount = await self._connected(), int(fields["4"])
        key = fields["t"][1], fields["11"], fields["7"]
        asked = self._asked[key] = _Asked(trio.Event())
        self._answers_due[key] += 1
        sent = trio.current_time()
        with trio.move_on_after(PATIENCE):
            try:
                await stream.send(self._codec.encode(fields))
                await asked.event.wait()
            except ConnectionLost:
                self._lost(stream)
        del self._asked[key]
        link = "open" if self._stream is stream else "lost"
        self._evidence.messages.append(
            Message(
                self._round,
                self.name,
                fields["t"],
                fields["11"],
                amount,
                sent,
                trio.current_time() - sent,
                asked.code,
                link,
            )
        )
        return asked.code

    async def _connected(self) -> FrameStream:
        while self._stream is None:
            try:
                with trio.fail_after(PATIENCE):
                    self._stream = FrameStream(await trio.open_tcp_stream(HOST, self._port), "len2")
                self._nursery.start_soon(self._receive, self._stream)
            except (OSError, trio.TooSlowError):
                await trio.sleep(self._dice.uniform(0.1, 0.4))
        return self._stream

    async def _receive(self, stream: FrameStream) -> None:
        try:
            while frames := await stream.receive():
                for frame in frames:
                    self._answered(frame)
        except (ConnectionLost, MessageError):
            pass
        finally:
            self._lost(stream)
            await stream.aclose()

    def _answered(self, frame: bytes) -> None:
        view = self._codec.view(frame)
        key = view.mti[1], view["11"], view["7"]
        asked, known = self._asked.get(key), key in self._answers_due
        self._answers_due[key] -= 1
        if self._answers_due[key] < 0:
            self._evidence.unasked.append(
                Unasked(self._round, self.name, view.mti, key[1], int(view.get("4", "0")), known)
            )
        elif asked is not None and asked.code is None:
            asked.code = view["39"]
            asked.event.set()

    def _lost(self, stream: FrameStream) -> None:
        """What waits on a lost connection waits in vain."""
        if self._stream is stream:
            self._stream = None
            for asked in self._asked.values():
                asked.event.set()
