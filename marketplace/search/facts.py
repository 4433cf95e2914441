"""Read, for many products at once, everything the index says of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.selectable import LateralFromClause

from marketplace.accounts.models import Dong
from marketplace.catalog.models import (
    Category,
    Picture,
    Product,
    ProductStatus,
    ShippingPolicy,
    Variant,
    Wish,
)
from marketplace.core import calendar
from marketplace.core.db import db
from marketplace.enterprises.models import Designation, Enterprise, EnterpriseStatus


def list_facts(product_ids: Sequence[int], *, at: datetime) -> Sequence[Any]:
    """List what is known of those products that are for sale."""
    picture, variants = _first_picture(), _variants()
    statement = (
        select(
            Product.id,
            Product.name,
            Product.price,
            Product.consumer_price,
            Product.coupon_eligible,
            Product.is_gift,
            Product.lead_days,
            Product.tags,
            Product.sold_count,
            Product.published_at,
            Enterprise.id.label("enterprise_id"),
            Enterprise.name.label("enterprise_name"),
            Enterprise.slug.label("enterprise_slug"),
            Enterprise.dong_code,
            Dong.name.label("dong_name"),
            Category.path.label("category_path"),
            ShippingPolicy.kind.label("shipping_kind"),
            ShippingPolicy.fee.label("shipping_fee"),
            ShippingPolicy.free_over,
            _category_names().label("category_names"),
            _kinds(calendar.day_in_seoul(at)).label("kinds"),
            _wishes().label("wishes"),
            picture.c.storage_key.label("picture_key"),
            picture.c.alt.label("picture_alt"),
            picture.c.placeholder.label("picture_placeholder"),
            variants.c.lowest_difference,
            variants.c.in_stock,
            variants.c.options,
        )
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .join(Dong, Dong.code == Enterprise.dong_code)
        .join(Category, Category.id == Product.category_id)
        .join(ShippingPolicy, ShippingPolicy.id == Product.shipping_policy_id)
        .outerjoin(picture, true())
        .join(variants, true())
        .where(Product.id == func.any(cast(product_ids, ARRAY(BigInteger))), for_sale(at))
    )
    return db.session.execute(statement).all()


def for_sale(at: datetime) -> ColumnElement[bool]:
    """Say which products shoppers may see; the statement must join their enterprises."""
    return (
        (Product.status == ProductStatus.ON_SALE)
        & (Product.published_at <= at)
        & (Enterprise.status == EnterpriseStatus.ACTIVE)
    )


def _first_picture() -> LateralFromClause:
    return (
        select(Picture.storage_key, Picture.alt, Picture.placeholder)
        .where(Picture.product_id == Product.id)
        .order_by(Picture.position, Picture.id)
        .limit(1)
        .lateral("picture")
    )


def _variants() -> LateralFromClause:
    values = func.unnest(Variant.option_values).table_valued("value").render_derived()
    options: Select[Any] = (
        select(func.array_agg(func.distinct(values.c.value), type_=ARRAY(String)))
        .select_from(Variant)
        .join(values, true())
        .where(Variant.product_id == Product.id, Variant.is_active)
        .correlate(Product)
    )
    return (
        select(
            func.min(Variant.price_difference).label("lowest_difference"),
            func.coalesce(func.bool_or(Variant.on_hand > Variant.reserved), False).label(
                "in_stock"
            ),
            options.scalar_subquery().label("options"),
        )
        .where(Variant.product_id == Product.id, Variant.is_active)
        .lateral("variants")
    )


def _category_names() -> ScalarSelect[Any]:
    node = select(Category.id, Category.name).subquery("node")
    return (
        select(func.array_agg(node.c.name, type_=ARRAY(String)))
        .where(node.c.id == func.any(Category.path))
        .correlate(Category)
        .scalar_subquery()
    )


def _kinds(day: date) -> ScalarSelect[Any]:
    """List the designations that hold on a day: an expired one shows no badge."""
    return (
        select(
            func.coalesce(
                func.array_agg(func.distinct(Designation.kind), type_=ARRAY(String)),
                array([], type_=String),
            )
        )
        .where(
            Designation.enterprise_id == Enterprise.id,
            Designation.granted_on <= day,
            or_(Designation.expires_on.is_(None), Designation.expires_on > day),
            or_(Designation.revoked_on.is_(None), Designation.revoked_on > day),
        )
        .correlate(Enterprise)
        .scalar_subquery()
    )


def _wishes() -> ScalarSelect[Any]:
    return (
        select(func.count())
        .select_from(Wish)
        .where(Wish.product_id == Product.id)
        .correlate(Product)
        .scalar_subquery()
    )
