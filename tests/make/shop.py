"""Enterprises and what they sell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from marketplace.accounts.models import Person
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
from marketplace.enterprises.models import (
    Designation,
    DesignationKind,
    Enterprise,
    EnterpriseStatus,
    Member,
    MemberRole,
)
from tests.make.common import LONG_AGO, numbers, save, writing
from tests.make.people import dong


def enterprise(
    name: str | None = None,
    *,
    slug: str | None = None,
    commission_bps: int = 0,
    status: EnterpriseStatus = EnterpriseStatus.ACTIVE,
    kinds: Sequence[DesignationKind] = (DesignationKind.SOCIAL,),
) -> Enterprise:
    """Make an enterprise with designations that hold for ever."""
    number = next(numbers)
    made = Enterprise(
        slug=slug or f"enterprise-{number}",
        name=name or f"사회적기업 {number}",
        representative_name="박대표",
        business_number=f"{number:010d}",
        phone="02-450-0000",
        email=f"shop{number}@example.com",
        zip_code="05000",
        road_address="서울특별시 광진구 능동로 120",
        dong_code=dong().code,
        status=status,
        commission_bps=commission_bps,
        joined_on=date(2024, 1, 1),
    )
    save(made)
    for kind in kinds:
        designation(made, kind)
    return made


def designation(
    of: Enterprise,
    kind: DesignationKind = DesignationKind.SOCIAL,
    *,
    granted_on: date = date(2020, 1, 1),
    expires_on: date | None = None,
) -> Designation:
    """Certify an enterprise."""
    made = Designation(
        enterprise_id=of.id,
        kind=kind,
        number=f"제2020-{next(numbers)}호",
        authority="고용노동부",
        granted_on=granted_on,
        expires_on=expires_on,
    )
    save(made)
    return made


def member(of: Enterprise, person: Person, *, role: MemberRole = MemberRole.OWNER) -> Member:
    """Let somebody work for an enterprise."""
    made = Member(enterprise_id=of.id, person_id=person.id, role=role)
    save(made)
    return made


def category(name: str | None = None, *, parent: Category | None = None) -> Category:
    """Make a category, under its parent if any."""
    number = next(numbers)
    made = Category(
        slug=f"category-{number}",
        name=name or f"분류 {number}",
        parent_id=parent.id if parent else None,
        position=number,
        path=[],
        notice_kind="etc",
    )
    with writing():
        db.session.add(made)
        db.session.flush()
        made.path = [*(parent.path if parent else []), made.id]
    return made


def shipping(
    of: Enterprise,
    kind: ShippingKind = ShippingKind.PAID,
    *,
    fee: int = 3_000,
    free_over: int | None = None,
    fee_per_units: int | None = None,
    jeju_surcharge: int = 3_000,
    island_surcharge: int = 5_000,
    return_fee: int = 3_000,
) -> ShippingPolicy:
    """Make one way an enterprise ships."""
    made = ShippingPolicy(
        enterprise_id=of.id,
        name=f"배송 {next(numbers)}",
        kind=kind,
        fee=Won(fee),
        free_over=None if free_over is None else Won(free_over),
        fee_per_units=fee_per_units,
        jeju_surcharge=Won(jeju_surcharge),
        island_surcharge=Won(island_surcharge),
        return_fee=Won(return_fee),
        is_default=True,
    )
    save(made)
    return made


def remote_area(zip_from: str, zip_to: str, zone: RemoteZone) -> RemoteArea:
    """Mark a range of postcodes as remote."""
    made = RemoteArea(zip_from=zip_from, zip_to=zip_to, zone=zone)
    save(made)
    return made


def product(
    of: Enterprise | None = None,
    *,
    name: str | None = None,
    price: int = 10_000,
    consumer_price: int | None = None,
    of_category: Category | None = None,
    ships: ShippingPolicy | None = None,
    tax_kind: TaxKind = TaxKind.TAXABLE,
    status: ProductStatus = ProductStatus.ON_SALE,
    coupon_eligible: bool = True,
) -> Product:
    """Make a product on sale; its enterprise, category and shipping as needed."""
    seller = of or enterprise()
    made = Product(
        enterprise_id=seller.id,
        category_id=(of_category or category()).id,
        shipping_policy_id=(ships or shipping(seller)).id,
        name=name or f"상품 {next(numbers)}",
        consumer_price=Won(price if consumer_price is None else consumer_price),
        price=Won(price),
        tax_kind=tax_kind,
        status=status,
        coupon_eligible=coupon_eligible,
        published_at=LONG_AGO,
    )
    save(made)
    return made


def variant(
    of: Product | None = None,
    *,
    on_hand: int = 100,
    options: Sequence[str] = (),
    price_difference: int = 0,
    is_active: bool = True,
) -> Variant:
    """Make a buyable combination of a product's options, with its stock."""
    made = Variant(
        product_id=(of or product()).id,
        option_values=list(options),
        price_difference=Won(price_difference),
        on_hand=on_hand,
        is_active=is_active,
    )
    save(made)
    return made


def sellable(
    of: Enterprise | None = None,
    *,
    price: int = 10_000,
    on_hand: int = 100,
    ships: ShippingPolicy | None = None,
    of_category: Category | None = None,
    name: str | None = None,
) -> Variant:
    """Make a product with one variant and return the variant."""
    made = product(of, price=price, ships=ships, of_category=of_category, name=name)
    return variant(made, on_hand=on_hand)


def picture(of: Product, *, key: str | None = None, alt: str = "상품 사진") -> Picture:
    """Give a product a picture row (no file)."""
    made = Picture(
        product_id=of.id,
        storage_key=key or f"pictures/{next(numbers)}",
        alt=alt,
        width=1200,
        height=1200,
    )
    save(made)
    return made
