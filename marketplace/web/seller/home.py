"""The enterprise's first page: what waits, and what was sold."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.reporting import shop_sales, workload
from marketplace.reporting.shop_sales import DayOfShop
from marketplace.web import csv_files
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import shops

bp = Blueprint("seller_home", __name__, url_prefix="/seller")

_DAYS: Final = 30


@bp.get("")
@allow(SELLER)
def show() -> ResponseReturnValue:
    """Show what waits for the viewer's enterprises, and their last thirty days."""
    at = clock.now()
    own = shops.own_ids()
    return render_template(
        "seller/home.html",
        at=at,
        shops=workload.list_workload(own, at=at),
        charts={shop: _chart(days) for shop, days in _sold(own, at).items()},
    )


@bp.get("/sales.csv")
@allow(SELLER)
def sales_csv() -> Response:
    """Give the last thirty days of the viewer's enterprises as a file."""
    at = clock.now()
    names = shops.names()
    return csv_files.respond(
        f"sales-{day_in_seoul(at):%Y%m%d}.csv",
        ("가게", "날짜", "매출(원)", "주문", "수량"),
        (
            (names[shop], day.day.isoformat(), day.amount, day.orders, day.pieces)
            for shop, days in _sold(shops.own_ids(), at).items()
            for day in days
        ),
    )


def _sold(own: list[int], at: datetime) -> dict[int, list[DayOfShop]]:
    tomorrow = datetime.combine(day_in_seoul(at) + timedelta(days=1), time(), SEOUL)
    return shop_sales.by_day(own, start=tomorrow - timedelta(days=_DAYS), end=tomorrow)


def _chart(days: list[DayOfShop]) -> dict[str, object]:
    total = sum(day.amount for day in days)
    return {
        "title": f"최근 {_DAYS}일 매출",
        "summary": f"{_DAYS}일 동안 모두 {total:,}원입니다.",
        "kind": "bar",
        "unit": "원",
        "labels": [f"{day.day.month}.{day.day.day}." for day in days],
        "series": [{"name": "매출", "values": [day.amount for day in days]}],
    }
