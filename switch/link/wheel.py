"""Deadlines in buckets: arming and disarming is one dictionary operation, however many wait. Time is passed in."""

from collections.abc import Callable
from typing import Any


def _plainly(then: Callable[[Any], None], context: Any) -> None:
    then(context)


class Timer:
    """One deadline; `disarm` it or let it fire."""

    __slots__ = ("bucket", "context", "then")

    def __init__(self, bucket: int, then: Callable[[Any], None], context: Any) -> None:
        self.bucket = bucket
        self.then = then
        self.context = context


class TimerWheel:
    """Deadlines fire in the first `advance` at or after them, at most one `tick` (seconds) late, bucket by bucket.

    `call(then, context)` is how a timer fires; an owner passes a guard, so that one that raises stops no other.
    """

    def __init__(self, now: float, tick: float = 0.1, call: Callable[..., object] | None = None) -> None:
        self._tick = tick
        self._call = call or _plainly
        self._buckets: dict[int, dict[Timer, None]] = {}
        self._now = int(now / tick)

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def arm(self, deadline: float, then: Callable[[Any], None], context: Any) -> Timer:
        """Calls `then(context)` once `deadline` has passed; a deadline in the past fires in the next advance."""
        bucket = max(int(deadline / self._tick) + 1, self._now + 1)
        timer = Timer(bucket, then, context)
        self._buckets.setdefault(bucket, {})[timer] = None
        return timer

    def disarm(self, timer: Timer) -> None:
        """The timer will not fire; one that has fired already is left alone."""
        bucket = self._buckets.get(timer.bucket)
        if bucket is not None:
            bucket.pop(timer, None)

    def advance(self, now: float) -> None:
        """Fires everything that is due. What is armed meanwhile waits for the next advance."""
        target = int(now / self._tick)
        if target <= self._now:
            return
        due = sorted(bucket for bucket in self._buckets if bucket <= target)
        self._now = target
        for number in due:
            timers = self._buckets.get(number, {})
            for timer in list(timers):  # always taking the first would look at all that are gone, again and again
                if timers.pop(timer, timer) is None:
                    self._call(timer.then, timer.context)
            self._buckets.pop(number, None)
