"""Korean business days, lunar dates and the two lunar holidays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from korean_lunar_calendar import KoreanLunarCalendar

from marketplace.core.errors import InvalidInput
from marketplace.core.korean_holidays import public_holidays

SEOUL: Final = ZoneInfo("Asia/Seoul")
SATURDAY: Final = 5

# Days the office decreed: True makes a day off (임시공휴일), False makes it a working day again.
Overrides = Mapping[date, bool]
NO_OVERRIDES: Final[Overrides] = MappingProxyType({})


class OutsideCalendar(InvalidInput):
    """The lunar tables cover the lunar years 1000 to 2050."""

    message = "음력을 계산할 수 없는 날짜입니다: {given}"


class LunarHoliday(StrEnum):
    """The two holidays of three days that follow the moon."""

    SEOLLAL = "seollal"
    CHUSEOK = "chuseok"


_LUNAR_DAY: Final = {LunarHoliday.SEOLLAL: (1, 1), LunarHoliday.CHUSEOK: (8, 15)}
_KOREAN_NAME: Final = {LunarHoliday.SEOLLAL: "설날", LunarHoliday.CHUSEOK: "추석"}


@dataclass(frozen=True, slots=True)
class LunarDate:
    """A day of the Korean lunar calendar."""

    year: int
    month: int
    day: int
    leap_month: bool = False

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class HolidayDays:
    """The three days of a lunar holiday and the substitute days (대체공휴일) it brings."""

    days: tuple[date, date, date]
    substitutes: tuple[date, ...]


def day_in_seoul(at: datetime) -> date:
    """Return the day an instant falls on in Korea."""
    return at.astimezone(SEOUL).date()


def holiday_name(day: date) -> str | None:
    """Return the Korean name of a public holiday, substitutes included."""
    return public_holidays(day.year).get(day)


def is_business_day(day: date, overrides: Overrides = NO_OVERRIDES) -> bool:
    """Say whether offices and banks work that day."""
    if day in overrides:
        return not overrides[day]
    return day.weekday() < SATURDAY and holiday_name(day) is None


def add_business_days(day: date, count: int, overrides: Overrides = NO_OVERRIDES) -> date:
    """Return the count-th business day after a day, or before it when count is negative."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day, overrides):
            day += step
    return day


def next_business_day(day: date, overrides: Overrides = NO_OVERRIDES) -> date:
    """Return the day itself when it is a business day, else the first one after it."""
    while not is_business_day(day, overrides):
        day += timedelta(days=1)
    return day


def lunar_holiday(year: int, holiday: LunarHoliday) -> date:
    """
    Return the solar date of 설날 or 추석 in a year.

    :raises OutsideCalendar:
    """
    return to_solar(LunarDate(year, *_LUNAR_DAY[holiday]))


def lunar_holiday_days(year: int, holiday: LunarHoliday) -> HolidayDays:
    """
    Return the day before, the day and the day after, with the substitutes for lost ones.

    :raises OutsideCalendar:
    """
    day = lunar_holiday(year, holiday)
    one = timedelta(days=1)
    # Filed under the year of the holiday itself, which lies far from both ends of it.
    named = f"{_KOREAN_NAME[holiday]} 대체"
    substitutes = tuple(
        found for found, name in sorted(public_holidays(year).items()) if named in name
    )
    return HolidayDays(days=(day - one, day, day + one), substitutes=substitutes)


def to_lunar(day: date) -> LunarDate:
    """
    Return the lunar date of a solar day.

    :raises OutsideCalendar:
    """
    converter = KoreanLunarCalendar()
    if not converter.setSolarDate(day.year, day.month, day.day):
        raise OutsideCalendar(given=day)
    return LunarDate(
        converter.lunarYear,
        converter.lunarMonth,
        converter.lunarDay,
        bool(converter.isIntercalation),
    )


def to_solar(lunar: LunarDate) -> date:
    """
    Return the solar day of a lunar date.

    :raises OutsideCalendar:
    """
    converter = KoreanLunarCalendar()
    if not converter.setLunarDate(lunar.year, lunar.month, lunar.day, lunar.leap_month):
        raise OutsideCalendar(given=lunar)
    return date(converter.solarYear, converter.solarMonth, converter.solarDay)
