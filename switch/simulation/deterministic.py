"""trio without its own dice: tasks run in an order that a seed decides. The only place that knows trio's inside.

trio shuffles ready tasks on purpose and offers no public way to seed that; Hypothesis sets the same two names."""

import random
from collections.abc import Awaitable, Callable

import trio
import trio.testing
from trio._core import _run


def run(main: Callable[[], Awaitable[None]], seed: int) -> None:
    """Runs `main` from virtual time 0; whoever waits for time gets it at once."""
    vars(_run)["_ALLOW_DETERMINISTIC_SCHEDULING"] = True
    vars(_run)["_r"].seed(seed)
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def stream(seed: int, name: str) -> random.Random:
    """The dice of one part: the same for a seed and a name, whatever other parts throw."""
    return random.Random(f"{seed}/{name}")
