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

    `belief` is open, approved, declined or reversed.
    """

    amount: int
    terminal: str
    pan: str
    right_pin: bool
    sent: float
    belief: str = "open"


@dataclass
class Hold:
    """What a host holds of one payment; `answered` is its response code. Gone when `reversed`."""

    amount: int
    host: str
    pan: str
    approved: bool
    reversed: bool = False


@dataclass
class Record:
    """Everything the checkers get. `files` maps a network to currency to (count, sum), None when there is none."""

    now: Callable[[], float]
    faults: frozenset[str] = frozenset()
    notes: list[Note] = field(default_factory=list)
    payments: dict[int, Outcome] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    files: dict[str, dict[str, tuple[int, int]]] | None = None
    unfinished: str = ""

    def note(self, who: str, what: str, **of: Any) -> None:
        self.notes.append(Note(round(self.now(), 6), who, what, of))

    def of(self, what: str) -> list[Note]:
        return [note for note in self.notes if note.what == what]

    def digest(self) -> str:
        """The same for the same run."""
        return sha256("\n".join(map(str, self.notes)).encode()).hexdigest()
