"""One product as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, Select, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, aliased

from marketplace.catalog import stories
from marketplace.catalog.buyables import ShippingTerms, shipping_terms
from marketplace.catalog.models import (
    Category,
    Picture,
    Product,
    ProductStatus,
    ShippingPolicy,
    TaxKind,
    Variant,
)
from marketplace.core import calendar
from marketplace.core.db import db
from marketplace.core.errors import NotFound
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise, EnterpriseStatus


class ProductNotFound(NotFound):
    """No such product is on sale."""

    message = "판매 중인 상품이 아닙니다. 다른 상품을 찾아보세요."


@dataclass(frozen=True)
class VariantChoice:
    """One buyable combination; price in won, `available` pieces."""

    id: int
    option_values: tuple[str, ...]
    price: Won
    available: int

    @property
    def label(self) -> str:
        """Return the option values as one text."""
        return " / ".join(self.option_values)


@dataclass(frozen=True)
class ProductPicture:
    """One stored picture."""

    key: str
    alt: str
    width: int
    height: int
    placeholder: str


@dataclass(frozen=True)
class ProductPage:
    """Everything the catalogue knows of one product; prices in won, VAT included."""

    id: int
    name: str
    summary: str
    story: str
    enterprise_id: int
    price: Won
    consumer_price: Won
    tax_kind: TaxKind
    origin: str
    lead_days: int
    is_gift: bool
    coupon_eligible: bool
    tags: tuple[str, ...]
    option_names: tuple[str, ...]
    notice: Mapping[str, str]
    notice_kind: str
    published_at: datetime | None
    updated_at: datetime
    categories: tuple[tuple[str, str], ...]
    category_path: tuple[int, ...]
    variants: tuple[VariantChoice, ...]
    pictures: tuple[ProductPicture, ...]
    shipping: ShippingTerms

    @property
    def in_stock(self) -> bool:
        """Tell whether any combination can be bought."""
        return any(variant.available > 0 for variant in self.variants)


def _listed(
    of: type[Variant] | type[Picture], *columns: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> Select[Any]:
    made = func.json_agg(aggregate_order_by(func.json_build_array(*columns), of.position, of.id))
    return select(func.coalesce(made, cast([], JSON))).where(of.product_id == Product.id)


_VARIANTS: Final = (
    _listed(
        Variant,
        Variant.id,
        Variant.option_values,
        Product.price + Variant.price_difference,
        Variant.on_hand - Variant.reserved,
    )
    .where(Variant.is_active)
    .correlate(Product)
    .scalar_subquery()
)
_PICTURES: Final = (
    _listed(
        Picture,
        Picture.storage_key,
        Picture.alt,
        Picture.width,
        Picture.height,
        Picture.placeholder,
    )
    .correlate(Product)
    .scalar_subquery()
)
_ANCESTOR: Final = aliased(Category)
_ANCESTORS: Final = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(_ANCESTOR.slug, _ANCESTOR.name),
                func.array_position(Category.path, _ANCESTOR.id),
            )
        )
    )
    .where(_ANCESTOR.id == func.any(Category.path))
    .correlate(Category)
    .scalar_subquery()
)
# Built once: building a statement costs as much as running it.
_ANY: Final = (
    select(Product, ShippingPolicy, Category, _VARIANTS, _PICTURES, _ANCESTORS)
    .join(ShippingPolicy, ShippingPolicy.id == Product.shipping_policy_id)
    .join(Category, Category.id == Product.category_id)
    .join(Enterprise, Enterprise.id == Product.enterprise_id)
    .where(Product.id == bindparam("product"))
    .execution_options(populate_existing=True)
)
_ON_SALE: Final = _ANY.where(
    Product.status == ProductStatus.ON_SALE, Enterprise.status == EnterpriseStatus.ACTIVE
)


def get_product_page(product_id: int) -> ProductPage:
    """
    Return a product on sale in one query.

    :raises ProductNotFound:
    """
    row = db.session.execute(_ON_SALE, {"product": product_id}).one_or_none()
    if row is None:
        raise ProductNotFound
    return _page(*row)


def preview_page(product_id: int, *, enterprise_id: int | None = None) -> ProductPage:
    """
    Return a product as its page will show it, whether it is on sale or not.

    Without an enterprise it may be anybody's: that is for the office.

    :raises ProductNotFound:
    """
    row = db.session.execute(_ANY, {"product": product_id}).one_or_none()
    if row is None or enterprise_id not in (None, row[0].enterprise_id):
        raise ProductNotFound
    return _page(*row)


def _page(
    product: Product,
    policy: ShippingPolicy,
    category: Category,
    variants: Sequence[tuple[int, list[str], int, int]],
    pictures: Sequence[tuple[str, str, int, int, str]],
    ancestors: Sequence[tuple[str, str]],
) -> ProductPage:
    return ProductPage(
        id=product.id,
        name=product.name,
        summary=product.summary,
        story=stories.clean(product.story),
        enterprise_id=product.enterprise_id,
        price=product.price,
        consumer_price=product.consumer_price,
        tax_kind=product.tax_kind,
        origin=product.origin,
        lead_days=product.lead_days,
        is_gift=product.is_gift,
        coupon_eligible=product.coupon_eligible,
        tags=tuple(product.tags),
        option_names=tuple(product.option_names),
        notice=product.notice,
        notice_kind=category.notice_kind,
        published_at=product.published_at,
        updated_at=product.updated_at,
        categories=tuple((slug, name) for slug, name in ancestors),
        category_path=tuple(category.path),
        variants=tuple(
            VariantChoice(variant_id, tuple(values), Won(price), available)
            for variant_id, values, price, available in variants
        ),
        pictures=tuple(ProductPicture(*picture) for picture in pictures),
        shipping=shipping_terms(policy),
    )


def arrival_estimate(lead_days: int, *, on: date) -> date:
    """Return the day a parcel ordered today should arrive: lead days, then one on the road."""
    return calendar.add_business_days(on, lead_days + 1)
