"""How a terminal carries a payment to its end over a line that may lose everything. Knows neither line nor clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

import trio

from switch.simulator.terminal.messages import Moment, reversal

# What a terminal believes in the end. GIVEN_UP got no answer and tells nobody: the switch must not hold what it never
# handed over.
OPEN, APPROVED, DECLINED, REVERSED, GIVEN_UP = "open", "approved", "declined", "reversed", "given up"
COME_AGAIN = ("91", "96")
_REPEAT = {"t": "0201"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often, of 1, a terminal does what not every terminal does.

    `checks` asks again for what was approved, `cancels` takes it back; `gives_up` leaves what was not answered to the
    switch, without a reversal; `unsent` reverses what never left (after a restart it cannot know); `strays` sends a
    request that it has reversed. `pause` is seconds from one attempt of a reversal to the next, at random.
    """

    checks: float = 0.1
    cancels: float = 0.15
    gives_up: float = 0.0
    unsent: float = 0.0
    strays: float = 0.0
    pause: tuple[float, float] = (0.2, 0.8)


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a payment. `differs` is the code of a repeat that was not answered as the approved request was,
    `stray` that of a request repeated after its reversal; "" without one or without an answer."""

    belief: str
    differs: str = ""
    stray: str = ""


class Conduct:
    """`ask` sends a message and gives the response code, None when none came; `stamp` a DE11 and the moment."""

    def __init__(
        self,
        dice: Random,
        habits: Habits,
        ask: Callable[[dict[str, str]], Awaitable[str | None]],
        stamp: Callable[[], tuple[str, Moment]],
    ) -> None:
        self._dice, self._habits, self._ask, self._stamp = dice, habits, ask, stamp

    async def pay(self, fields: dict[str, str]) -> Ending:
        """A 0200 with its repeats and reversals."""
        dice, habits = self._dice, self._habits
        if dice.random() < habits.unsent:
            return await self._take_back(fields, "")
        code, differs = await self._request(fields), ""
        if code == "00" and dice.random() < habits.checks:
            again = await self._ask(fields | _REPEAT)
            if again not in ("00", None):
                # The decline came last: it cannot be sure of the approval any more.
                code, differs = None, again or ""
        if code is not None and not (code == "00" and dice.random() < habits.cancels):
            return Ending(APPROVED if code == "00" else DECLINED, differs)
        if code is None and dice.random() < habits.gives_up:
            return Ending(GIVEN_UP, differs)
        return await self._take_back(fields, differs)

    async def _request(self, fields: dict[str, str]) -> str | None:
        code = await self._ask(fields)
        for _ in range(self._dice.choice((0, 0, 1, 2))):
            if code is not None:
                break
            code = await self._ask(fields | _REPEAT)
        return code

    async def _take_back(self, fields: dict[str, str], differs: str) -> Ending:
        """Until somebody says yes."""
        message = reversal(fields, *self._stamp())
        while await self._ask(message) in (None, *COME_AGAIN):
            message["t"] = "0401"
            await trio.sleep(self._dice.uniform(*self._habits.pause))
        stray = await self._ask(fields | _REPEAT) if self._dice.random() < self._habits.strays else None
        return Ending(REVERSED, differs, stray or "")
