"""What was sold counts for popularity."""

from __future__ import annotations

import pytest

from marketplace.catalog import sold_counts
from marketplace.catalog.models import Product, Variant
from marketplace.core.db import db, transaction
from marketplace.orders import sold
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")


def _sold(variant: Variant) -> int:
    db.session.expire_all()
    return db.session.get_one(Product, variant.product_id).sold_count


class TestPut:
    def test_counts_paid_pieces_only(self) -> None:
        bought, waiting, untouched = make.sellable(), make.sellable(), make.sellable()
        make.paid_order({bought: 3})
        make.paid_order({bought: 2})
        make.placed_order({waiting: 4})

        with transaction():
            sold_counts.put(sold.count_by_product())

        assert [_sold(each) for each in (bought, waiting, untouched)] == [5, 0, 0]

    def test_leaves_the_day_a_page_changed(self) -> None:
        bought = make.sellable()
        make.paid_order({bought: 3})
        before = db.session.get_one(Product, bought.product_id).updated_at

        with transaction():
            sold_counts.put(sold.count_by_product())

        db.session.expire_all()
        assert db.session.get_one(Product, bought.product_id).updated_at == before
