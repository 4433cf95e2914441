"""Change many products of an enterprise at once; what cannot change is said, not hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.catalog import prices, selling, stock_edits
from marketplace.catalog.editing import lock_own
from marketplace.catalog.models import Product, ProductStatus, Variant
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, DomainError, InvalidInput
from marketplace.core.money import Won

MOST: Final = 500
_STEP: Final = 10
_MOST_SHOWN: Final = 5


class NothingChosen(InvalidInput):
    message = "바꿀 상품을 골라 주세요. 한 번에 500개까지 바꿀 수 있습니다."


class PercentWrong(InvalidInput):
    message = "가격은 90% 내림부터 100% 올림까지, 0이 아닌 값으로 바꿀 수 있습니다."
    field = "percent"


class PriceMoved(Conflict):
    message = "그사이 판매가가 {price:,}원으로 바뀌었습니다. 확인하고 다시 저장해 주세요."
    field = "price"


class OptionsDecide(InvalidInput):
    message = "옵션이 있는 상품의 재고는 상품 화면에서 옵션마다 고칩니다."


@dataclass(frozen=True)
class Outcome:
    """How many products changed, and why the others did not."""

    changed: int
    refused: tuple[str, ...]

    @property
    def words(self) -> str:
        """Say it to who asked."""
        said = [f"{self.changed:,}개 상품을 바꿨습니다."]
        if self.refused:
            said.append(f"{len(self.refused):,}개는 바꾸지 못했습니다:")
            said += [f"{text}" for text in self.refused[:_MOST_SHOWN]]
        return " ".join(said)


def move(
    *,
    enterprise_id: int,
    product_ids: Sequence[int],
    to: ProductStatus,
    needs_review: bool,
    by: int,
    at: datetime,
) -> Outcome:
    """
    Move products to another state, each as if alone.

    :raises NothingChosen:
    """
    changed, refused = 0, []
    for product in _own(enterprise_id, product_ids):
        if product.status is to:
            continue
        try:
            selling.move(
                product_id=product.id,
                enterprise_id=enterprise_id,
                to=to,
                needs_review=needs_review,
                by=by,
                at=at,
            )
        except DomainError as error:
            refused.append(f"{product.name}: {error}")
        else:
            changed += 1
    return Outcome(changed, tuple(refused))


def set_stock(*, enterprise_id: int, product_ids: Sequence[int], pieces: int) -> Outcome:
    """
    Make this many pieces of every combination of some products free to sell.

    :raises NothingChosen, StockOutOfRange:
    """
    own = [product.id for product in _own(enterprise_id, product_ids)]
    variants = db.session.execute(
        select(Variant.id, Variant.product_id).where(Variant.product_id.in_(own), Variant.is_active)
    ).all()
    stock_edits.put({variant: pieces for variant, _ in variants})
    return Outcome(len({product for _, product in variants}), ())


def change_prices(
    *, enterprise_id: int, product_ids: Sequence[int], percent: int, by: int, at: datetime
) -> Outcome:
    """
    Raise or lower the sale prices of some products, cut down to ten won.

    :raises NothingChosen, PercentWrong:
    """
    if not -90 <= percent <= 100 or percent == 0:
        raise PercentWrong
    changed, refused = [], []
    own = _own(enterprise_id, product_ids)
    planned = prices.list_planned([product.id for product in own])
    for product in own:
        price = Won(product.price * (100 + percent) // (100 * _STEP) * _STEP)
        try:
            if product.id in planned:
                raise prices.PriceIsPlanned
            prices.check(product.consumer_price, price)
        except DomainError as error:
            refused.append(f"{product.name}: {error}")
            continue
        if product.price != price:
            product.price, product.updated_at = price, at
            changed.append(product.id)
    db.session.flush()
    if changed:
        prices.note(changed, actor=f"person:{by}", at=at)
        outbox.enqueue("search.reindex", {"product_ids": changed})
    return Outcome(len(changed), tuple(refused))


def quick(
    *,
    product_id: int,
    enterprise_id: int,
    price: tuple[int, int],
    stock: tuple[int, int] | None,
    by: int,
    at: datetime,
) -> None:
    """
    Change a price, and the stock of a product without options, from what was seen in the list.

    :raises ProductMissing, PriceOutOfRange, PriceAboveConsumer, PriceIsPlanned:
    :raises StockOutOfRange, SoldMeanwhile, PriceMoved:
    """
    product = lock_own(product_id, enterprise_id)
    seen, wanted = price
    if wanted != seen:
        if product.price != seen:
            raise PriceMoved(price=product.price)
        changed = prices.change(
            product,
            consumer_price=product.consumer_price,
            price=Won(wanted),
            actor=f"person:{by}",
            at=at,
        )
        if changed:
            product.updated_at = at
            outbox.enqueue("search.reindex", {"product_ids": [product_id]})
    if stock is not None:
        variants = db.session.scalars(
            select(Variant.id).where(Variant.product_id == product_id, Variant.is_active)
        ).all()
        if len(variants) != 1:
            raise OptionsDecide
        stock_edits.correct({variants[0]: stock})
    db.session.flush()


def _own(enterprise_id: int, product_ids: Sequence[int]) -> Sequence[Product]:
    if not product_ids or len(product_ids) > MOST:
        raise NothingChosen
    return db.session.scalars(
        select(Product)
        .where(Product.id.in_(product_ids), Product.enterprise_id == enterprise_id)
        .order_by(Product.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
