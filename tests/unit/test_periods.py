"""The period a page of figures is about, whatever its address says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import pytest

from marketplace.core.calendar import SEOUL
from marketplace.web.office import periods
from marketplace.web.office.periods import Period

TODAY: Final = date(2026, 11, 24)
USUAL: Final = Period(date(2026, 10, 26), TODAY)


def asked(**given: str) -> Period:
    return periods.asked({name.rstrip("_"): day for name, day in given.items()}, today=TODAY)


class TestAsked:
    def test_is_the_last_thirty_days_when_nothing_is_said(self) -> None:
        assert asked() == USUAL
        assert USUAL.days == 30

    @pytest.mark.parametrize("day", ["", "x", "2026-13-01", "20", "9" * 30, "\x00"])
    def test_takes_what_is_no_day_for_the_usual(self, day: str) -> None:
        assert asked(from_=day, until=day) == USUAL

    def test_takes_the_days_as_they_are(self) -> None:
        period = asked(from_="2026-11-01", until="2026-11-02")

        assert period.start == datetime(2026, 11, 1, tzinfo=SEOUL)
        assert period.end == datetime(2026, 11, 3, tzinfo=SEOUL)
        assert period.days == 2

    def test_never_looks_into_the_future_or_too_far_back(self) -> None:
        assert asked(from_="2026-11-20", until="2030-01-01").last == TODAY
        assert asked(from_="0001-01-01", until="2026-11-24").days == 401
        assert asked(from_="0001-01-01", until="0001-01-02") == USUAL

    def test_refuses_to_run_backwards(self) -> None:
        assert asked(from_="2026-11-20", until="2026-11-10") == USUAL

    def test_takes_one_day_alone_for_the_other_too(self) -> None:
        assert asked(from_="2026-11-20") == Period(date(2026, 11, 20), TODAY)
        assert asked(until="2026-11-10") == Period(date(2026, 11, 10), date(2026, 11, 10))


class TestPresets:
    def test_mark_the_one_that_is_shown(self) -> None:
        chosen = Period(TODAY - timedelta(days=6), TODAY)

        assert [
            preset.label for preset in periods.presets(chosen, today=TODAY) if preset.is_chosen
        ] == ["7일"]
