"""A product's prices and every change of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, literal, select

from marketplace.catalog.models import Product
from marketplace.catalog.upkeep_models import PlanState, PriceChange, PricePlan
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.core.money import Won

HIGHEST: Final = 99_999_999


class PriceOutOfRange(InvalidInput):
    message = "판매가는 1원부터 99,999,999원까지 정할 수 있습니다."
    field = "price"


class PriceAboveConsumer(InvalidInput):
    message = "판매가는 정가(소비자가)보다 높을 수 없습니다."
    field = "price"


class PriceIsPlanned(Conflict):
    """While a planned price runs, the price before it waits to come back."""

    message = "할인 기간 중에는 가격을 바꿀 수 없습니다. 예약한 가격을 먼저 끝내 주세요."
    field = "price"


@dataclass(frozen=True)
class PricePoint:
    """The prices of a product from a moment on; `actor` as in `person:3` or `plan:1`."""

    consumer_price: Won
    price: Won
    actor: str
    at: datetime


def check(consumer_price: int, price: int) -> None:
    """
    Refuse prices nobody may ask.

    :raises PriceOutOfRange, PriceAboveConsumer:
    """
    if not (1 <= price <= HIGHEST and 1 <= consumer_price <= HIGHEST):
        raise PriceOutOfRange
    if price > consumer_price:
        raise PriceAboveConsumer


def change(product: Product, *, consumer_price: Won, price: Won, actor: str, at: datetime) -> bool:
    """
    Change the prices of a locked product; False when they are these already.

    :raises PriceOutOfRange, PriceAboveConsumer, PriceIsPlanned:
    """
    check(consumer_price, price)
    if (product.consumer_price, product.price) == (consumer_price, price):
        return False
    if list_planned([product.id]):
        raise PriceIsPlanned
    product.consumer_price, product.price = consumer_price, price
    db.session.flush()
    note([product.id], actor=actor, at=at)
    return True


def note(product_ids: Collection[int], *, actor: str, at: datetime) -> None:
    """Write down the prices these products have now."""
    db.session.execute(
        insert(PriceChange).from_select(
            ["product_id", "consumer_price", "price", "actor", "at"],
            select(Product.id, Product.consumer_price, Product.price, literal(actor), literal(at))
            .where(Product.id.in_(product_ids))
            .order_by(Product.id),
        )
    )


def list_planned(product_ids: Collection[int]) -> frozenset[int]:
    """Return which products sell at a planned price now."""
    return frozenset(
        db.session.scalars(
            select(PricePlan.product_id).where(
                PricePlan.product_id.in_(product_ids), PricePlan.state == PlanState.RUNNING
            )
        )
    )


def list_changes(product_id: int, *, limit: int = 20) -> list[PricePoint]:
    """Return the last changes of a product's prices, newest first."""
    rows = db.session.scalars(
        select(PriceChange)
        .where(PriceChange.product_id == product_id)
        .order_by(PriceChange.at.desc(), PriceChange.id.desc())
        .limit(limit)
    )
    return [PricePoint(row.consumer_price, row.price, row.actor, row.at) for row in rows]
