"""Product lists for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.search.models import ProductDocument

# The sitemap protocol allows no more addresses in one file.
_MOST: Final = 50_000


def list_product_days() -> Sequence[tuple[int, datetime]]:
    """Return every product on sale and when its page last changed."""
    rows = db.session.execute(
        select(ProductDocument.product_id, ProductDocument.indexed_at)
        .order_by(ProductDocument.product_id)
        .limit(_MOST)
    )
    return rows.all()
