"""An order's own steps: paid, ended unpaid. Whoever takes them holds its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update

from marketplace.core.db import db
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
    pay_total: Won
    expires_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None
    line_ids: tuple[int, ...]
    # Variant → pieces.
    quantities: dict[int, int]


def lock(order_id: int) -> LockedOrder:
    """
    Lock an order; everything that changes it starts here.

    :raises OrderNotFound:
    """
    order = db.session.scalars(
        _locking(order_id), execution_options={"populate_existing": True}
    ).one_or_none()
    if order is None:
        raise OrderNotFound
    lines = db.session.execute(
        select(Line.id, Line.variant_id, Line.quantity)
        .where(Line.order_id == order_id)
        .order_by(Line.position)
    ).all()
    return LockedOrder(
        id=order.id,
        number=order.number,
        person_id=order.person_id,
        provider=order.provider,
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
    db.session.execute(
        update(Order)
        .where(Order.id == order.id)
        .values(paid_at=at, closed_at=None)
        .execution_options(synchronize_session=False)
    )
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


def _locking(order_id: int) -> Select[Order]:
    return select(Order).where(Order.id == order_id).with_for_update()
