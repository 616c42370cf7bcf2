"""Plays scripts from several terminals at once. A terminal without an answer reverses, as a real one does."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle
from zlib import crc32

import trio

from switch.lab.errors import LabError
from switch.lab.scripts import Script, Step
from switch.message import View, compile_spec, load_spec
from switch.simulator.terminal import messages
from switch.simulator.terminal.session import NoAnswerError, TerminalSession

_PAUSE = 0.2
_COME_AGAIN = ("91", "96")
NO_ANSWER = "--"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one payment: `outcome` approved, declined, reversed or in doubt; `latency` in seconds."""

    network: str
    outcome: str
    code: str
    latency: float
    unexpected: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the terminals call: the ports of the two listeners; `patience` in seconds is for a switch that is down."""

    host: str
    ports: tuple[int, int]
    terminals: int
    tpk: bytes
    within: float = 5.0
    patience: float = 60.0


async def play(site: Site, scripts: list[Script], done: Callable[[Result], None]) -> list[Result]:
    """All results; calls `done` after each. Raises LabError when the switch stays away."""
    results: list[Result] = []

    def collect(result: Result) -> None:
        results.append(result)
        done(result)

    lanes: list[list[Script]] = [[] for _ in range(site.terminals)]
    for script in scripts:
        lanes[crc32(script.lane.encode()) % site.terminals].append(script)
    async with trio.open_nursery() as nursery:
        for number, lane in enumerate(lanes):
            nursery.start_soon(_Terminal(site, number).play, lane, collect)
    return results


@dataclass(slots=True)
class _Debt:
    """A reversal that the terminal owes until it is answered, and what to report then."""

    fields: dict[str, str]
    result: Result
    repeat: bool = False


class _Terminal:
    """One terminal: even ones speak with hexadecimal bitmaps, odd ones with binary bitmaps."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self._port = site.ports[number % 2]
        self._codec = compile_spec(load_spec(("pos-1987-ascii", "pos-1987-ascii-binary")[number % 2]))
        self._profile = messages.Profile(f"LAB{number + 1:05d}", "LABMERCHANT0001", site.tpk)
        self._stans = cycle(range(1, 1_000_000))
        self._debt: _Debt | None = None

    async def play(self, scripts: list[Script], done: Callable[[Result], None]) -> None:
        steps = deque(step for script in scripts for step in script.steps)
        away_since = None
        while steps or self._debt:
            try:
                async with TerminalSession(self._site.host, self._port, self._codec, self._site.within) as session:
                    away_since = None
                    await self._work(session, steps, done)
            except OSError:
                away_since = away_since or trio.current_time()
                if trio.current_time() - away_since > self._site.patience:
                    raise LabError(f"nobody listens on port {self._port}") from None
            if steps or self._debt:
                await trio.sleep(_PAUSE)

    async def _work(self, session: TerminalSession, steps: deque[Step], done: Callable[[Result], None]) -> None:
        while not session.lost and (steps or self._debt):
            result = await (self._settle(session, self._debt) if self._debt else self._pay(session, steps.popleft()))
            if result is not None:
                done(result)

    async def _pay(self, session: TerminalSession, step: Step) -> Result | None:
        """Asks once; None when the result must wait for a reversal."""
        fields = messages.request(self._codec, self._profile, step.sale, self._stan(), messages.now())
        started = time.perf_counter()
        try:
            _, answer = await session.ask(fields)
        except NoAnswerError:
            self._owe(fields, Result(step.network, "in doubt, reversed", NO_ANSWER, time.perf_counter() - started))
            return None
        result = _result(step, answer, time.perf_counter() - started)
        if result.code in _COME_AGAIN:
            await trio.sleep(_PAUSE)  # somebody is down: as a cashier would, not as a flood
        if step.reverse and result.outcome == "approved":
            self._owe(fields, replace(result, outcome="reversed"))
            return None
        return result

    def _owe(self, original: dict[str, str], result: Result) -> None:
        self._debt = _Debt(messages.reversal(original, self._stan(), messages.now()), result)

    async def _settle(self, session: TerminalSession, debt: _Debt) -> Result | None:
        """Sends the reversal, after the first time as a repeat, until the switch has taken it."""
        fields = debt.fields | ({"t": "0401"} if debt.repeat else {})
        debt.repeat = True
        try:
            _, answer = await session.ask(fields)
        except NoAnswerError:
            return None
        if answer.get("39") in _COME_AGAIN:
            await trio.sleep(_PAUSE)
            return None
        self._debt = None
        return debt.result

    def _stan(self) -> str:
        return f"{next(self._stans):06d}"


def _result(step: Step, answer: View, latency: float) -> Result:
    code = answer.get("39", "")
    unexpected = "" if code in step.expected else f"expected {' or '.join(step.expected)}"
    return Result(step.network, "approved" if code == "00" else "declined", code, latency, unexpected)
