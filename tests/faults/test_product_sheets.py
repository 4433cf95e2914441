"""Goods written from a sheet in the background outlive the worker that began."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from marketplace.catalog import product_imports
from marketplace.catalog.models import Product, Variant
from marketplace.catalog.product_imports import ImportState
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.core.storage import Storage
from tests import make
from tests.faults import crew
from tests.service.catalog import goods

ROWS = 12_000


@pytest.fixture
def shop(live_app: Flask) -> Iterator[goods.Shop]:
    """A shop with real commits."""
    with live_app.app_context():
        yield goods.shop()


def test_a_killed_worker_writes_no_product_twice_and_forgets_none(
    live_settings: Settings, shop: goods.Shop
) -> None:
    content = goods.table([goods.row(f"K-{number}") for number in range(ROWS)], "utf-8-sig")
    storage = Storage.of(live_settings)
    storage.put("product-sheets/1", content)
    with transaction():
        import_id, _ = product_imports.take_in(
            enterprise_id=shop.enterprise.id,
            filename="goods.csv",
            content=content,
            storage_key="product-sheets/1",
            by=shop.owner.id,
            at=make.NOW,
        )

    def done() -> int:
        db.session.rollback()
        return product_imports.get(import_id, shop.enterprise.id).done

    with crew.working(live_settings) as running:
        crew.wait_until(lambda: done() > 0)
        running.kill("worker")
        assert done() < ROWS
        running.start("worker")
        crew.hurry()
        crew.wait_until(lambda: done() == ROWS, seconds=90, instead=lambda: crew.unfinished())
        crew.wait_until(lambda: not storage.has("product-sheets/1"))

    sheet = product_imports.get(import_id, shop.enterprise.id)
    assert (sheet.state, sheet.created, sheet.errors) == (ImportState.DONE, ROWS, ())
    assert make.count_of(Product) == make.count_of(Variant) == ROWS
