"""What the database holds now, read past the session's memory."""

from __future__ import annotations

from sqlalchemy import func, select

from marketplace.catalog.models import Variant
from marketplace.core.db import Base, db
from marketplace.core.money import Won
from marketplace.coupons.models import Grant


def stock_of(variant: Variant) -> tuple[int, int]:
    """Return (on hand, reserved) as the database has them now."""
    row = db.session.execute(
        select(Variant.on_hand, Variant.reserved).where(Variant.id == variant.id)
    ).one()
    return row.on_hand, row.reserved


def money_of(grant: Grant) -> tuple[Won, Won]:
    """Return (reserved, spent) of a grant as the database has them now."""
    row = db.session.execute(select(Grant.reserved, Grant.spent).where(Grant.id == grant.id)).one()
    return row.reserved, row.spent


def count_of(model: type[Base]) -> int:
    """Return how many rows a table has."""
    return db.session.scalar(select(func.count()).select_from(model)) or 0
