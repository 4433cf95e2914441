"""Setting pieces aside, taking them out of stock, putting them back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.catalog import stock
from marketplace.catalog.models import StockReservation, Variant
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")

SOON = NOW + timedelta(minutes=30)


def _reserve(quantities: dict[Variant, int], *, reference: str = "order:1") -> None:
    with transaction():
        stock.reserve(
            reference=reference,
            quantities={variant.id: count for variant, count in quantities.items()},
            expires_at=SOON,
            at=NOW,
        )


class TestReserve:
    def test_sets_pieces_aside(self) -> None:
        variant = make.sellable(on_hand=10)

        _reserve({variant: 4})

        assert make.stock_of(variant) == (10, 4)

    def test_takes_all_or_none(self) -> None:
        plenty, scarce = make.sellable(on_hand=10), make.sellable(on_hand=1)

        with pytest.raises(stock.SoldOut) as refused:
            _reserve({plenty: 4, scarce: 2})

        assert refused.value.variant_ids == (scarce.id,)
        assert make.stock_of(plenty) == (10, 0)

    def test_asked_again_for_the_same_order_sets_nothing_more_aside(self) -> None:
        variant = make.sellable(on_hand=10)

        _reserve({variant: 4})
        _reserve({variant: 4})

        assert make.stock_of(variant) == (10, 4)

    def test_tells_search_when_the_last_piece_goes(self) -> None:
        variant = make.sellable(on_hand=4)

        _reserve({variant: 3})
        assert db.session.scalars(select(Job.kind)).all() == []
        _reserve({variant: 1}, reference="order:2")

        assert db.session.scalars(select(Job.kind)).all() == ["search.reindex_variants"]


class TestAfterwards:
    def test_deducts_what_was_held_once(self) -> None:
        variant = make.sellable(on_hand=10)
        _reserve({variant: 4})

        for _ in range(2):
            with transaction():
                stock.deduct(reference="order:1")

        assert make.stock_of(variant) == (6, 0)

    def test_releases_what_was_held_once(self) -> None:
        variant = make.sellable(on_hand=10)
        _reserve({variant: 4})

        for _ in range(2):
            with transaction():
                stock.release(reference="order:1")

        assert make.stock_of(variant) == (10, 0)

    def test_takes_released_pieces_again_for_a_late_payment(self) -> None:
        variant = make.sellable(on_hand=4)
        _reserve({variant: 4})
        with transaction():
            stock.release(reference="order:1")

        _reserve({variant: 4})

        assert make.stock_of(variant) == (4, 4)

    def test_gives_back_no_more_than_was_deducted(self) -> None:
        variant = make.sellable(on_hand=10)
        _reserve({variant: 4})
        with transaction():
            stock.deduct(reference="order:1")
        with transaction():
            stock.give_back(reference="order:1", quantities={variant.id: 3})

        with pytest.raises(ValueError, match="no 2 deducted pieces"), transaction():
            stock.give_back(reference="order:1", quantities={variant.id: 2})

        assert make.stock_of(variant) == (9, 0)
        assert db.session.scalars(select(StockReservation.returned)).one() == 3
