"""What the engine asks of the world, as calls it makes and answers it is given later. No I/O here.

A port never calls back into the engine before the call that used it has returned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from switch.journal.records import Ack, Record


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment, in the forms messages use: `transmission` is UTC MMDDhhmmss, `day_of_year` 001 to 366."""

    epoch_us: int
    transmission: str
    year: str
    day_of_year: str
    business_date: str

    @property
    def epoch_ms(self) -> int:
        return self.epoch_us // 1000


class TerminalLink(Protocol):
    """A requester's connection; `interface` is the listener's name, the first part of every duplicate key."""

    @property
    def interface(self) -> str: ...

    def send(self, frame: bytes, token: int | None) -> bool:
        """Hands `frame` over; False when the link is closed. A `token` comes back when the frame was not sent."""

    def close(self, reason: str) -> None: ...


class Ports(Protocol):
    """The engine's hands."""

    def instant(self) -> Instant: ...

    def to_host(self, host: str, frame: bytes) -> bool:
        """False when the link to `host` is not signed on."""

    def host_up(self, host: str) -> bool: ...

    def store(self, unit: Sequence[Record], then: Callable[[Any, Ack], None], context: Any) -> None:
        """Makes `unit` durable, all or nothing, then calls `then(context, ack)`."""

    def hsm(self, command: bytes, then: Callable[[Any, str, str], None], context: Any) -> bool:
        """Asks the HSM; `then(context, error, body)` with error "" when the HSM went away. False when it is down."""

    def arm(self, seconds: float, then: Callable[[Any], None], context: Any) -> Any:
        """Calls `then(context)` after `seconds`; the returned handle serves `disarm`."""

    def disarm(self, handle: Any) -> None: ...

    def delivering(self, txn_id: int) -> None:
        """Notes, ahead of the write, that the approval of `txn_id` is handed to its link in this tick."""

    def given_back(self, txn_id: int) -> None:
        """Notes that no link has the approval of `txn_id` any more: a restart is to find it as never handed over."""

    def pan_token(self, pan: str) -> str: ...

    def log(self, level: str, event: str, **fields: object) -> None: ...
