"""What a bundle said of its parcel moves into shipments; an index for lines that wait to end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# A carrier that the table does not know leaves its number, as something brought by hand.
_SHIPMENTS = """
INSERT INTO shipment (bundle_id, method, carrier_code, waybill, shipped_at, delivered_at)
SELECT b.id, CASE WHEN c.code IS NULL OR b.waybill IS NULL THEN 'direct' ELSE 'parcel' END,
       CASE WHEN b.waybill IS NULL THEN NULL ELSE c.code END, b.waybill, b.shipped_at,
       b.delivered_at
  FROM bundle b
  LEFT JOIN carrier c ON b.carrier IN (c.code, c.name)
 WHERE b.shipped_at IS NOT NULL
"""
_LINES = """
INSERT INTO shipment_line (shipment_id, line_id, quantity)
SELECT s.id, l.id, l.quantity - l.canceled_quantity
  FROM shipment s
  JOIN order_line l ON l.bundle_id = s.bundle_id
 WHERE l.status IN ('shipping', 'delivered', 'confirmed', 'exchanged')
   AND l.quantity > l.canceled_quantity
"""
_MOVED = ("carrier", "waybill", "shipped_at", "delivered_at")


def upgrade() -> None:
    """Apply the change."""
    op.execute(_SHIPMENTS)
    op.execute(_LINES)
    for column in _MOVED:
        op.drop_column("bundle", column)
    op.create_index(
        "ix_order_line_delivered",
        "order_line",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("status = 'delivered'"),
    )
