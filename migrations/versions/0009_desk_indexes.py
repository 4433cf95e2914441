"""Indexes for what desks and rounds ask every minute, of the few rows among many."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the change."""
    op.drop_index("ix_bundle_ship_by", table_name="bundle")
    op.create_index(
        "ix_order_line_unsent",
        "order_line",
        ["bundle_id"],
        postgresql_where=text("status = 'paid' OR status = 'preparing'"),
    )
    op.create_index(
        "ix_variant_low",
        "variant",
        ["id"],
        postgresql_where=text(
            "low_stock_told_at IS NULL AND is_active AND on_hand - reserved <= low_stock_at"
        ),
    )
    op.create_index(
        "ix_variant_told",
        "variant",
        ["id"],
        postgresql_where=text("low_stock_told_at IS NOT NULL"),
    )
    op.create_index(
        "ix_product_in_review", "product", ["id"], postgresql_where=text("status = 'in_review'")
    )
    op.create_index(
        "ix_message_unsent",
        "message",
        ["state", "id"],
        postgresql_where=text("state <> 'sent'"),
    )
