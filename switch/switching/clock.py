"""Wall-clock time in the forms messages use, formatted once a second."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from switch.engine.ports import Instant

_NOON = 12 * 60


class BusinessDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the business date changes: at `cutover` ("HH:MM") in `zone` (an IANA name).

    A cutover before noon belongs to its own day, which begins late: until then it is still the day before. One from
    noon on begins the next day early.
    """

    zone: str = "UTC"
    cutover: str = "00:00"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"expected the name of a time zone, found {self.zone!r}") from None
        try:
            datetime.strptime(self.cutover, "%H:%M")
        except ValueError:
            raise ValueError(f"expected HH:MM, found {self.cutover!r}") from None

    def date_at(self, second: int) -> str:
        """The business date, YYYY-MM-DD, at an epoch second, by the clock on the wall, summer time included."""
        local = datetime.fromtimestamp(second, ZoneInfo(self.zone))
        hours, minutes = self.cutover.split(":")
        cutover = int(hours) * 60 + int(minutes)
        minute = local.hour * 60 + local.minute
        turned = minute >= cutover
        days = turned if cutover >= _NOON else turned - 1
        return (local.date() + timedelta(days)).isoformat()


class Clock:
    """`now_ns` gives epoch nanoseconds; the simulation passes its own."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns, day: BusinessDay | None = None) -> None:
        self._now_ns = now_ns
        self._day = day or BusinessDay()
        self._second = -1
        self._texts = ("", "", "", "")

    def instant(self) -> Instant:
        """This moment, and the business date at it."""
        microseconds = self._now_ns() // 1000
        second = microseconds // 1_000_000
        if second != self._second:
            self._second = second
            utc = time.gmtime(second)
            self._texts = (
                time.strftime("%m%d%H%M%S", utc),
                time.strftime("%y", utc),
                time.strftime("%j", utc),
                self._day.date_at(second),
            )
        return Instant(microseconds, *self._texts)
