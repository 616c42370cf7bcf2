"""Rounds on labs: load and faults, heal, wait for rest, close the batch, compare. A lab that failed is kept."""

import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

import msgspec
import trio

from switch.resources import read_text

from . import gather
from .checks import check
from .plan import TERMINAL_LINKS, Round, plan_round
from .records import Evidence
from .terminals import Site, Terminal
from .world import World

_SETTLE, _QUIET = 60.0, 60.0
_FIRST_AMOUNT = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """A campaign; `load` in seconds, `payments` per terminal and round, `per_lab` rounds before a fresh lab."""

    seed: int
    rounds: int
    first: int
    kinds: frozenset[str]
    folder: Path
    terminals: int = 8
    payments: int = 6
    load: float = 2.5
    per_lab: int = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """A round whose books did not agree; `kept` is the lab's folder."""

    round: Round
    violations: list[str]
    kept: Path


@dataclass(slots=True)
class Tally:
    """What a campaign did."""

    rounds: int = 0
    kills: int = 0
    faults: int = 0
    payments: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    reversals: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)


async def run(settings: Settings, done: Callable[[Tally], None]) -> Tally:
    """All rounds; calls `done` after each. Raises LabError when a lab does not start."""
    tally = Tally()
    begun = time.monotonic()
    number, last = settings.first, settings.first + settings.rounds
    while number < last:
        number = await _run_lab(settings, number, min(number + settings.per_lab, last), tally, done)
        tally.seconds = time.monotonic() - begun
    return tally


async def _run_lab(settings: Settings, number: int, end: int, tally: Tally, done: Callable[[Tally], None]) -> int:
    """Rounds on one lab until `end` or a failure; the number of the next round."""
    folder = settings.folder / f"lab-{number}"
    world, lab = World(folder), _Lab(settings, folder)
    failed = False
    async with trio.open_nursery() as nursery:
        try:
            await world.start(nursery)
            while number < end and not failed:
                plan = plan_round(settings.seed, number, settings.kinds, settings.load)
                await lab.round(world, plan)
                number += 1
                if number == end:
                    await world.stop()
                    lab.orderly = world.orderly
                    lab.evidence.leaks = gather.leaks(folder)
                failed = lab.judge(plan, tally)
                done(tally)
        finally:
            await world.stop()
        nursery.cancel_scope.cancel()
    lab.count(tally)
    if not failed:
        shutil.rmtree(folder)
    return number


class _Lab:
    """What is known of one lab."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.evidence = Evidence()
        self.orderly = True
        self._settings = settings
        self._folder = folder
        self._gatherer = gather.Gatherer(folder)
        self._terminals: list[Terminal] = []

    async def round(self, world: World, plan: Round) -> None:
        """Load and faults together, then rest, then the books."""
        evidence, settings = self.evidence, self._settings
        if not self._terminals:
            self._terminals = list(self._make_terminals(world))
        if plan.disturbs_terminals:
            evidence.disturbed.add(plan.number)
        if any(fault.what == "duplicate" and fault.where in TERMINAL_LINKS for fault in plan.faults):
            evidence.duplicated.add(plan.number)
        with trio.move_on_after(plan.load + _SETTLE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(world.disturb, plan)
                for terminal in self._terminals:
                    nursery.start_soon(terminal.run, plan.number, settings.payments, plan.load)
        left = await world.quiet(_QUIET)
        if left:
            evidence.unfinished.append(left)
        self._gatherer.gather(evidence, [] if left else await world.close_batch())
        evidence.endings = world.endings

    def judge(self, plan: Round, tally: Tally) -> bool:
        """Whether the books differ; what shows it is written down beside them."""
        violations = check(self.evidence)
        if not self.orderly:
            violations.append("failure_declines: not every process ended in order")
        tally.rounds += 1
        tally.kills += sum(fault.what == "kill" for fault in plan.faults)
        tally.faults += sum(fault.what != "kill" for fault in plan.faults)
        if violations:
            tally.failures.append(Failure(plan, violations, self._folder))
            write_evidence(self._folder / "evidence.json", plan, violations, self.evidence)
        return bool(violations)

    def count(self, tally: Tally) -> None:
        """Adds what the terminals saw."""
        tally.payments += len(self.evidence.payments)
        for payment in self.evidence.payments.values():
            tally.outcomes[payment.belief] = tally.outcomes.get(payment.belief, 0) + 1
        tally.unanswered += sum(message.code is None for message in self.evidence.messages)
        tally.reversals += sum(hold.reversals for hold in self.evidence.holds)

    def _make_terminals(self, world: World) -> list[Terminal]:
        keys = msgspec.json.decode(read_text("fixtures", "clear_keys.json"))["keys"]
        site = Site(world.terminal_ports, bytes.fromhex(keys["tpk.lab"]), count(_FIRST_AMOUNT))
        seed = self._settings.seed
        return [
            Terminal(number, site, self.evidence, random.Random(f"{seed} {self._folder.name} {number}"))
            for number in range(self._settings.terminals)
        ]


def write_evidence(path: Path, plan: Round, violations: list[str], evidence: Evidence) -> None:
    """Everything that was judged, as JSON."""
    files = [[network, currency, *total] for (network, currency), total in evidence.files.items()]
    found = {"round": asdict(plan), "violations": violations, **asdict(evidence), "files": files}
    path.write_text(json.dumps(found, default=sorted), encoding="utf-8")
