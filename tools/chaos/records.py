"""What can be seen from outside the switch: plain records of terminals, issuers, files and logs. No behaviour."""

from dataclasses import dataclass, field

from switch.simulator.terminal.conduct import OPEN


@dataclass(slots=True)
class Payment:
    """What a terminal believes about a payment, which its `amount` (minor units) names: no other of the lab has it.

    `valid` tells whether the card data were right. `belief` is open, approved, declined or reversed.
    """

    amount: int
    round: int
    terminal: str
    network: str
    kind: str
    currency: str
    valid: bool
    belief: str = OPEN


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a terminal; `sent` and `waited` in seconds, `code` None when no answer came.

    `link` is how the connection was then: open or lost.
    """

    round: int
    terminal: str
    mti: str
    stan: str
    amount: int
    sent: float
    waited: float
    code: str | None
    link: str


@dataclass(frozen=True, slots=True)
class Unasked:
    """An answer beyond those that a terminal asked for; `known` when it once asked with this DE11."""

    round: int
    terminal: str
    mti: str
    stan: str
    amount: int
    known: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """A request in an issuer's database; `listener` is where it came in, `reversals` how many messages took it back."""

    issuer: str
    listener: str
    amount: int
    kind: str
    currency: str
    state: str
    reversals: int


@dataclass(frozen=True, slots=True)
class Journalled:
    """A transaction as `switch journal list` shows it, with the states of what was queued for it."""

    txn_id: int
    amount: int
    kind: str
    network: str
    state: str
    queued: tuple[tuple[str, str], ...]


# Per network and currency: (count, sum) in minor units; refunds are counted with what they are.
Totals = dict[tuple[str, str], tuple[int, int]]


@dataclass(slots=True)
class Evidence:
    """Everything that is judged after a round, since the lab was started.

    `disturbed` are rounds in which a terminal may be left without an answer, `duplicated` those in which the network
    doubled terminals' messages.
    """

    payments: dict[int, Payment] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    unasked: list[Unasked] = field(default_factory=list)
    differing_repeats: list[str] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    journal: list[Journalled] = field(default_factory=list)
    files: Totals = field(default_factory=dict)
    log_lines: list[tuple[str, str]] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    disturbed: set[int] = field(default_factory=set)
    duplicated: set[int] = field(default_factory=set)
