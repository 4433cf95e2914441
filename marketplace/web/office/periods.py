"""The period a page of figures is about: whole days of Seoul time, asked for in its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from marketplace.core.calendar import SEOUL

_LONGEST: Final = timedelta(days=400)
_EARLIEST: Final = date(2020, 1, 1)
_PRESETS: Final = (("오늘", 0), ("7일", 6), ("30일", 29), ("1년", 364))


@dataclass(frozen=True)
class Period:
    """The days from the first to the last, both in it."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """Return its first instant."""
        return datetime.combine(self.first, time(), SEOUL)

    @property
    def end(self) -> datetime:
        """Return the first instant after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), SEOUL)

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.last - self.first).days + 1

    @property
    def arguments(self) -> dict[str, str]:
        """Return what an address says to ask for it again."""
        return {"from": self.first.isoformat(), "until": self.last.isoformat()}


@dataclass(frozen=True)
class Preset:
    """A period one press away."""

    label: str
    period: Period
    is_chosen: bool


def asked(given: Mapping[str, str], *, today: date, default_days: int = 30) -> Period:
    """Return the period asked for; what is no day is taken for the usual one."""
    usual = Period(today - timedelta(days=default_days - 1), today)
    first, last = _day(given.get("from")), _day(given.get("until"))
    if first is None and last is None:
        return usual
    last = min(last or today, today)
    first = max(first or last, _EARLIEST)
    if first > last:
        return usual
    return Period(max(first, last - _LONGEST), last)


def presets(chosen: Period, *, today: date) -> list[Preset]:
    """Return the periods that end today, the chosen one marked."""
    offered = [(label, Period(today - timedelta(days=back), today)) for label, back in _PRESETS]
    return [Preset(label, period, period == chosen) for label, period in offered]


def _day(typed: str | None) -> date | None:
    try:
        return date.fromisoformat(typed or "")
    except ValueError:
        return None
