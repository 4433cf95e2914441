"""Tell an enterprise, once per fall, what runs low."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import select, update

from marketplace.catalog import telling
from marketplace.catalog.models import Product, ProductStatus, Variant
from marketplace.core.db import db

_BATCH: Final = 500


def announce(*, at: datetime) -> int:
    """
    Leave word of some variants that fell to what their enterprise wants to know; return how many.

    One that was filled up again is told of anew at its next fall.
    """
    free = Variant.on_hand - Variant.reserved
    filled = db.session.scalars(
        select(Variant.id)
        .where(Variant.low_stock_told_at.is_not(None), free > Variant.low_stock_at)
        .order_by(Variant.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    _note(filled, None)
    low = db.session.execute(
        select(Product.enterprise_id, Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .where(
            Variant.low_stock_told_at.is_(None),
            free <= Variant.low_stock_at,
            Variant.is_active,
            Product.status == ProductStatus.ON_SALE,
        )
        .order_by(Variant.id)
        .limit(_BATCH)
        .with_for_update(of=Variant, skip_locked=True)
    ).all()
    _note([variant for _, variant in low], at)
    for enterprise_id, rows in groupby(sorted(low), key=lambda row: row.enterprise_id):
        telling.tell_members(enterprise_id, "low_stock", {"variant_ids": [row.id for row in rows]})
    return len(low)


def _note(variant_ids: Sequence[int], at: datetime | None) -> None:
    db.session.execute(
        update(Variant)
        .where(Variant.id.in_(variant_ids))
        .values(low_stock_told_at=at)
        .execution_options(synchronize_session=False)
    )
