"""What can be put into a cart, with everything its price needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.catalog.models import (
    Category,
    Picture,
    Product,
    ProductStatus,
    RemoteArea,
    RemoteZone,
    ShippingKind,
    ShippingPolicy,
    TaxKind,
    Variant,
)
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.designations import DesignationKind, holds_on
from marketplace.enterprises.models import Designation, Enterprise, EnterpriseStatus

__all__ = [
    "Buyable",
    "RemoteZone",
    "ShippingKind",
    "ShippingTerms",
    "TaxKind",
    "list_buyable",
    "zone_of",
]


@dataclass(frozen=True)
class ShippingTerms:
    """One shipping policy: the fee in won, when it is waived and what remote zones add."""

    id: int
    name: str
    kind: ShippingKind
    fee: Won
    free_over: Won | None
    fee_per_units: int | None
    jeju_surcharge: Won
    island_surcharge: Won
    return_fee: Won

    def surcharge(self, zone: RemoteZone | None) -> Won:
        """Return what shipping to a zone costs on top, also when the fee is waived."""
        if zone is None:
            return Won(0)
        return self.jeju_surcharge if zone is RemoteZone.JEJU else self.island_surcharge


@dataclass(frozen=True)
class Buyable:
    """One variant as a buyer meets it; unit_price in won, VAT included."""

    variant_id: int
    product_id: int
    product_name: str
    option_label: str
    enterprise_id: int
    enterprise_name: str
    enterprise_slug: str
    unit_price: Won
    consumer_price: Won
    available: int
    on_sale: bool
    tax_kind: TaxKind
    category_path: tuple[int, ...]
    designation_kinds: tuple[DesignationKind, ...]
    commission_bps: int
    coupon_eligible: bool
    lead_days: int
    picture_key: str | None
    picture_alt: str
    shipping_policy: ShippingTerms


_KINDS: Final = (
    select(
        func.array_agg(aggregate_order_by(Designation.kind, Designation.granted_on, Designation.id))
    )
    .where(Designation.enterprise_id == Enterprise.id)
    .correlate(Enterprise)
)


def list_buyable(variant_ids: Collection[int], *, on: date) -> list[Buyable]:
    """Return the variants that exist, in the order of their ids, in one query."""
    if not variant_ids:
        return []
    picture = (
        select(Picture.storage_key, Picture.alt)
        .where(Picture.product_id == Product.id)
        .order_by(Picture.position, Picture.id)
        .limit(1)
        .correlate(Product)
        .lateral("picture")
    )
    rows = db.session.execute(
        select(
            Variant,
            Product,
            Enterprise,
            Category.path,
            ShippingPolicy,
            _KINDS.where(holds_on(on)).scalar_subquery(),
            picture.c.storage_key,
            picture.c.alt,
        )
        .join(Product, Product.id == Variant.product_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .join(Category, Category.id == Product.category_id)
        .join(ShippingPolicy, ShippingPolicy.id == Product.shipping_policy_id)
        .outerjoin(picture, picture.c.storage_key.is_not(None))
        .where(Variant.id.in_(variant_ids))
        .order_by(Variant.id)
        # Prices and stock must be what the database says now, not what the session read before.
        .execution_options(populate_existing=True)
    )
    return [_buyable(*row) for row in rows]


def zone_of(zip_code: str) -> RemoteZone | None:
    """Return the remote zone of a five-digit postcode; None for the mainland."""
    if len(zip_code) != 5 or not zip_code.isdigit():
        return None
    zone: RemoteZone | None = db.session.scalar(
        select(RemoteArea.zone)
        .where(RemoteArea.zip_from <= zip_code, RemoteArea.zip_to >= zip_code)
        .limit(1)
    )
    return zone


def _buyable(
    variant: Variant,
    product: Product,
    enterprise: Enterprise,
    path: list[int],
    policy: ShippingPolicy,
    kinds: list[str] | None,
    picture_key: str | None,
    picture_alt: str | None,
) -> Buyable:
    return Buyable(
        variant_id=variant.id,
        product_id=product.id,
        product_name=product.name,
        option_label=" / ".join(variant.option_values),
        enterprise_id=enterprise.id,
        enterprise_name=enterprise.name,
        enterprise_slug=enterprise.slug,
        unit_price=Won(product.price + variant.price_difference),
        consumer_price=Won(product.consumer_price + variant.price_difference),
        available=variant.on_hand - variant.reserved,
        on_sale=(
            variant.is_active
            and product.status == ProductStatus.ON_SALE
            and enterprise.status == EnterpriseStatus.ACTIVE
        ),
        tax_kind=product.tax_kind,
        category_path=tuple(path),
        designation_kinds=tuple(dict.fromkeys(DesignationKind(kind) for kind in kinds or ())),
        commission_bps=enterprise.commission_bps,
        coupon_eligible=product.coupon_eligible,
        lead_days=product.lead_days,
        picture_key=picture_key,
        picture_alt=picture_alt or product.name,
        shipping_policy=shipping_terms(policy),
    )


def shipping_terms(policy: ShippingPolicy) -> ShippingTerms:
    """Return a policy as the value that prices need."""
    return ShippingTerms(
        id=policy.id,
        name=policy.name,
        kind=policy.kind,
        fee=policy.fee,
        free_over=policy.free_over,
        fee_per_units=policy.fee_per_units,
        jeju_surcharge=policy.jeju_surcharge,
        island_surcharge=policy.island_surcharge,
        return_fee=policy.return_fee,
    )
