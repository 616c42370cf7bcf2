"""One round of load: terminals with so many requests in flight each, or so many a second, and what came of them."""

import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from switch.message import make_framer

from .bench_process import Process, Usage
from .bench_traffic import Requests
from .bench_wire import End, Wire

_SETTLE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is offered: `rate` requests a second over all links, or 0 for `window` in flight on each of them."""

    links: int
    window: int
    seconds: float
    warm: float
    rate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave. `busy` is the generator's own share of one core; latencies in seconds, sorted.

    `answered` counts within `seconds`; latencies and `refused` are also of what was in flight at their end.
    """

    seconds: float
    answered: int
    refused: int
    unanswered: int
    usage: Usage
    busy: float
    memory: int
    latencies: "array[float]"

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    @property
    def cpu(self) -> float:
        """Microseconds of the process per payment, all threads."""
        return 1e6 * self.usage.total / max(self.answered, 1)

    @property
    def loop_cpu(self) -> float:
        """Microseconds of its first thread per payment."""
        return 1e6 * self.usage.loop / max(self.answered, 1)

    def quantile(self, part: float) -> float:
        """Milliseconds; 0 when nothing was answered."""
        if not self.latencies:
            return 0.0
        return 1e3 * self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))]


class Terminal:
    """One link of the generator. `sent` holds when each open request was, or should have been, sent."""

    __slots__ = ("_end", "_feed", "_load", "_requests", "sent")

    def __init__(self, load: "Load", port: int, requests: Requests) -> None:
        self._load = load
        self._requests = requests
        self._feed = make_framer("len2", 65535).feed
        self._end = load.wire.dial(port, self._on_data)
        self.sent: dict[bytes, float] = {}

    def ask(self, since: float) -> None:
        """One more request, counted from `since`."""
        stan, frame = self._requests.next()
        self.sent[stan] = since
        self._end.send(frame)

    def _on_data(self, _end: End, data: bytes) -> None:
        load, requests, now = self._load, self._requests, time.perf_counter()
        for frame in self._feed(data):
            since = self.sent.pop(frame[requests.stan_at : requests.stan_at + 6], None)
            if since is None:
                continue
            load.note(now - since, approved=load.echoed or requests.approved(frame))
            if load.again:
                self.ask(now)

    def close(self) -> None:
        self._load.wire.hang_up(self._end)


class Load:
    """The terminals of one round against `process`; `echoed` when answers are the requests themselves."""

    def __init__(self, wire: Wire, process: Process, plan: Plan, prefix: str, *, name: str, pin: bool, echoed: bool):
        self.wire = wire
        self.echoed = echoed
        self.again = False
        self._process = process
        self._plan = plan
        self._terminals = [
            Terminal(self, process.port, Requests(f"{name}{number:05d}", prefix, pin=pin))
            for number in range(plan.links)
        ]
        self._latencies = array("d")
        self._refused = 0

    def note(self, latency: float, *, approved: bool) -> None:
        self._latencies.append(latency)
        self._refused += not approved

    def run(self) -> Round:
        """Warms up, measures, and waits for what is still in flight."""
        self._offer(self._plan.warm)
        self._latencies, self._refused = array("d"), 0
        usage, busy, begun = self._process.usage(), time.process_time(), time.perf_counter()
        self._offer(self._plan.seconds)
        took = time.perf_counter() - begun
        used, own = self._process.usage() - usage, (time.process_time() - busy) / took
        answered, memory = len(self._latencies), self._process.memory()
        self.again = False
        self._until(_SETTLE, lambda: not any(terminal.sent for terminal in self._terminals))
        return Round(
            seconds=took,
            answered=answered,
            refused=self._refused,
            unanswered=sum(len(terminal.sent) for terminal in self._terminals),
            usage=used,
            busy=own,
            memory=memory,
            latencies=array("d", sorted(self._latencies)),
        )

    def _offer(self, seconds: float) -> None:
        if self._plan.rate:
            self._open_loop(seconds, self._plan.rate)
        else:
            self._closed_loop(seconds)

    def _closed_loop(self, seconds: float) -> None:
        self.again, now = True, time.perf_counter()
        for terminal in self._terminals:
            for _ in range(self._plan.window - len(terminal.sent)):
                terminal.ask(now)
        self._until(seconds, lambda: False)

    def _open_loop(self, seconds: float, rate: float) -> None:
        """Requests leave when they are due, or later when the generator is late: they count from when they were due."""
        terminals, begun, made = self._terminals, time.perf_counter(), 0
        while True:
            elapsed = time.perf_counter() - begun
            due = int(min(elapsed, seconds) * rate)
            for number in range(made, due):
                terminals[number % len(terminals)].ask(begun + number / rate)
            made = due
            if elapsed >= seconds:
                return
            self.wire.turn(min(0.001, 1 / rate))

    def _until(self, seconds: float, done: Callable[[], bool]) -> None:
        end = time.perf_counter() + seconds
        while not done() and time.perf_counter() < end:
            self.wire.turn(0.01)

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()


@contextmanager
def load(
    wire: Wire, process: Process, plan: Plan, prefix: str, *, name: str, pin: bool, echoed: bool
) -> Iterator[Load]:
    """The links of a round, hung up at its end."""
    made = Load(wire, process, plan, prefix, name=name, pin=pin, echoed=echoed)
    try:
        yield made
    finally:
        made.close()
        wire.turn(0)
