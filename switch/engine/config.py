"""The engine's settings: limits, deadlines, routes and what stands in for missing terminal data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from switch.dialect.canonical import HostDialect
from switch.engine.rulesettings import OnUs, RoutingSettings

# Nothing would ever be sent to a host with a window of 0.
Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
_TELLS_RESULTS = frozenset(("iso-1993-ascii",))


class Deadlines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds. They nest: issuer 0.8, network 1.2, switch `answer`; `grace` is what the journal may add to it.

    `advice` is how long a queued message waits for its answer, `journal_retry` how soon a lost write is tried again.
    """

    answer: Positive = 1.6
    grace: Positive = 0.3
    advice: Positive = 3.0
    journal_retry: Positive = 1.0


class QueueLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The store-and-forward queue: messages in flight per host, attempts before the dead-letter state, back-off.

    `rate` messages a second to one host at most, 0 for no bound: a long queue leaves it time for payments.
    A host that is owed messages of `max_queued` transactions gets no new requests: 91 at once.
    """

    window: Count = 8
    max_queued: Count = 200_000
    attempts: Count = 50
    first_retry: Positive = 0.5
    longest_retry: Positive = 30.0
    rate: Annotated[float, msgspec.Meta(ge=0)] = 500.0


@dataclass(frozen=True, slots=True)
class HostSettings:
    """A host link: its dialect, its ZPK under the LMK ("" when no PIN block travels on it), on-us verification."""

    name: str
    dialect: HostDialect
    zpk: str = ""
    on_us: OnUs | None = None

    @property
    def tells_results(self) -> bool:
        """Whether a request carries what the switch found when it verified PIN and card values for the issuer."""
        return self.dialect.name in _TELLS_RESULTS


class TerminalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a terminal's key and merchant data are; "" leaves what the request itself says. Rules see its `group`.

    With `partial_approvals` every request of the terminal takes a part of its amount; without, those that say so.
    A completion may be `completion_tolerance` percent above what was approved.
    """

    tpk: str
    mcc: str = "5999"
    name_location: str = "ISO8583 LAB MERCHANT".ljust(25) + "BERLIN".ljust(13) + "DE"
    country: str = "276"
    group: str = ""
    partial_approvals: bool = False
    completion_tolerance: Annotated[int, msgspec.Meta(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Everything the engine is told at start. `terminals` are exceptions to `default_terminal`; with
    `accept_unknown` off a terminal that is not listed is declined with 03.

    Counts: `max_in_flight` requests at a time, `max_sent` of them unanswered at one host, `max_askers` repeats of one
    of them that wait for its answer, `remembered` requests given up whose late answers are still known, and approvals
    handed to more than one link.
    """

    hosts: Mapping[str, HostSettings]
    default_terminal: TerminalSettings
    terminals: Mapping[str, TerminalSettings] = field(default_factory=dict)
    accept_unknown: bool = True
    acquirer: str = "400001"
    max_in_flight: int = 10_000
    max_sent: int = 5_000
    max_askers: int = 16
    remembered: int = 10_000
    deadlines: Deadlines = field(default_factory=Deadlines)
    queue: QueueLimits = field(default_factory=QueueLimits)
    routing: RoutingSettings = field(default_factory=RoutingSettings)

    def terminal(self, terminal_id: str) -> TerminalSettings | None:
        """The settings of a terminal, None when it is unknown and must be declined."""
        known = self.terminals.get(terminal_id)
        return known if known or not self.accept_unknown else self.default_terminal
