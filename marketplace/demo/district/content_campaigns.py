"""The two coupon drives, each paid by the city and the district."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from marketplace.core.calendar import SEOUL, LunarHoliday
from marketplace.core.money import Won
from marketplace.demo.district import content_seasons
from marketplace.demo.district.seeds import CampaignSeed, GrantSeed

_CITY_BPS: Final = 3_000
_DISTRICT_BPS: Final = 7_000
_FEAST_NAME: Final = {LunarHoliday.SEOLLAL: "설맞이", LunarHoliday.CHUSEOK: "한가위"}


def generate(at: datetime) -> tuple[CampaignSeed, ...]:
    """Return one drive that runs now and one that ended with the last holiday."""
    today = at.astimezone(SEOUL).date()
    holiday, feast = content_seasons.last_holiday(today)
    until = today + timedelta(days=37)
    return (
        CampaignSeed(
            slug="first-crossing",
            name="마중물 쿠폰 · 첫 나들이",
            summary="광진구 세나루 가게 어디서나 20,000원 이상 살 때 5,000원을 덜어 드립니다.",
            amount=Won(5_000),
            min_order=Won(20_000),
            cap=1_000,
            starts_at=_morning(today - timedelta(days=128)),
            ends_at=_midnight(until),
            valid_until=_midnight(until + timedelta(days=14)),
            channel="both",
            grants=_grants("첫나들이", Won(5_000) * 1_000, today.year, "310-01"),
            kept=46,
        ),
        CampaignSeed(
            slug=f"{holiday.value}-{feast.year}",
            name=f"{feast.year} {_FEAST_NAME[holiday]} 마중물",
            summary="명절 장보기를 거드는 10,000원 쿠폰입니다. 50,000원 이상 살 때 쓸 수 있습니다.",
            amount=Won(10_000),
            min_order=Won(50_000),
            cap=400,
            starts_at=_morning(feast - timedelta(days=26)),
            ends_at=_midnight(feast - timedelta(days=2)),
            valid_until=_midnight(feast + timedelta(days=5)),
            channel="online",
            grants=_grants(_FEAST_NAME[holiday], Won(10_000) * 400, feast.year, "310-02"),
            kept=31,
        ),
    )


def _grants(name: str, budget: int, year: int, code: str) -> tuple[GrantSeed, ...]:
    return tuple(
        GrantSeed(
            funder=funder,
            name=f"{year} {name} {label}",
            account_code=f"{code} {name} {label}",
            ceiling=Won(budget * bps // 10_000),
            share_bps=bps,
        )
        for funder, label, bps in (
            ("city", "시비", _CITY_BPS),
            ("district", "구비", _DISTRICT_BPS),
        )
    )


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(10), SEOUL)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SEOUL)
