"""What was sold: by channel over time, by enterprise, by kind and by dong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, literal, select

from marketplace.accounts.models import Dong
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.orders.models import Line, LineShare, LineStatus, Order, SalesChannel

CHANNELS: Final = {
    SalesChannel.OWN_MALL: "자체몰",
    SalesChannel.COUNTER: "가게 쿠폰",
    SalesChannel.SMARTSTORE: "스마트스토어",
    SalesChannel.COUPANG: "쿠팡",
    SalesChannel.PUBLIC_PROCUREMENT: "공공구매",
    SalesChannel.CROWDFUNDING: "크라우드펀딩",
    SalesChannel.GIFT_SET: "선물세트",
    SalesChannel.EVENT_BOOTH: "행사 부스",
}

# A sale counts from payment on; what was cancelled or returned does not.
_SOLD: Final = (
    LineStatus.PAID,
    LineStatus.PREPARING,
    LineStatus.SHIPPING,
    LineStatus.DELIVERED,
    LineStatus.CONFIRMED,
    LineStatus.EXCHANGED,
)


@dataclass(frozen=True)
class MonthOfChannel:
    """Sales of one channel in one month of Seoul time, in won."""

    month: date
    channel: SalesChannel
    amount: Won
    orders: int


@dataclass(frozen=True)
class Ranked:
    """Sales of one enterprise, kind or dong, in won."""

    key: str
    name: str
    amount: Won
    quantity: int


@dataclass(frozen=True)
class Total:
    """All sales of a period, in won."""

    amount: Won
    coupon_amount: Won
    orders: int
    buyers: int


def living_amount() -> ColumnElement[Any]:
    """Return what a line still sells for, in won."""
    # The frozen unit price times the pieces that were not cancelled.
    return Line.unit_price * (Line.quantity - Line.canceled_quantity)


def _returned() -> ColumnElement[Any]:
    # What cancelled pieces gave back to coupons, by the frozen shares.
    return func.coalesce(
        select(func.sum(LineShare.returned_amount))
        .where(LineShare.line_id == Line.id)
        .correlate(Line)
        .scalar_subquery(),
        0,
    )


def sold_between(
    statement: Select[*tuple[Any, ...]], start: datetime, end: datetime
) -> Select[*tuple[Any, ...]]:
    """Narrow a question about lines and their orders to what was sold in a period."""
    return statement.where(Order.paid_at >= start, Order.paid_at < end, Line.status.in_(_SOLD))


def by_month_and_channel(*, start: datetime, end: datetime) -> list[MonthOfChannel]:
    """Return sales per month and channel, earliest first."""
    month = func.date_trunc("month", func.timezone(SEOUL.key, Order.paid_at))
    rows = db.session.execute(
        sold_between(
            select(
                month.label("month"),
                Order.channel,
                func.sum(living_amount()).label("amount"),
                func.count(Order.id.distinct()).label("orders"),
            )
            .join(Line, Line.order_id == Order.id)
            .group_by("month", Order.channel)
            .order_by("month", Order.channel),
            start,
            end,
        )
    )
    return [
        MonthOfChannel(row.month.date(), row.channel, Won(int(row.amount)), row.orders)
        for row in rows
    ]


def total(*, start: datetime, end: datetime) -> Total:
    """Return all sales of a period."""
    row = db.session.execute(
        sold_between(
            select(
                func.coalesce(func.sum(living_amount()), 0).label("amount"),
                func.coalesce(func.sum(Line.coupon_amount - _returned()), 0).label("coupon"),
                func.count(Order.id.distinct()).label("orders"),
                func.count(Order.buyer_email.distinct()).label("buyers"),
            ).join(Line, Line.order_id == Order.id),
            start,
            end,
        )
    ).one()
    return Total(Won(int(row.amount)), Won(int(row.coupon)), row.orders, row.buyers)


def by_enterprise(*, start: datetime, end: datetime, limit: int = 10) -> list[Ranked]:
    """Return the enterprises that sold most."""
    return _ranked(
        sold_between(
            select(
                Enterprise.slug.label("key"),
                Enterprise.name.label("name"),
                func.sum(living_amount()).label("amount"),
                func.sum(Line.quantity - Line.canceled_quantity).label("quantity"),
            )
            .join(Line, Line.enterprise_id == Enterprise.id)
            .join(Order, Order.id == Line.order_id)
            .group_by(Enterprise.id)
            .order_by(func.sum(living_amount()).desc(), Enterprise.id)
            .limit(limit),
            start,
            end,
        )
    )


def by_dong(*, start: datetime, end: datetime) -> list[Ranked]:
    """Return sales by the dong of the selling enterprise, every dong, in the district's order."""
    sold = (
        sold_between(
            select(
                Enterprise.dong_code,
                func.sum(living_amount()).label("amount"),
                func.sum(Line.quantity - Line.canceled_quantity).label("quantity"),
            )
            .join(Line, Line.enterprise_id == Enterprise.id)
            .join(Order, Order.id == Line.order_id)
            .group_by(Enterprise.dong_code),
            start,
            end,
        )
    ).subquery()
    return _ranked(
        select(
            Dong.code.label("key"),
            Dong.name.label("name"),
            func.coalesce(sold.c.amount, 0).label("amount"),
            func.coalesce(sold.c.quantity, 0).label("quantity"),
        )
        .outerjoin(sold, sold.c.dong_code == Dong.code)
        .order_by(Dong.position)
    )


def by_kind(*, start: datetime, end: datetime) -> list[Ranked]:
    """
    Return sales by designation kind as it stood on the day of the sale.

    An enterprise with several designations counts under its first, so that the sum is the total.
    """
    kind = func.coalesce(Line.designation_kinds[1], literal("none"))
    return _ranked(
        sold_between(
            select(
                kind.label("key"),
                kind.label("name"),
                func.sum(living_amount()).label("amount"),
                func.sum(Line.quantity - Line.canceled_quantity).label("quantity"),
            )
            .join(Order, Order.id == Line.order_id)
            .group_by(kind)
            .order_by(func.sum(living_amount()).desc(), kind),
            start,
            end,
        )
    )


def _ranked(statement: Select[*tuple[Any, ...]]) -> list[Ranked]:
    rows: Sequence[Any] = db.session.execute(statement).all()
    return [Ranked(row.key, row.name, Won(int(row.amount)), int(row.quantity)) for row in rows]
