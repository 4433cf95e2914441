"""What one enterprise sold in the mall, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.orders.models import Line, Order
from marketplace.reporting.sales import living_amount, sold_between


@dataclass(frozen=True)
class DayOfShop:
    """One day of Seoul time: what was sold in won, in how many orders and pieces."""

    enterprise_id: int
    day: date
    amount: Won
    orders: int
    pieces: int


def by_day(
    enterprise_ids: Sequence[int], *, start: datetime, end: datetime
) -> dict[int, list[DayOfShop]]:
    """Return every day of a period for each enterprise, days without a sale included."""
    day = func.date(func.timezone(SEOUL.key, Order.paid_at))
    rows = db.session.execute(
        sold_between(
            select(
                Line.enterprise_id,
                day.label("day"),
                func.sum(living_amount()).label("amount"),
                func.count(Order.id.distinct()).label("orders"),
                func.sum(Line.quantity - Line.canceled_quantity).label("pieces"),
            )
            .join(Order, Order.id == Line.order_id)
            .where(Line.enterprise_id.in_(enterprise_ids))
            .group_by(Line.enterprise_id, day),
            start,
            end,
        )
    )
    sold = {
        (row.enterprise_id, row.day): DayOfShop(
            row.enterprise_id, row.day, Won(int(row.amount)), row.orders, int(row.pieces)
        )
        for row in rows
    }
    days = _days(start, end)
    return {
        shop: [sold.get((shop, day), DayOfShop(shop, day, Won(0), 0, 0)) for day in days]
        for shop in enterprise_ids
    }


def _days(start: datetime, end: datetime) -> list[date]:
    first = day_in_seoul(start)
    last = day_in_seoul(end - timedelta(microseconds=1))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
