"""One product as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

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


def get_product_page(product_id: int) -> ProductPage:
    """
    Return a product on sale in four queries.

    :raises ProductNotFound:
    """
    row = db.session.execute(
        select(Product, ShippingPolicy, Category)
        .join(ShippingPolicy, ShippingPolicy.id == Product.shipping_policy_id)
        .join(Category, Category.id == Product.category_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .where(
            Product.id == product_id,
            Product.status == ProductStatus.ON_SALE,
            Enterprise.status == EnterpriseStatus.ACTIVE,
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise ProductNotFound
    product, policy, category = row
    variants = db.session.scalars(
        select(Variant)
        .where(Variant.product_id == product_id, Variant.is_active)
        .order_by(Variant.position, Variant.id)
        .execution_options(populate_existing=True)
    ).all()
    pictures = db.session.scalars(
        select(Picture)
        .where(Picture.product_id == product_id)
        .order_by(Picture.position, Picture.id)
    ).all()
    return _page(product, policy, category, _ancestors(category), variants, pictures)


def _ancestors(category: Category) -> tuple[tuple[str, str], ...]:
    names = {
        found.id: (found.slug, found.name)
        for found in db.session.scalars(select(Category).where(Category.id.in_(category.path)))
    }
    return tuple(names[category_id] for category_id in category.path if category_id in names)


def _page(
    product: Product,
    policy: ShippingPolicy,
    category: Category,
    categories: tuple[tuple[str, str], ...],
    variants: Sequence[Variant],
    pictures: Sequence[Picture],
) -> ProductPage:
    return ProductPage(
        id=product.id,
        name=product.name,
        summary=product.summary,
        story=product.story,
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
        categories=categories,
        category_path=tuple(category.path),
        variants=tuple(_choice(product, variant) for variant in variants),
        pictures=tuple(
            ProductPicture(
                key=picture.storage_key,
                alt=picture.alt,
                width=picture.width,
                height=picture.height,
                placeholder=picture.placeholder,
            )
            for picture in pictures
        ),
        shipping=shipping_terms(policy),
    )


def _choice(product: Product, variant: Variant) -> VariantChoice:
    return VariantChoice(
        id=variant.id,
        option_values=tuple(variant.option_values),
        price=Won(product.price + variant.price_difference),
        available=variant.on_hand - variant.reserved,
    )


def arrival_estimate(lead_days: int, *, on: date) -> date:
    """Return the day a parcel ordered today should arrive: lead days, then one on the road."""
    return calendar.add_business_days(on, lead_days + 1)
