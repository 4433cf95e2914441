"""How busy a day is: the week, the year's two holidays, and slow growth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Final

from marketplace.core.calendar import SEOUL, LunarHoliday, lunar_holiday

DAYS: Final = 184
_ORDERS_PER_DAY: Final = 7.2
_BY_WEEKDAY: Final = (1.18, 1.12, 1.08, 1.04, 0.94, 0.66, 0.98)
# Orders by hour of the day in Korea: a lunch peak and a longer one after dinner.
_BY_HOUR: Final = (
    4,
    2,
    1,
    1,
    1,
    2,
    4,
    7,
    11,
    16,
    19,
    20,
    18,
    15,
    13,
    12,
    12,
    11,
    12,
    15,
    20,
    23,
    18,
    10,
)
_RUSH_STARTS: Final = 26
_RUSH_ENDS: Final = 3
_RUSH_HEIGHT: Final = 3.1
_HOLIDAY_QUIET: Final = 0.2


@cache
def holidays_near(today: date) -> tuple[tuple[LunarHoliday, date], ...]:
    """Return the two lunar holidays of this year and the last one, the oldest first."""
    found = [
        (holiday, lunar_holiday(year, holiday))
        for year in (today.year - 1, today.year)
        for holiday in LunarHoliday
    ]
    return tuple(sorted(found, key=lambda pair: pair[1]))


def last_holiday(today: date) -> tuple[LunarHoliday, date]:
    """Return the latest of the two holidays that is over by a day."""
    return [pair for pair in holidays_near(today) if pair[1] < today][-1]


def rush(day: date, feast: date) -> float:
    """Return how much busier the weeks before a holiday make a day: 0 outside, 1 at the peak."""
    left = (feast - day).days
    if not _RUSH_ENDS <= left <= _RUSH_STARTS:
        return 0.0
    peak = 12
    distance = abs(left - peak) / (_RUSH_STARTS - peak if left > peak else peak - _RUSH_ENDS + 2)
    return max(0.0, 1 - distance)


def busyness(day: date, today: date) -> float:
    """Return how many orders a day brings on average."""
    feasts = [feast for _, feast in holidays_near(today)]
    growth = 1.25 - 0.5 * (today - day).days / DAYS
    level = _ORDERS_PER_DAY * _BY_WEEKDAY[day.weekday()] * growth
    if any(-1 <= (feast - day).days <= 1 for feast in feasts):
        return level * _HOLIDAY_QUIET
    return level * (1 + (_RUSH_HEIGHT - 1) * max(rush(day, feast) for feast in feasts))


def moments(chance: Random, at: datetime) -> Iterator[datetime]:
    """Yield the moments of all orders of half a year, the earliest first."""
    today = at.astimezone(SEOUL).date()
    for back in range(DAYS, -1, -1):
        day = today - timedelta(days=back)
        expected = busyness(day, today)
        count = max(0, round(chance.gauss(expected, expected**0.5)))
        hours = chance.choices(range(24), weights=_BY_HOUR, k=count)
        for second in sorted(hour * 3600 + chance.randrange(3600) for hour in hours):
            moment = datetime.combine(day, time(), SEOUL) + timedelta(seconds=second)
            if moment < at - timedelta(minutes=20):
                yield moment.astimezone(at.tzinfo)
