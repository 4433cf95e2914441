"""Write enterprises, their goods and the category tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from marketplace.catalog import categories
from marketplace.catalog.models import (
    Product,
    ProductStatus,
    ShippingKind,
    ShippingPolicy,
    TaxKind,
    Variant,
)
from marketplace.core.db import db
from marketplace.demo.district import logins
from marketplace.demo.district.load_people import People
from marketplace.demo.district.seeds import District, EnterpriseSeed, ProductSeed
from marketplace.enterprises.models import (
    Designation,
    DesignationKind,
    Enterprise,
    EnterpriseStatus,
    Member,
    MemberRole,
)


@dataclass(frozen=True, kw_only=True)
class Shops:
    """The ids of what was written, in the order of the seeds."""

    enterprises: tuple[int, ...]
    products: tuple[int, ...]
    # Of each product, its variants.
    variants: tuple[tuple[int, ...], ...]


def load(district: District, people: People) -> Shops:
    """Write the whole catalogue except its pictures."""
    by_slug = _write_categories(district)
    enterprises = tuple(
        db.session.scalars(
            insert(Enterprise).returning(Enterprise.id, sort_by_parameter_order=True),
            [_enterprise(seed) for seed in district.enterprises],
        )
    )
    _write_designations(district, enterprises)
    _write_members(district, enterprises, people)
    policies = _write_policies(district, enterprises)
    ids = {seed.slug: i for i, seed in enumerate(district.enterprises)}
    products = tuple(
        db.session.scalars(
            insert(Product).returning(Product.id, sort_by_parameter_order=True),
            [
                _product(
                    seed,
                    enterprise_id=enterprises[ids[seed.enterprise]],
                    policy_id=policies[ids[seed.enterprise]],
                    category_id=by_slug[seed.leaf],
                )
                for seed in district.products
            ],
        )
    )
    return Shops(
        enterprises=enterprises,
        products=products,
        variants=_write_variants(district.products, products),
    )


def _write_categories(district: District) -> dict[str, int]:
    ids: dict[str, int] = {}
    for position, seed in enumerate(district.categories):
        ids[seed.slug] = categories.add(
            slug=seed.slug,
            name=seed.name,
            parent_id=None if seed.parent is None else ids[seed.parent],
            position=position,
            notice_kind=seed.notice_kind,
        )
    return ids


def _enterprise(seed: EnterpriseSeed) -> dict[str, object]:
    return {
        "slug": seed.slug,
        "name": seed.name,
        "tagline": seed.tagline,
        "story": seed.story,
        "representative_name": seed.representative,
        "business_number": seed.business_number,
        "mail_order_number": seed.mail_order_number,
        "phone": seed.phone,
        "email": seed.email,
        "zip_code": seed.zip_code,
        "road_address": seed.road_address,
        "address_detail": seed.address_detail,
        "dong_code": seed.dong_code,
        "status": EnterpriseStatus.ACTIVE,
        "accepts_counter_coupons": seed.accepts_counter_coupons,
        "commission_bps": seed.commission_bps,
        "joined_on": seed.joined_on,
    }


def _write_designations(district: District, enterprises: tuple[int, ...]) -> None:
    db.session.execute(
        insert(Designation),
        [
            {
                "enterprise_id": enterprise_id,
                "kind": DesignationKind(held.kind),
                "number": held.number,
                "authority": held.authority,
                "granted_on": held.granted_on,
                "expires_on": held.expires_on,
            }
            for seed, enterprise_id in zip(district.enterprises, enterprises, strict=True)
            for held in seed.designations
        ],
    )


def _write_members(district: District, enterprises: tuple[int, ...], people: People) -> None:
    owners = [
        {"enterprise_id": enterprise_id, "person_id": person_id, "role": MemberRole.OWNER}
        for enterprise_id, person_id in zip(enterprises, people.owners, strict=True)
    ]
    slugs = [seed.slug for seed in district.enterprises]
    cashier = {
        "enterprise_id": enterprises[slugs.index(logins.CASHIER_OF)],
        "person_id": people.cashier,
        "role": MemberRole.CASHIER,
    }
    db.session.execute(insert(Member), [*owners, cashier])


def _write_policies(district: District, enterprises: tuple[int, ...]) -> tuple[int, ...]:
    ids = db.session.scalars(
        insert(ShippingPolicy).returning(ShippingPolicy.id, sort_by_parameter_order=True),
        [
            {
                "enterprise_id": enterprise_id,
                "name": seed.shipping.name,
                "kind": ShippingKind(seed.shipping.kind),
                "fee": seed.shipping.fee,
                "free_over": seed.shipping.free_over,
                "fee_per_units": seed.shipping.fee_per_units,
                "jeju_surcharge": seed.shipping.jeju_surcharge,
                "island_surcharge": seed.shipping.island_surcharge,
                "return_fee": seed.shipping.return_fee,
                "is_default": True,
            }
            for seed, enterprise_id in zip(district.enterprises, enterprises, strict=True)
        ],
    )
    return tuple(ids)


def _product(
    seed: ProductSeed, *, enterprise_id: int, policy_id: int, category_id: int
) -> dict[str, object]:
    written_at: datetime = seed.published_at
    return {
        "enterprise_id": enterprise_id,
        "category_id": category_id,
        "shipping_policy_id": policy_id,
        "name": seed.name,
        "summary": seed.summary,
        "story": seed.story,
        "consumer_price": seed.consumer_price,
        "price": seed.price,
        "tax_kind": TaxKind(seed.tax_kind),
        "status": ProductStatus.ON_SALE,
        "origin": seed.origin,
        "lead_days": seed.lead_days,
        "is_gift": seed.is_gift,
        "tags": list(seed.tags),
        "option_names": list(seed.option_names),
        "notice": seed.notice,
        "published_at": written_at,
        "created_at": written_at,
        "updated_at": written_at,
    }


def _write_variants(
    seeds: tuple[ProductSeed, ...], products: tuple[int, ...]
) -> tuple[tuple[int, ...], ...]:
    ids = iter(
        db.session.scalars(
            insert(Variant).returning(Variant.id, sort_by_parameter_order=True),
            [
                {
                    "product_id": product_id,
                    "code": f"SN{product_id:05d}-{position + 1:02d}",
                    "option_values": list(variant.option_values),
                    "price_difference": variant.price_difference,
                    "on_hand": variant.left,
                    "position": position,
                }
                for seed, product_id in zip(seeds, products, strict=True)
                for position, variant in enumerate(seed.variants)
            ],
        )
    )
    return tuple(tuple(next(ids) for _ in seed.variants) for seed in seeds)
