"""The desk's first page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.reporting import books, funds, sales
from marketplace.web import csv_files
from marketplace.web.guards import STAFF, allow

bp = Blueprint("office_home", __name__, url_prefix="/office")

_YEARS_BACK = 5


@dataclass(frozen=True)
class Year:
    """One fiscal year, which is the calendar year (korea.md §3.5)."""

    number: int

    @property
    def start(self) -> datetime:
        """Return its first instant."""
        return datetime(self.number, 1, 1, tzinfo=SEOUL)

    @property
    def end(self) -> datetime:
        """Return the first instant after it."""
        return datetime(self.number + 1, 1, 1, tzinfo=SEOUL)

    def months(self, today: date) -> list[date]:
        """Return the months of it that have begun."""
        months = [date(self.number, month, 1) for month in range(1, 13)]
        return [month for month in months if month <= today]


@bp.get("")
@allow(STAFF)
def show() -> ResponseReturnValue:
    """Show sales by channel, enterprise and dong, and what each funder spent."""
    at = clock.now()
    today = day_in_seoul(at)
    year = _year(today)
    start, end = year.start, year.end
    last_start, last_end = _same_span_last_year(year, at)
    return render_template(
        "office/home.html",
        at=at,
        year=year,
        years=range(today.year, today.year - _YEARS_BACK, -1),
        total=sales.total(start=start, end=end),
        last_year=sales.total(start=last_start, end=last_end),
        channel_chart=_channel_chart(year, today),
        enterprises=sales.by_enterprise(start=start, end=end),
        kind_chart=_bars("가게 종류별 매출", sales.by_kind(start=start, end=end), LABELS),
        dong_chart=_bars("동별 매출", sales.by_dong(start=start, end=end), {}),
        grants=funds.list_grants(),
        campaigns=funds.list_campaign_counts(),
        checks=books.check_books(),
    )


@bp.get("/sales.csv")
@allow(STAFF)
def sales_csv() -> Response:
    """Download the year's sales by month and channel."""
    year = _year(day_in_seoul(clock.now()))
    rows = sales.by_month_and_channel(start=year.start, end=year.end)
    return csv_files.respond(
        f"sales-{year.number}.csv",
        ["월", "판매채널", "매출(원)", "주문(건)"],
        (
            [f"{row.month:%Y-%m}", sales.CHANNELS[row.channel], row.amount, row.orders]
            for row in rows
        ),
    )


@bp.get("/grants.csv")
@allow(STAFF)
def grants_csv() -> Response:
    """Download what each grant reserved and spent."""
    return csv_files.respond(
        "grants.csv",
        ["회계연도", "재원", "사업", "세목", "한도(원)", "예약(원)", "집행(원)", "잔액(원)"],
        (
            [
                grant.fiscal_year,
                grant.funder,
                grant.name,
                grant.account_code,
                grant.ceiling,
                grant.reserved,
                grant.spent,
                grant.left,
            ]
            for grant in funds.list_grants()
        ),
    )


def _year(today: date) -> Year:
    asked = request.args.get("year", "")
    known = {str(number) for number in range(today.year - _YEARS_BACK, today.year + 1)}
    return Year(int(asked) if asked in known else today.year)


def _same_span_last_year(year: Year, at: datetime) -> tuple[datetime, datetime]:
    last = Year(year.number - 1)
    passed = min(at, year.end) - year.start
    return last.start, min(last.start + max(passed, timedelta()), last.end)


def _channel_chart(year: Year, today: date) -> dict[str, object]:
    rows = sales.by_month_and_channel(start=year.start, end=year.end)
    months = year.months(today)
    used = [channel for channel in sales.CHANNELS if any(row.channel == channel for row in rows)]
    amounts = {(row.month, row.channel): row.amount for row in rows}
    best = max(rows, key=lambda row: row.amount, default=None)
    return {
        "title": "채널별 월 매출",
        "summary": f"가장 많이 판 달은 {best.month.month}월입니다." if best else "매출이 없습니다.",
        "kind": "stacked",
        "unit": "원",
        "labels": [f"{month.month}월" for month in months],
        "series": [
            {
                "name": sales.CHANNELS[channel],
                "values": [amounts.get((month, channel), 0) for month in months],
            }
            for channel in used or [next(iter(sales.CHANNELS))]
        ],
    }


def _bars(
    title: str, rows: list[sales.Ranked], names: Mapping[DesignationKind, str]
) -> dict[str, object]:
    by_key = {str(key): name for key, name in names.items()}
    best = max(rows, key=lambda row: row.amount, default=None)
    labels = [by_key.get(row.key, row.name if row.name != "none" else "지정 없음") for row in rows]
    first = labels[rows.index(best)] if best and best.amount else None
    return {
        "title": title,
        "summary": f"{first}에서 가장 많이 팔렸습니다." if first else "매출이 없습니다.",
        "kind": "sideways",
        "unit": "원",
        "labels": labels,
        "series": [{"name": "매출", "values": [row.amount for row in rows]}],
    }
