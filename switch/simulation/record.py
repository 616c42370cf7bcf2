"""What can be seen from outside: notes of terminals, hosts, log and files. Knows nothing of the switch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec


class Note(msgspec.Struct, frozen=True):
    """`at` is virtual seconds; `who` a terminal, a host, "switch" or "world"."""

    at: float
    who: str
    what: str
    of: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.at:9.4f} {self.who:12} {self.what:18} " + " ".join(f"{k}={v}" for k, v in self.of.items())


@dataclass
class Outcome:
    """A terminal's belief about one payment, which its unique `amount` identifies. `sent` and `ended` in seconds.

    `pin` is right, wrong or "" for none; `belief` open, approved, declined, reversed or given up; `code` the last
    answer's.
    """

    amount: int
    terminal: str
    pan: str
    pin: str
    sent: float
    ended: float = 0.0
    belief: str = "open"
    code: str = ""


@dataclass
class Hold:
    """What a host holds of one payment; `answered` is its response code. Gone when `reversed`."""

    amount: int
    host: str
    pan: str
    approved: bool
    reversed: bool = False


@dataclass(frozen=True)
class Queued:
    """A queued message as the journal has it in the end; `amount` is that of its transaction."""

    host: str
    kind: str
    amount: int
    attempts: int
    state: str


@dataclass
class Record:
    """Everything the checkers get. `files` maps a network to currency to (count, sum), None when there is none.

    `verified` are cards whose PIN the switch verifies itself, `amounts` those of the journal's transactions by number.
    `unfinished` is what did not come to rest; `cut_short` when the run ended at what a checker had found on the way.
    """

    now: Callable[[], float]
    faults: frozenset[str] = frozenset()
    verified: frozenset[str] = frozenset()
    notes: list[Note] = field(default_factory=list)
    payments: dict[int, Outcome] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    amounts: dict[int, int] = field(default_factory=dict)
    queued: list[Queued] = field(default_factory=list)
    files: dict[str, dict[str, tuple[int, int]]] | None = None
    unfinished: str = ""
    cut_short: bool = False

    def note(self, who: str, what: str, **of: Any) -> None:
        self.notes.append(Note(round(self.now(), 6), who, what, of))

    def of(self, what: str) -> list[Note]:
        return [note for note in self.notes if note.what == what]

    def digest(self) -> str:
        """The same for the same run."""
        return sha256("\n".join(map(str, self.notes)).encode()).hexdigest()
