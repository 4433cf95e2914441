"""The frozen shares of an order's lines and of its bundles' shipping, as one table."""

from __future__ import annotations

from sqlalchemy import Subquery, literal, select, union_all

from marketplace.orders.models import Bundle, Line, LineShare, ShippingShare


def of_order(order_id: int) -> Subquery:
    """Return one row per share; of line and bundle, it names the one that it pays for."""
    of_lines = (
        select(
            LineShare.line_id.label("line_id"),
            literal(None).label("bundle_id"),
            Line.enterprise_id.label("enterprise_id"),
            LineShare.redemption_id.label("redemption_id"),
            LineShare.grant_id.label("grant_id"),
            LineShare.amount.label("amount"),
            LineShare.returned_amount.label("returned_amount"),
        )
        .join(Line, Line.id == LineShare.line_id)
        .where(Line.order_id == order_id)
    )
    of_shipping = (
        select(
            literal(None),
            ShippingShare.bundle_id,
            Bundle.enterprise_id,
            ShippingShare.redemption_id,
            ShippingShare.grant_id,
            ShippingShare.amount,
            ShippingShare.returned_amount,
        )
        .join(Bundle, Bundle.id == ShippingShare.bundle_id)
        .where(Bundle.order_id == order_id)
    )
    return union_all(of_lines, of_shipping).subquery()
