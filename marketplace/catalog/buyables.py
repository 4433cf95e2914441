"""What can be put into a cart, with everything its price needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Date, bindparam, func, select
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


_PICTURE: Final = (
    select(Picture.storage_key, Picture.alt)
    .where(Picture.product_id == Product.id)
    .order_by(Picture.position, Picture.id)
    .limit(1)
    .correlate(Product)
    .lateral("picture")
)
_KINDS: Final = (
    select(
        func.array_agg(aggregate_order_by(Designation.kind, Designation.granted_on, Designation.id))
    )
    .where(Designation.enterprise_id == Enterprise.id, holds_on(bindparam("on", type_=Date)))
    .correlate(Enterprise)
    .scalar_subquery()
)
# Built once, columns only: every step of a purchase asks this.
_BUYABLES: Final = (
    select(
        Variant.id.label("variant_id"),
        Variant.option_values,
        Variant.price_difference,
        (Variant.on_hand - Variant.reserved).label("available"),
        Variant.is_active,
        Product.id.label("product_id"),
        Product.name.label("product_name"),
        Product.price,
        Product.consumer_price,
        Product.status.label("product_status"),
        Product.tax_kind,
        Product.coupon_eligible,
        Product.lead_days,
        Enterprise.id.label("enterprise_id"),
        Enterprise.name.label("enterprise_name"),
        Enterprise.slug,
        Enterprise.status.label("enterprise_status"),
        Enterprise.commission_bps,
        Category.path,
        ShippingPolicy.id.label("policy_id"),
        ShippingPolicy.name.label("policy_name"),
        ShippingPolicy.kind,
        ShippingPolicy.fee,
        ShippingPolicy.free_over,
        ShippingPolicy.fee_per_units,
        ShippingPolicy.jeju_surcharge,
        ShippingPolicy.island_surcharge,
        ShippingPolicy.return_fee,
        _KINDS.label("kinds"),
        _PICTURE.c.storage_key,
        _PICTURE.c.alt,
    )
    .join(Product, Product.id == Variant.product_id)
    .join(Enterprise, Enterprise.id == Product.enterprise_id)
    .join(Category, Category.id == Product.category_id)
    .join(ShippingPolicy, ShippingPolicy.id == Product.shipping_policy_id)
    .outerjoin(_PICTURE, _PICTURE.c.storage_key.is_not(None))
    .where(Variant.id == func.any(bindparam("variants", type_=ARRAY(BigInteger))))
    .order_by(Variant.id)
)
_ZONE: Final = (
    select(RemoteArea.zone)
    .where(RemoteArea.zip_from <= bindparam("zip"), RemoteArea.zip_to >= bindparam("zip"))
    .limit(1)
)


def list_buyable(variant_ids: Collection[int], *, on: date) -> list[Buyable]:
    """Return the variants that exist, in the order of their ids, in one query."""
    if not variant_ids:
        return []
    rows = db.session.execute(_BUYABLES, {"variants": list(variant_ids), "on": on})
    return [_buyable(row) for row in rows]


def zone_of(zip_code: str) -> RemoteZone | None:
    """Return the remote zone of a five-digit postcode; None for the mainland."""
    if len(zip_code) != 5 or not zip_code.isdigit():
        return None
    zone: RemoteZone | None = db.session.scalar(_ZONE, {"zip": zip_code})
    return zone


def _buyable(row: Any) -> Buyable:
    return Buyable(
        variant_id=row.variant_id,
        product_id=row.product_id,
        product_name=row.product_name,
        option_label=" / ".join(row.option_values),
        enterprise_id=row.enterprise_id,
        enterprise_name=row.enterprise_name,
        enterprise_slug=row.slug,
        unit_price=Won(row.price + row.price_difference),
        consumer_price=Won(row.consumer_price + row.price_difference),
        available=row.available,
        on_sale=(
            row.is_active
            and row.product_status == ProductStatus.ON_SALE
            and row.enterprise_status == EnterpriseStatus.ACTIVE
        ),
        tax_kind=row.tax_kind,
        category_path=tuple(row.path),
        designation_kinds=tuple(dict.fromkeys(DesignationKind(kind) for kind in row.kinds or ())),
        commission_bps=row.commission_bps,
        coupon_eligible=row.coupon_eligible,
        lead_days=row.lead_days,
        picture_key=row.storage_key,
        picture_alt=row.alt or row.product_name,
        shipping_policy=ShippingTerms(
            id=row.policy_id,
            name=row.policy_name,
            kind=row.kind,
            fee=row.fee,
            free_over=row.free_over,
            fee_per_units=row.fee_per_units,
            jeju_surcharge=row.jeju_surcharge,
            island_surcharge=row.island_surcharge,
            return_fee=row.return_fee,
        ),
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
