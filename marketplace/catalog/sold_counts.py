"""How often products were sold, as far as their popularity needs it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ARRAY, BigInteger, cast, func, select, update

from marketplace.catalog.models import Product
from marketplace.core.db import db


def put(pieces: Mapping[int, int]) -> None:
    """Write how many pieces of each product were sold; the others keep what they have."""
    if not pieces:
        return
    sold = (
        select(
            func.unnest(cast(list(pieces), ARRAY(BigInteger))).label("product_id"),
            func.unnest(cast(list(pieces.values()), ARRAY(BigInteger))).label("pieces"),
        )
    ).subquery()
    db.session.execute(
        update(Product)
        .where(Product.id == sold.c.product_id, Product.sold_count != sold.c.pieces)
        # Selling a piece does not change the page: its day of change stays.
        .values(sold_count=sold.c.pieces, updated_at=Product.updated_at)
        .execution_options(synchronize_session=False)
    )
