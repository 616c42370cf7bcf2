"""A fuzzing run against a live host: what each message gets, what is wrong, the smallest message that shows it."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import trio

from switch.message import Codec
from switch.testing.fuzz_case import Case, Found, Peer, Shot
from switch.testing.fuzz_examples import Example
from switch.testing.fuzz_judge import REFUSED, judge, stan_of
from switch.testing.fuzz_wire import converse, is_there
from switch.testing.message import Message, build, codec_of
from switch.testing.messages import typical_fields

# So many messages sent last are suspected when a host is gone for good and nothing can be tried again.
_SUSPECTS = 8


@dataclass(frozen=True, slots=True)
class Bounds:
    """`tries` and `seconds` that one failure may take to become smaller, `restart` seconds that a crashed host may take
    to come back, `failures` after which the run ends."""

    tries: int = 60
    seconds: float = 20.0
    restart: float = 3.0
    failures: int = 20


@dataclass(slots=True)
class Report:
    """What a run found: how often each kind of message had which outcome, the failures, whether the host is gone."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    cases: list[Case] = field(default_factory=list)
    gone: bool = False


def replay(case: Case, host: str) -> Found:
    """Sends the messages of a case to HOST:PORT and judges the last one. Raises SpecError."""
    return trio.run(attempt, host, case.peer, case.shots, case.probe)


async def attempt(
    host: str, peer: Peer, shots: tuple[Shot, ...], probe: Shot, stans: frozenset[str] = frozenset()
) -> Found:
    """What the last shot came to, those before it having been sent; after a broken one a valid probe must be served."""
    codec = codec_of(peer.spec)
    for shot in shots[:-1]:
        await converse(host, peer, (shot,))
        stans |= {stan_of(codec, shot)}
    shot = shots[-1]
    heard = await converse(host, peer, (shot,) if shot.valid else (shot, probe))
    found = judge(codec, peer, shot, heard[0], stans)
    if heard[0].state == "refused" or (found.good and shot.valid):
        return found
    if found.good and len(heard) > 1 and heard[1].state != "closed":
        return _probed(judge(codec, peer, probe, heard[1])) or found
    return await _still_serves(host, peer, probe, codec, found)


async def _still_serves(host: str, peer: Peer, probe: Shot, codec: Codec, found: Found) -> Found:
    """`found`, or what is worse: a new connection is refused, or a valid message on it is not served."""
    heard = (await converse(host, peer, (probe,)))[0]
    if heard.state == "refused" or (heard.state == "closed" and not await is_there(host, 0.1)):
        return Found("crash", "connection refused afterwards")
    return (_probed(judge(codec, peer, probe, heard)) if found.good else None) or found


def _probed(found: Found) -> Found | None:
    return None if found.good else Found("stops serving", f"a valid message afterwards: {found.outcome}")


class Fuzzer:
    """One run; `tell` is called after each message with what came of it."""

    def __init__(self, host: str, peer: Peer, probe: Message, bounds: Bounds, tell: Callable[[Found], None]) -> None:
        self._host = host
        self._peer = peer
        self._bounds = bounds
        self._tell = tell
        self._codec = codec_of(peer.spec)
        self._probe = Shot("probe", "a valid message", probe.raw.hex(), valid=True)
        self._stans: set[str] = set()
        self._last: dict[int, Shot] = {}
        self._recent: deque[Shot] = deque(maxlen=_SUSPECTS)
        self._smaller = trio.Lock()
        self.report = Report()

    async def run(self, batches: Iterable[list[Example]], parallel: int) -> Report:
        """Sends all examples, `parallel` at a time, until the bounds say that it is enough.

        A batch is made while nothing is under way: making one takes longer than a host takes to answer.
        """
        for batch in batches:
            waiting = iter(batch)
            async with trio.open_nursery() as nursery:
                for worker in range(parallel):
                    nursery.start_soon(self._work, worker, waiting)
            if self._over:
                break
        return self.report

    @property
    def _over(self) -> bool:
        return self.report.gone or len(self.report.cases) >= self._bounds.failures

    async def _work(self, worker: int, examples: Iterator[Example]) -> None:
        for example in examples:
            if self._over:
                return
            # Whoever makes a failure smaller has the host to itself.
            async with self._smaller:
                pass
            await self._one(worker, example)

    async def _one(self, worker: int, example: Example) -> None:
        shot = example.shot
        others = frozenset(self._stans)
        self._stans.add(example.message.fields.get("11", ""))
        self._recent.append(shot)
        found = await self._attempt((shot,), others)
        if found == REFUSED and self.report.cases and await self._back():
            # Another message has killed the host, and it is there again.
            found = await self._attempt((shot,), others)
        if found == REFUSED and self.report.cases:
            return
        self.report.outcomes[shot.kind, found.outcome] += 1
        if not found.good:
            async with self._smaller:
                self.report.cases.append(await self._case(worker, example, found))
        self._last[worker] = shot
        self._tell(found)

    async def _attempt(self, shots: tuple[Shot, ...], others: frozenset[str] = frozenset()) -> Found:
        return await attempt(self._host, self._peer, shots, self._probe, others)

    async def _case(self, worker: int, example: Example, found: Found) -> Case:
        """The failure as small as it could be made within the bounds."""
        shot, before = example.shot, self._last.get(worker)
        shots: tuple[Shot, ...] = (shot,)
        reproduced = await self._back() and await self._again((), example, found)
        if not reproduced and before is not None and await self._back():
            reproduced = await self._again((before,), example, found)
            shots = (before, shot) if reproduced else shots
        if reproduced:
            smallest = await self._smallest(shots[:-1], example, found)
            shots = (*shots[:-1], smallest.shot)
        elif self.report.gone:
            # Another worker's message, or an earlier one, may have ended the host: a replay sends them all.
            shots = (*(each for each in self._recent if each is not shot), shot)
        return Case(peer=self._peer, shots=shots, probe=self._probe, found=found, reproduced=reproduced)

    async def _back(self) -> bool:
        """Whether the host is there (again); a run against one that is not ends."""
        self.report.gone = not await is_there(self._host, self._bounds.restart)
        return not self.report.gone

    async def _again(self, before: tuple[Shot, ...], example: Example, found: Found) -> bool:
        # As a replay does it.
        again = await self._attempt((*before, example.shot))
        return again.outcome == found.outcome

    async def _smallest(self, before: tuple[Shot, ...], example: Example, found: Found) -> Example:
        """The smallest example that fails in the same way: fields are taken out one by one."""
        tries, smallest, progress = self._bounds.tries, example, True
        until = trio.current_time() + self._bounds.seconds
        while progress:
            progress = False
            for candidate in _without_a_field(self._codec, smallest):
                if tries <= 0 or trio.current_time() > until or not await self._back():
                    return smallest
                tries -= 1
                if await self._again(before, candidate, found):
                    smallest, progress = candidate, True
                    break
        return smallest


def _without_a_field(codec: Codec, example: Example) -> Iterator[Example]:
    """The example with one field less; a valid message keeps what its type must have."""
    fields = example.message.fields
    kept = set() if example.mutation else {*typical_fields(codec, fields["t"])}
    for key in reversed(list(fields)):
        if not key.isdecimal() or key in kept:
            continue
        message = build(codec, {name: value for name, value in fields.items() if name != key})
        if example.mutation is None:
            yield Example(message, None, example.cuts, example.keep_alive)
            continue
        mutation = example.mutation.again(message)
        if mutation is not None:
            yield Example(message, mutation)
