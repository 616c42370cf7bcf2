"""Requests an issuer has not answered yet: bounded, found by what the answer says, forgotten after a while.

Knows no connection; time is handed in, in seconds of any one clock."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from switch.simulator.network.asked import Asked
from switch.simulator.network.host import HostAnswer

_Trace = tuple[str, str, str]


@dataclass(slots=True, eq=False)
class Flight:
    """`reply` takes the answer's frame to the connection the request came on, False when that is gone."""

    asked: Asked
    reply: Callable[[bytes], bool]
    started: float
    silent: bool = False

    @property
    def trace(self) -> _Trace:
        return self.asked.kind, self.asked.get("7"), self.asked.get("11")


@dataclass(slots=True)
class Flights:
    """At most `limit` of them. Silence is noted after `answer_timeout` seconds, and forgotten `late_window` later."""

    limit: int
    answer_timeout: float
    late_window: float
    _by_trace: dict[_Trace, list[Flight]] = field(default_factory=dict)
    _fresh: deque[Flight] = field(default_factory=deque)
    _late: deque[Flight] = field(default_factory=deque)
    _count: int = 0
    _silent: int = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, flight: Flight) -> bool:
        return flight in self._by_trace.get(flight.trace, [])

    @property
    def awaited(self) -> int:
        """Those whose answer is still in time."""
        return self._count - self._silent

    def add(self, flight: Flight) -> bool:
        """False when there are too many. A repeat takes the place of what it repeats."""
        flights = self._by_trace.get(flight.trace, [])
        same = [other for other in flights if _party(other.asked) == _party(flight.asked)]
        if self._count >= self.limit and not same:
            return False
        for other in same:
            self.remove(other)
        self._by_trace.setdefault(flight.trace, []).append(flight)
        self._fresh.append(flight)
        self._count += 1
        return True

    def remove(self, flight: Flight) -> bool:
        """False when it was not there any more."""
        flights = self._by_trace.get(flight.trace, [])
        if flight not in flights:
            return False
        flights.remove(flight)
        if not flights:
            del self._by_trace[flight.trace]
        self._count -= 1
        self._silent -= flight.silent
        return True

    def take(self, answer: HostAnswer) -> Flight | None:
        """The one flight that `answer` belongs to, removed; None when there is none, or more than one."""
        trace = answer.mti[1], answer.transmission, answer.stan
        fitting = [flight for flight in self._by_trace.get(trace, []) if _fits(flight.asked, answer)]
        if len(fitting) != 1:
            return None
        self.remove(fitting[0])
        return fitting[0]

    def pass_time(self, now: float) -> tuple[list[Flight], list[Flight]]:
        """Those that have just become silent, and those that are now forgotten."""
        silent = [flight for flight in _older(self._fresh, now - self.answer_timeout) if flight in self]
        for flight in silent:
            flight.silent = True
            self._silent += 1
        self._late.extend(silent)
        old = _older(self._late, now - self.answer_timeout - self.late_window)
        return silent, [flight for flight in old if self.remove(flight)]


def _older(queue: deque[Flight], moment: float) -> list[Flight]:
    found = []
    while queue and queue[0].started <= moment:
        found.append(queue.popleft())
    return found


def _party(asked: Asked) -> tuple[str, str]:
    return asked.get("32"), asked.get("37")


def _fits(asked: Asked, answer: HostAnswer) -> bool:
    """DE7 and DE11 are an acquirer's own; DE32 and DE37 tell acquirers apart where the issuer returns them."""
    function = "1" if asked.mti[1:3] == "10" else "3"
    return (
        answer.mti[2] == function
        and answer.acquirer in ("", asked.get("32"))
        and answer.rrn.strip() in ("", asked.get("37").strip())
    )
