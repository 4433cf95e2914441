"""An order's own steps: paid, ended unpaid. Whoever takes them holds its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update

from marketplace.core.db import db, table_of
from marketplace.core.money import Won
from marketplace.orders import status
from marketplace.orders.models import Line, LineStatus, Order
from marketplace.orders.queries import OrderNotFound


@dataclass(frozen=True, kw_only=True)
class LockedOrder:
    """An order as it stands while this transaction holds it."""

    id: int
    number: str
    person_id: int | None
    provider: str
    coupon_total: Won
    pay_total: Won
    expires_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None
    line_ids: tuple[int, ...]
    # Variant → pieces.
    quantities: dict[int, int]


_ORDER: Final = select(
    Order.id,
    Order.number,
    Order.person_id,
    Order.provider,
    Order.coupon_total,
    Order.pay_total,
    Order.expires_at,
    Order.paid_at,
    Order.closed_at,
).where(Order.id == bindparam("order"))
_LOCK: Final = _ORDER.with_for_update()
_LINES: Final = (
    select(Line.id, Line.variant_id, Line.quantity)
    .where(Line.order_id == bindparam("order"))
    .order_by(Line.position)
)
_MARK_PAID: Final = (
    update(table_of(Order))
    .where(Order.id == bindparam("order"))
    .values(paid_at=bindparam("at"), closed_at=None)
    .execution_options(synchronize_session=False)
)


def lock(order_id: int) -> LockedOrder:
    """
    Lock an order; everything that changes it starts here.

    :raises OrderNotFound:
    """
    order = db.session.execute(_LOCK, {"order": order_id}).one_or_none()
    if order is None:
        raise OrderNotFound
    lines = db.session.execute(_LINES, {"order": order_id}).all()
    return LockedOrder(
        id=order.id,
        number=order.number,
        person_id=order.person_id,
        provider=order.provider,
        coupon_total=order.coupon_total,
        pay_total=order.pay_total,
        expires_at=order.expires_at,
        paid_at=order.paid_at,
        closed_at=order.closed_at,
        line_ids=tuple(line.id for line in lines),
        quantities={line.variant_id: line.quantity for line in lines},
    )


def mark_paid(order: LockedOrder, *, actor: str, at: datetime) -> None:
    """
    Note that an order is paid, also when it had ended unpaid before.

    :raises MoveNotAllowed:
    """
    db.session.execute(_MARK_PAID, {"order": order.id, "at": at})
    status.move(line_ids=order.line_ids, to=LineStatus.PAID, actor=actor, at=at)


def close_unpaid(order: LockedOrder, *, actor: str, note: str, at: datetime) -> None:
    """
    End an order nobody paid.

    :raises MoveNotAllowed:
    """
    db.session.execute(
        update(Order)
        .where(Order.id == order.id)
        .values(closed_at=at)
        .execution_options(synchronize_session=False)
    )
    status.move(
        line_ids=order.line_ids, to=LineStatus.CANCELED_UNPAID, actor=actor, note=note, at=at
    )
