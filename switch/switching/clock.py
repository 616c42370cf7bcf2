"""Wall-clock time in the forms messages use, formatted once a second."""

import time
from collections.abc import Callable

from switch.engine.ports import Instant


class Clock:
    """`now_ns` gives epoch nanoseconds; the simulation passes its own."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._second = -1
        self._texts = ("", "", "", "")

    def instant(self) -> Instant:
        """This moment. The business date is the UTC date."""
        microseconds = self._now_ns() // 1000
        second = microseconds // 1_000_000
        if second != self._second:
            self._second = second
            utc = time.gmtime(second)
            self._texts = (
                time.strftime("%m%d%H%M%S", utc),
                time.strftime("%y", utc),
                time.strftime("%j", utc),
                time.strftime("%Y-%m-%d", utc),
            )
        return Instant(microseconds, *self._texts)
