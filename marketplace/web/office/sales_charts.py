"""Sales as charts: what templates/parts/chart.html draws and tabulates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from marketplace.enterprises.designations import LABELS
from marketplace.reporting.sales import CHANNELS, MonthOfChannel, Ranked

_NAMES: Final[Mapping[str, str]] = {
    **{kind.value: label for kind, label in LABELS.items()},
    "none": "지정 없음",
}


def by_channel(rows: Sequence[MonthOfChannel], *, months: Sequence[date]) -> dict[str, object]:
    """Return sales per month, stacked by channel."""
    used = [channel for channel in CHANNELS if any(row.channel == channel for row in rows)]
    amounts = {(row.month, row.channel): row.amount for row in rows}
    totals = {month: sum(amounts.get((month, channel), 0) for channel in used) for month in months}
    best = max(totals, key=lambda month: totals[month], default=None)
    sold = best is not None and totals[best] > 0
    return {
        "title": "채널별 월 매출",
        "summary": f"가장 많이 판 달은 {best.month}월입니다."
        if best and sold
        else "매출이 없습니다.",
        "kind": "stacked",
        "unit": "원",
        "labels": [f"{month.month}월" for month in months],
        "series": [
            {
                "name": CHANNELS[channel],
                "values": [amounts.get((month, channel), 0) for month in months],
            }
            for channel in used or [next(iter(CHANNELS))]
        ],
    }


def bars(title: str, rows: Sequence[Ranked]) -> dict[str, object]:
    """Return sales as bars across, in the order of the rows."""
    best = max(rows, key=lambda row: row.amount, default=None)
    sold = best is not None and best.amount > 0
    return {
        "title": title,
        "summary": f"가장 많이 팔린 곳은 {name_of(best)}입니다."
        if best and sold
        else "매출이 없습니다.",
        "kind": "sideways",
        "unit": "원",
        "labels": [name_of(row) for row in rows],
        "series": [{"name": "매출", "values": [row.amount for row in rows]}],
    }


def name_of(row: Ranked) -> str:
    """Return what a row is called: kinds come from the report by their keys."""
    return _NAMES.get(row.name, row.name)
