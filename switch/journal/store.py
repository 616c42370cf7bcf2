"""What every journal backend offers the engine's thread: hand units over, collect acknowledgements. No waiting."""

from collections.abc import Sequence
from typing import Protocol

from switch.journal.records import Ack, Record


class Store(Protocol):
    """Calls are cheap and never block; a unit is durable, or not, as a whole."""

    def submit(self, unit: Sequence[Record], token: object) -> None:
        """Adds a unit to those gathered; its Ack comes back from `take` with `token`."""

    def flush(self) -> None:
        """Hands what was gathered to the writer; called once per tick."""

    def take(self) -> list[tuple[object, Ack]]:
        """The acknowledgements that have arrived, in the order of submission."""

    def fileno(self) -> int:
        """Readable when `take` has something."""

    @property
    def backlog(self) -> int:
        """Units submitted and not yet taken back."""

    def close(self) -> None:
        """Writes what was handed over, then stops."""
