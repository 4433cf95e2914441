"""The products of one enterprise as its desk sees them: the list, and one to edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, exists, func, literal, or_, select

from marketplace.catalog import notice_fields
from marketplace.catalog.editing import ProductMissing
from marketplace.catalog.models import (
    Category,
    Picture,
    Product,
    ProductStatus,
    TaxKind,
    Variant,
)
from marketplace.catalog.product_page import ProductPicture
from marketplace.core.db import db
from marketplace.core.money import Won

PAGE: Final = 50
_FREE: Final = Variant.on_hand - Variant.reserved
_OFFERED: Final = (Variant.product_id == Product.id) & Variant.is_active


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the list is asked for."""

    text: str = ""
    status: ProductStatus | None = None
    category_id: int | None = None
    low: bool = False
    before: int | None = None


@dataclass(frozen=True)
class ListedProduct:
    """One product in the list; `variant_id` when there is one combination alone."""

    id: int
    name: str
    status: ProductStatus
    category_name: str
    price: Won
    consumer_price: Won
    free: int
    variants: int
    variant_id: int | None
    code: str | None
    low: int
    picture_key: str | None
    picture_alt: str | None
    review_note: str | None
    updated_at: datetime


@dataclass(frozen=True)
class Combination:
    """One combination of options with its stock."""

    id: int
    option_values: tuple[str, ...]
    price_difference: Won
    free: int
    reserved: int
    code: str | None
    low_stock_at: int
    is_active: bool

    @property
    def label(self) -> str:
        """Return the option values as one text."""
        return " / ".join(self.option_values)


@dataclass(frozen=True)
class OwnPicture(ProductPicture):
    """One picture with its id."""

    id: int


@dataclass(frozen=True, kw_only=True)
class OwnProduct:
    """One product to edit; `seen` is what a later save must bring along."""

    id: int
    name: str
    summary: str
    story: str
    category_id: int
    notice_kind: str
    notice: Mapping[str, str]
    shipping_policy_id: int
    consumer_price: Won
    price: Won
    tax_kind: TaxKind
    status: ProductStatus
    origin: str
    lead_days: int
    is_gift: bool
    coupon_eligible: bool
    tags: tuple[str, ...]
    option_names: tuple[str, ...]
    review_note: str | None
    seen: str
    combinations: tuple[Combination, ...]
    pictures: tuple[OwnPicture, ...]

    @property
    def option_groups(self) -> list[tuple[str, list[str]]]:
        """Return each option's name with the values offered, in order."""
        offered = [each.option_values for each in self.combinations if each.is_active]
        return [
            (name, list(dict.fromkeys(values[place] for values in offered if place < len(values))))
            for place, name in enumerate(self.option_names)
        ]

    @property
    def referring(self) -> list[str]:
        """Return the notice's fields that only refer to the story."""
        return notice_fields.referring(self.notice)


def list_page(enterprise_id: int, wish: Wish, *, limit: int = PAGE) -> Sequence[ListedProduct]:
    """Return a page of an enterprise's products, newest first, in one query."""
    stock = (
        select(
            func.coalesce(func.sum(_FREE), 0).label("free"),
            func.count().label("variants"),
            func.min(Variant.id).label("variant_id"),
            func.min(Variant.code).label("code"),
            func.count().filter(Variant.low_stock_at >= _FREE).label("low"),
        )
        .where(_OFFERED)
        .correlate(Product)
        .lateral("stock")
    )
    picture = (
        select(Picture.storage_key, Picture.alt)
        .where(Picture.product_id == Product.id)
        .order_by(Picture.position, Picture.id)
        .limit(1)
        .correlate(Product)
        .lateral("shown")
    )
    statement: Select[Any] = (
        select(
            Product.id,
            Product.name,
            Product.status,
            Category.name.label("category_name"),
            Product.price,
            Product.consumer_price,
            stock.c.free,
            stock.c.variants,
            stock.c.variant_id,
            stock.c.code,
            stock.c.low,
            picture.c.storage_key,
            picture.c.alt,
            Product.review_note,
            Product.updated_at,
        )
        .join(Category, Category.id == Product.category_id)
        .join(stock, stock.c.variants >= 0)
        .outerjoin(picture, picture.c.storage_key.is_not(None))
        .order_by(Product.id.desc())
        .limit(limit)
    )
    if wish.before is not None:
        statement = statement.where(Product.id < wish.before)
    rows = db.session.execute(_wished(statement, enterprise_id, wish))
    return [_listed(row) for row in rows]


def get_listed(product_id: int, enterprise_id: int) -> ListedProduct:
    """
    Return one product as the list shows it.

    :raises ProductMissing:
    """
    found = list_page(enterprise_id, Wish(before=product_id + 1), limit=1)
    if not found or found[0].id != product_id:
        raise ProductMissing
    return found[0]


def count_by_status(enterprise_id: int) -> Mapping[ProductStatus, int]:
    """Return how many products of an enterprise stand where, those with none as zero."""
    rows = db.session.execute(
        select(Product.status, func.count())
        .where(Product.enterprise_id == enterprise_id)
        .group_by(Product.status)
    )
    found = {ProductStatus(status): count for status, count in rows}
    return {status: found.get(status, 0) for status in ProductStatus}


def get(product_id: int, enterprise_id: int) -> OwnProduct:
    """
    Return a product of an enterprise to edit.

    :raises ProductMissing:
    """
    row = db.session.execute(
        select(Product, Category.notice_kind)
        .join(Category, Category.id == Product.category_id)
        .where(Product.id == product_id, Product.enterprise_id == enterprise_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise ProductMissing
    product, kind = row
    return OwnProduct(
        id=product.id,
        name=product.name,
        summary=product.summary,
        story=product.story,
        category_id=product.category_id,
        notice_kind=kind,
        notice=product.notice,
        shipping_policy_id=product.shipping_policy_id,
        consumer_price=product.consumer_price,
        price=product.price,
        tax_kind=product.tax_kind,
        status=product.status,
        origin=product.origin,
        lead_days=product.lead_days,
        is_gift=product.is_gift,
        coupon_eligible=product.coupon_eligible,
        tags=tuple(product.tags),
        option_names=tuple(product.option_names),
        review_note=product.review_note,
        seen=product.updated_at.isoformat(),
        combinations=_combinations(product_id),
        pictures=_pictures(product_id),
    )


def _listed(row: Any) -> ListedProduct:
    only = row.variant_id if row.variants == 1 else None
    return ListedProduct(*(*row[:8], only, *row[9:]))


def _wished(statement: Select[Any], enterprise_id: int, wish: Wish) -> Select[Any]:
    statement = statement.where(Product.enterprise_id == enterprise_id)
    if wish.status is not None:
        statement = statement.where(Product.status == wish.status)
    if wish.category_id is not None:
        statement = statement.where(literal(wish.category_id) == func.any(Category.path))
    if wish.text:
        of_code = exists(select(Variant.id).where(_OFFERED, Variant.code == wish.text))
        named = Product.name.icontains(wish.text, autoescape=True)
        statement = statement.where(or_(named, of_code))
    if wish.low:
        statement = statement.where(
            exists(select(Variant.id).where(_OFFERED, Variant.low_stock_at >= _FREE))
        )
    return statement


def _combinations(product_id: int) -> tuple[Combination, ...]:
    rows = db.session.execute(
        select(
            Variant.id,
            Variant.option_values,
            Variant.price_difference,
            _FREE,
            Variant.reserved,
            Variant.code,
            Variant.low_stock_at,
            Variant.is_active,
        )
        .where(Variant.product_id == product_id)
        .order_by(Variant.is_active.desc(), Variant.position, Variant.id)
    )
    return tuple(Combination(row[0], tuple(row[1]), *row[2:]) for row in rows)


def _pictures(product_id: int) -> tuple[OwnPicture, ...]:
    rows = db.session.execute(
        select(
            Picture.storage_key,
            Picture.alt,
            Picture.width,
            Picture.height,
            Picture.placeholder,
            Picture.id,
        )
        .where(Picture.product_id == product_id)
        .order_by(Picture.position, Picture.id)
    )
    return tuple(OwnPicture(*row) for row in rows)
