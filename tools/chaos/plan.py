"""What goes wrong in a round, and when: the same for the same seed and number. No I/O."""

import random
from dataclasses import dataclass

from .proxy import DOWN, KINDS, UP

KILL, PROXY = "kill", "proxy"
PROCESSES = ("switch", "switch", "switch", "hsm", "issuer-a", "issuer-b", "visa", "mastercard")
LINKS = (
    "terminals-hex",
    "terminals-binary",
    "visa",
    "mastercard",
    "issuer-a",
    "hsm",
    "visa-issuer-a",
    "visa-issuer-b",
    "mastercard-issuer-a",
    "mastercard-issuer-b",
)
TERMINAL_LINKS = LINKS[:2]


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` and `seconds` from the begin of the round; `what` is kill or a kind of the proxy."""

    at: float
    what: str
    where: str
    direction: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        lasting = f" {self.direction} for {self.seconds:.2f} s" if self.seconds else ""
        return f"{self.at:.3f} s {self.what} {self.where}{lasting}"


@dataclass(frozen=True, slots=True)
class Round:
    """`load` seconds in which the terminals begin their payments."""

    number: int
    load: float
    faults: tuple[Fault, ...]

    @property
    def disturbs_terminals(self) -> bool:
        """Whether a terminal may be left without an answer: its line or the switch itself fails."""
        return any(fault.where in TERMINAL_LINKS or fault.where == "switch" for fault in self.faults)


def plan_round(seed: int, number: int, kinds: frozenset[str], load: float) -> Round:
    """Round `number` of a campaign; `kinds` of KILL and PROXY."""
    dice = random.Random(f"{seed} {number}")
    faults = []
    if KILL in kinds:
        faults += [Fault(dice.uniform(0.1, load), KILL, dice.choice(PROCESSES)) for _ in range(dice.choice((1, 1, 2)))]
    if PROXY in kinds:
        faults += [_of_proxy(dice, load) for _ in range(dice.choice((0, 1, 2, 3) if faults else (1, 2, 3)))]
    return Round(number, load, tuple(sorted(faults, key=lambda fault: fault.at)))


def _of_proxy(dice: random.Random, load: float) -> Fault:
    kind = dice.choice(KINDS)
    direction = dice.choice((UP, DOWN)) if kind in ("half-close", "stall", "lose") else dice.choice((UP, DOWN, "both"))
    return Fault(dice.uniform(0.1, load), kind, dice.choice(LINKS), direction, dice.uniform(0.2, 2.5))
