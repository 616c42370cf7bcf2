"""The business date: by time zone and cutover, over midnights, over changes of the clock."""

import calendar
import time

import pytest

from switch.switching.clock import BusinessDay, Clock


def _date(text, **day):
    second = calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))
    return Clock(lambda: second * 10**9, BusinessDay(**day)).instant().business_date


@pytest.mark.parametrize(
    ("utc", "day", "expected"),
    [
        ("2026-11-25 00:00:00", {}, "2026-11-25"),
        ("2026-11-25 23:59:59", {}, "2026-11-25"),
        # 23:00 UTC is midnight in Berlin in winter, 22:00 in summer.
        ("2026-11-25 22:59:59", {"zone": "Europe/Berlin"}, "2026-11-25"),
        ("2026-11-25 23:00:00", {"zone": "Europe/Berlin"}, "2026-11-26"),
        ("2026-07-25 22:00:00", {"zone": "Europe/Berlin"}, "2026-07-26"),
        # A cutover in the evening begins the next day early, one in the night ends the day before late.
        ("2026-11-25 17:59:59", {"cutover": "18:00"}, "2026-11-25"),
        ("2026-11-25 18:00:00", {"cutover": "18:00"}, "2026-11-26"),
        ("2026-12-31 23:59:59", {"cutover": "18:00"}, "2027-01-01"),
        ("2026-11-25 02:59:59", {"cutover": "03:00"}, "2026-11-24"),
        ("2026-11-25 03:00:00", {"cutover": "03:00"}, "2026-11-25"),
        ("2027-01-01 00:00:00", {"cutover": "03:00"}, "2026-12-31"),
        ("2026-11-25 11:59:59", {"cutover": "12:00"}, "2026-11-25"),
        ("2026-11-25 12:00:00", {"cutover": "12:00"}, "2026-11-26"),
        # The clock goes back from 03:00 to 02:00 at 01:00 UTC: 02:30 comes twice, both before the cutover.
        ("2026-10-25 00:30:00", {"zone": "Europe/Berlin", "cutover": "03:00"}, "2026-10-24"),
        ("2026-10-25 01:30:00", {"zone": "Europe/Berlin", "cutover": "03:00"}, "2026-10-24"),
        ("2026-10-25 02:00:00", {"zone": "Europe/Berlin", "cutover": "03:00"}, "2026-10-25"),
    ],
)
def test_the_business_date(utc, day, expected):
    assert _date(utc, **day) == expected


def test_the_forms_of_messages_stay_utc():
    second = calendar.timegm((2026, 12, 31, 23, 30, 5))
    instant = Clock(lambda: second * 10**9 + 123_000, BusinessDay(zone="Asia/Tokyo")).instant()
    assert (instant.transmission, instant.year, instant.day_of_year) == ("1231233005", "26", "365")
    assert (instant.business_date, instant.epoch_us) == ("2027-01-01", second * 10**6 + 123)


@pytest.mark.parametrize(
    "wrong", [{"zone": "Mars/Base"}, {"zone": "../etc"}, {"cutover": "24:00"}, {"cutover": "noon"}]
)
def test_a_day_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        BusinessDay(**wrong)
