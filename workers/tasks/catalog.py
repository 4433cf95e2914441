"""Catalogue tasks: prices that begin and end, stock that is watched, sheets of products."""

from __future__ import annotations

from functools import partial

from marketplace.catalog import import_sheet, low_stock, price_plans, product_imports, restock
from marketplace.core import clock
from marketplace.core.db import in_transaction, transaction
from marketplace.core.errors import NotFound
from marketplace.core.sheets import Row, SheetUnreadable
from marketplace.core.storage import Storage
from workers.app import job, settings


@job("catalog.run_price_plans", phased=True)
def run_price_plans() -> None:
    """Begin and end the planned prices whose moment has come."""
    in_transaction(lambda: price_plans.run_due(at=clock.now()))


@job("catalog.watch_stock", phased=True)
def watch_stock() -> None:
    """Tell residents what is back and enterprises what runs low."""
    while in_transaction(restock.announce):
        pass
    while in_transaction(lambda: low_stock.announce(at=clock.now())):
        pass


@job("catalog.import_products", phased=True)
def import_products(*, import_id: int) -> None:
    """Write the products of an uploaded sheet, some hundred rows in each transaction."""
    with transaction():
        key = product_imports.find_waiting(import_id)
    if key is not None:
        _import(import_id, key)


def _import(import_id: int, key: str) -> None:
    storage = Storage.of(settings)
    try:
        groups = import_sheet.in_groups(import_sheet.read(storage.get(key)))
    except (SheetUnreadable, NotFound) as error:
        refused = error
        in_transaction(lambda: product_imports.fail(import_id, refused, at=clock.now()))
    else:
        _write(import_id, groups)
    storage.forget(key)


def _write(import_id: int, groups: list[list[Row]]) -> None:
    while in_transaction(partial(product_imports.work, import_id, groups, at=clock.now())):
        pass
