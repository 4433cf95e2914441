"""How many pieces of each product were sold."""

from __future__ import annotations

from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.orders.models import Line, Order


def count_by_product() -> dict[int, int]:
    """Return the pieces of every product that were paid for and not cancelled."""
    rows = db.session.execute(
        select(Line.product_id, func.sum(Line.quantity - Line.canceled_quantity))
        .join(Order, Order.id == Line.order_id)
        .where(Order.paid_at.is_not(None))
        .group_by(Line.product_id)
    )
    return {product_id: int(pieces) for product_id, pieces in rows}
