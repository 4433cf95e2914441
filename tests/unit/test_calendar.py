from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import calendar
from marketplace.core.calendar import LunarDate, LunarHoliday

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2049, 12, 31))


class TestAddBusinessDays:
    @pytest.mark.parametrize(
        ("day", "count", "expected"),
        [
            # korea.md §6: over 추석 2026, and over 설날 2026.
            (date(2026, 9, 23), 3, date(2026, 9, 30)),
            (date(2026, 2, 13), 3, date(2026, 2, 23)),
            # A Friday, over 삼일절 on Sunday and its substitute on Monday.
            (date(2026, 2, 27), 1, date(2026, 3, 3)),
            (date(2026, 3, 3), -1, date(2026, 2, 27)),
            (date(2026, 2, 28), 0, date(2026, 2, 28)),
        ],
    )
    def test_leaps_over_weekends_and_holidays(self, day: date, count: int, expected: date) -> None:
        assert calendar.add_business_days(day, count) == expected

    @given(day=DAYS, count=st.integers(1, 15))
    def test_lands_on_a_business_day_with_the_right_number_between(
        self, day: date, count: int
    ) -> None:
        end = calendar.add_business_days(day, count)

        passed = [
            date.fromordinal(number)
            for number in range(day.toordinal() + 1, end.toordinal() + 1)
            if calendar.is_business_day(date.fromordinal(number))
        ]
        assert len(passed) == count
        assert passed[-1] == end

    def test_obeys_the_office(self) -> None:
        decreed = {date(2026, 9, 28): True, date(2026, 10, 9): False}

        assert calendar.add_business_days(date(2026, 9, 23), 3, decreed) == date(2026, 10, 1)
        assert calendar.is_business_day(date(2026, 10, 9), decreed)
        assert not calendar.is_business_day(date(2026, 10, 9))


class TestNextBusinessDay:
    def test_is_the_day_itself_or_the_first_after(self) -> None:
        assert calendar.next_business_day(date(2026, 9, 24)) == date(2026, 9, 28)
        assert calendar.next_business_day(date(2026, 9, 28)) == date(2026, 9, 28)


class TestHolidays:
    @pytest.mark.parametrize(
        ("year", "seollal", "chuseok"),
        [
            (2026, date(2026, 2, 17), date(2026, 9, 25)),
            (2027, date(2027, 2, 7), date(2027, 9, 15)),
            (2028, date(2028, 1, 27), date(2028, 10, 3)),
            (2029, date(2029, 2, 13), date(2029, 9, 22)),
            (2030, date(2030, 2, 3), date(2030, 9, 12)),
        ],
    )
    def test_follow_the_moon(self, year: int, seollal: date, chuseok: date) -> None:
        assert calendar.lunar_holiday(year, LunarHoliday.SEOLLAL) == seollal
        assert calendar.lunar_holiday(year, LunarHoliday.CHUSEOK) == chuseok

    @pytest.mark.parametrize(
        ("year", "holiday", "substitutes"),
        [
            (2026, LunarHoliday.SEOLLAL, ()),
            (2027, LunarHoliday.SEOLLAL, (date(2027, 2, 9),)),
            (2028, LunarHoliday.CHUSEOK, (date(2028, 10, 5),)),
            (2029, LunarHoliday.CHUSEOK, (date(2029, 9, 24),)),
            (2030, LunarHoliday.SEOLLAL, (date(2030, 2, 5),)),
            (2030, LunarHoliday.CHUSEOK, ()),
        ],
    )
    def test_bring_substitutes(
        self, year: int, holiday: LunarHoliday, substitutes: tuple[date, ...]
    ) -> None:
        found = calendar.lunar_holiday_days(year, holiday)

        assert found.substitutes == substitutes
        assert not any(calendar.is_business_day(day) for day in (*found.days, *found.substitutes))

    def test_have_korean_names(self) -> None:
        assert calendar.holiday_name(date(2026, 10, 9)) == "한글날"
        assert calendar.holiday_name(date(2026, 10, 8)) is None


class TestLunar:
    @given(day=DAYS)
    def test_there_and_back(self, day: date) -> None:
        assert calendar.to_solar(calendar.to_lunar(day)) == day

    def test_knows_leap_months(self) -> None:
        assert calendar.to_lunar(date(2025, 7, 25)) == LunarDate(2025, 6, 1, leap_month=True)
        assert calendar.to_lunar(date(2025, 6, 25)) == LunarDate(2025, 6, 1)

    @pytest.mark.parametrize("day", [date(2051, 3, 1), date(999, 12, 31)])
    def test_refuses_what_its_tables_do_not_cover(self, day: date) -> None:
        with pytest.raises(calendar.OutsideCalendar):
            calendar.to_lunar(day)

    def test_refuses_a_month_that_is_not_a_leap_month(self) -> None:
        with pytest.raises(calendar.OutsideCalendar):
            calendar.to_solar(LunarDate(2026, 6, 1, leap_month=True))


class TestDayInSeoul:
    def test_begins_at_three_in_the_afternoon_of_the_day_before(self) -> None:
        assert calendar.day_in_seoul(datetime(2026, 3, 31, 14, 59, tzinfo=UTC)) == date(2026, 3, 31)
        assert calendar.day_in_seoul(datetime(2026, 3, 31, 15, 0, tzinfo=UTC)) == date(2026, 4, 1)


def test_loads_no_other_country() -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from marketplace.core.korean_holidays import public_holidays as of;"
            "print(len(of(2026)) > 10);"
            "print(sum(name.startswith('holidays.countries.') for name in sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.split() == ["True", "1"]
