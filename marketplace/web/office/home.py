"""The desk's first page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.reporting import book_watch, funds, sales
from marketplace.web import csv_files
from marketplace.web.guards import STAFF, allow
from marketplace.web.office import sales_charts

bp = Blueprint("office_home", __name__, url_prefix="/office")

# Whose work needs the figures as files; a dong's clerk and a department's buyer carry none away.
_SALES_READERS: Final = (
    Role.OPERATOR,
    Role.SETTLEMENT_OFFICER,
    Role.APPROVER,
    Role.AUDITOR,
)
_COUPON_READERS: Final = (*_SALES_READERS, Role.CAMPAIGN_MANAGER)
_YEARS_BACK = 5
_EVERY_ENTERPRISE = 1_000
_RANKINGS: Final[Mapping[str, tuple[Callable[..., list[sales.Ranked]], str]]] = {
    "enterprises": (partial(sales.by_enterprise, limit=_EVERY_ENTERPRISE), "가게"),
    "kinds": (sales.by_kind, "가게 종류"),
    "dongs": (sales.by_dong, "동"),
}


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
        channel_chart=sales_charts.by_channel(
            sales.by_month_and_channel(start=start, end=end), months=year.months(today)
        ),
        enterprises=sales.by_enterprise(start=start, end=end),
        kind_chart=sales_charts.bars("가게 종류별 매출", sales.by_kind(start=start, end=end)),
        dong_chart=sales_charts.bars("동별 매출", sales.by_dong(start=start, end=end)),
        grants=funds.list_grants(),
        campaigns=funds.list_campaign_counts(),
        last_check=book_watch.find_last(),
        may_take_sales=not current_user.roles.isdisjoint(_SALES_READERS),
        may_take_coupons=not current_user.roles.isdisjoint(_COUPON_READERS),
    )


@bp.get("/sales.csv")
@allow(*_SALES_READERS)
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


@bp.get("/sales/<any(enterprises, kinds, dongs):by>.csv")
@allow(*_SALES_READERS)
def ranked_csv(by: str) -> Response:
    """Download the year's sales by enterprise, kind or dong."""
    year = _year(day_in_seoul(clock.now()))
    read, heading = _RANKINGS[by]
    return csv_files.respond(
        f"sales-{by}-{year.number}.csv",
        [heading, "매출(원)", "수량(개)"],
        (
            [sales_charts.name_of(row), row.amount, row.quantity]
            for row in read(start=year.start, end=year.end)
        ),
    )


@bp.get("/campaigns.csv")
@allow(*_COUPON_READERS)
def campaigns_csv() -> Response:
    """Download how many coupons of each campaign are where."""
    return csv_files.respond(
        "campaigns.csv",
        ["캠페인", "상태", "발행(장)", "받기 전", "지갑에 있음", "사용", "만료·회수"],
        (
            [
                row.name,
                row.status,
                row.issued,
                row.unclaimed,
                row.claimed,
                row.redeemed,
                row.expired,
            ]
            for row in funds.list_campaign_counts()
        ),
    )


@bp.get("/grants.csv")
@allow(*_COUPON_READERS)
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
