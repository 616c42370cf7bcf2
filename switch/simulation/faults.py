"""What goes wrong, when and for how long: drawn from the seed, healed in the end."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING

import trio

from switch.simulation.process import STEPS

if TYPE_CHECKING:
    from switch.simulation.world import World

KINDS = ("network", "crash", "power", "disk", "hsm", "peers", "clock")
# Mean seconds between two faults of a kind.
_PAUSE = 0.8
_PAUSES = {"power": 8.0}
# Operations until a death: of all kinds, and of one.
_FUSE, _FEW = 120, 6


def parse(text: str) -> frozenset[str]:
    """ "none", "all" or kinds with commas between; raises ValueError."""
    if text in ("none", "all"):
        return frozenset(KINDS if text == "all" else ())
    found = frozenset(text.split(","))
    if not found <= set(KINDS):
        raise ValueError(f"expected none, all or some of {', '.join(KINDS)}, found {text}")
    return found


class Faults:
    """One task per kind, until `heal`."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.peers_strange = False

    async def run(self) -> None:
        acts: dict[str, Callable[[Random], Awaitable[None]]] = {
            "network": self._network,
            "crash": self._crash,
            "power": self._power,
            "disk": self._disk,
            "hsm": self._hsm,
            "clock": self._clock,
        }
        self.peers_strange = "peers" in self._world.record.faults
        async with trio.open_nursery() as nursery:
            for kind in KINDS:
                if kind in self._world.record.faults and kind in acts:
                    pause = _PAUSES.get(kind, _PAUSE)
                    nursery.start_soon(self._repeat, acts[kind], self._world.dice(f"faults {kind}"), pause)

    async def _repeat(self, act: Callable[[Random], Awaitable[None]], dice: Random, pause: float) -> None:
        while True:
            await trio.sleep(dice.expovariate(1 / pause))
            await act(dice)

    def heal(self) -> None:
        """From now on nothing goes wrong any more."""
        world = self._world
        self.peers_strange = False
        world.wire.cut.clear()
        world.wire.fragments = False
        world.wire.latency = (0.0005, 0.003)
        world.platter.failing = False
        world.platter.latency = (0.0002, 0.002)
        world.hsm.stalled = False
        world.switch_process.fuse = 0
        world.note("world", "healed")

    async def _network(self, dice: Random) -> None:
        wire = self._world.wire
        port = dice.choice(self._world.ports)
        what = dice.choice(("reset", "silent", "cut", "slow", "fragments"))
        self._world.note("world", what, port=port)
        if what in ("reset", "silent"):
            wire.break_port(port, silently=what == "silent")
        elif what == "cut":
            wire.cut.add(port)
            await trio.sleep(dice.uniform(0.1, 4.0))
            wire.cut.discard(port)
            wire.break_port(port)
        elif what == "slow":
            wire.latency = (0.05, 0.9)
            await trio.sleep(dice.uniform(0.1, 3.0))
            wire.latency = (0.0005, 0.003)
        else:
            wire.fragments = not wire.fragments

    async def _crash(self, dice: Random) -> None:
        world = self._world
        victim = dice.choice(("switch", "fuse", "step", "host"))
        world.note("world", "crash", victim=victim)
        if victim == "host":
            dice.choice(world.hosts).process.kill()
        elif victim == "fuse":
            world.switch_process.fuse, world.switch_process.step = dice.randint(1, _FUSE), ""
        elif victim == "step":
            world.switch_process.fuse, world.switch_process.step = dice.randint(1, _FEW), dice.choice(STEPS)
        else:
            world.switch_process.kill()
        await trio.sleep(dice.uniform(0.0, 2.0))

    async def _power(self, _dice: Random) -> None:
        """The switch's machine; the others stand elsewhere."""
        world = self._world
        world.note("world", "power lost")
        world.power_lost = True
        world.switch_process.kill()

    async def _disk(self, dice: Random) -> None:
        platter = self._world.platter
        what = dice.choice(("failing", "slow"))
        self._world.note("world", "disk", state=what)
        if what == "failing":
            platter.failing = True
        else:
            platter.latency = (0.2, 2.5)
        await trio.sleep(dice.uniform(0.05, 3.0))
        platter.failing, platter.latency = False, (0.0002, 0.002)

    async def _hsm(self, dice: Random) -> None:
        world = self._world
        what = dice.choice(("stall", "crash"))
        self._world.note("world", "hsm", state=what)
        if what == "stall":
            world.hsm.stalled = True
            await trio.sleep(dice.uniform(0.1, 4.0))
            world.hsm.stalled = False
        else:
            world.hsm.process.kill()

    async def _clock(self, dice: Random) -> None:
        jump = dice.choice((-7200, -60, -2, 2, 60, 7200, 86_400)) * dice.random()
        self._world.note("world", "clock", jump=round(jump, 3))
        self._world.wall_offset += jump
        await trio.sleep(dice.uniform(0.5, 2.0))
