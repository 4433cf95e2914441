"""What waits for an enterprise: lines by state and stock that runs low."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, select

from marketplace.catalog.models import Product, ProductStatus, Variant
from marketplace.checkout import accounts
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.ledger.posting import balances
from marketplace.orders.models import Line, LineStatus

LOW_STOCK: Final = 5
_OPEN: Final = (LineStatus.PAID, LineStatus.PREPARING, LineStatus.SHIPPING)


@dataclass(frozen=True)
class Workload:
    """One enterprise's open work; amounts in won."""

    enterprise_id: int
    name: str
    slug: str
    new_lines: int
    to_ship: int
    on_the_way: int
    low_stock: int
    held_amount: Won


def list_workload(enterprise_ids: Sequence[int]) -> list[Workload]:
    """Return the open work of enterprises, by name, in two queries."""

    def lines(*states: LineStatus) -> ColumnElement[int]:
        return func.count(case((Line.status.in_(states), 1)))

    low_stock = (
        select(func.count(Variant.id))
        .join(Product, Product.id == Variant.product_id)
        .where(
            Product.enterprise_id == Enterprise.id,
            Product.status == ProductStatus.ON_SALE,
            Variant.is_active,
            Variant.on_hand - Variant.reserved <= LOW_STOCK,
        )
        .correlate(Enterprise)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Enterprise.id,
            Enterprise.name,
            Enterprise.slug,
            lines(LineStatus.PAID).label("new"),
            lines(LineStatus.PREPARING).label("to_ship"),
            lines(LineStatus.SHIPPING).label("on_the_way"),
            low_stock.label("low_stock"),
        )
        # Only open lines, by their index: the closed ones grow for ever.
        .outerjoin(Line, and_(Line.enterprise_id == Enterprise.id, Line.status.in_(_OPEN)))
        .where(Enterprise.id.in_(enterprise_ids))
        .group_by(Enterprise.id)
        .order_by(Enterprise.name)
    )
    shops = rows.all()
    codes = {shop.id: accounts.held(shop.id).code for shop in shops}
    book = balances(list(codes.values()))
    return [
        Workload(
            enterprise_id=shop.id,
            name=shop.name,
            slug=shop.slug,
            new_lines=shop.new,
            to_ship=shop.to_ship,
            on_the_way=shop.on_the_way,
            low_stock=shop.low_stock,
            # A liability stands on the credit side, which the book counts negative.
            held_amount=Won(-book[codes[shop.id]]),
        )
        for shop in shops
    ]
