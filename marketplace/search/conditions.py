"""
Say in SQL what a filter asks for.

Building a statement costs as much as running it, so statements are built once per shape of a
filter, with parameters, and the values of a filter are bound to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from marketplace.search.filters import ProductFilter
from marketplace.search.grams import TextQuery
from marketplace.search.models import ProductDocument


class Facet(StrEnum):
    """One group of choices beside a list; each counts as if it were not chosen itself."""

    CATEGORY = "category"
    KIND = "kind"
    DONG = "dong"
    PRICE = "price"
    COUPON = "coupon"
    FREE_SHIPPING = "free_shipping"
    GIFT = "gift"
    IN_STOCK = "in_stock"


class TextKind(StrEnum):
    """How a text is looked for."""

    NONE = "none"
    UNREADABLE = "unreadable"
    EXACT = "exact"
    LOOSE = "loose"
    INITIALS = "initials"


class Shape(NamedTuple):
    """Which conditions a filter has, whatever their values."""

    facets: tuple[Facet, ...]
    text: TextKind
    of_enterprise: bool
    has_lowest: bool
    has_highest: bool


# What one piece costs with its fee is what it costs without one.
FLAGS: Final[Mapping[Facet, ColumnElement[bool]]] = {
    Facet.COUPON: ProductDocument.coupon_eligible.is_(True),
    Facet.FREE_SHIPPING: ProductDocument.total_price == ProductDocument.price,
    Facet.GIFT: ProductDocument.is_gift.is_(True),
    Facet.IN_STOCK: ProductDocument.in_stock.is_(True),
}


def read(filters: ProductFilter) -> tuple[Shape, dict[str, Any]]:
    """Tell the shape of a filter from its values."""
    query = filters.query() if filters.has_text else None
    chosen: dict[Facet, bool] = {
        Facet.CATEGORY: filters.category_id is not None,
        Facet.KIND: bool(filters.kinds),
        Facet.DONG: bool(filters.dongs),
        Facet.PRICE: filters.price_from is not None or filters.price_to is not None,
        Facet.COUPON: filters.coupon_eligible,
        Facet.FREE_SHIPPING: filters.free_shipping,
        Facet.GIFT: filters.gift,
        Facet.IN_STOCK: filters.in_stock,
    }
    shape = Shape(
        facets=tuple(facet for facet, is_chosen in chosen.items() if is_chosen),
        text=_text_kind(filters, query),
        of_enterprise=filters.enterprise_id is not None,
        has_lowest=filters.price_from is not None,
        has_highest=filters.price_to is not None,
    )
    values: dict[str, Any] = {
        "category": [filters.category_id],
        "kinds": list(filters.kinds),
        "dongs": list(filters.dongs),
        "lowest": filters.price_from,
        "highest": filters.price_to,
        "enterprise": filters.enterprise_id,
    }
    return shape, values if query is None else values | query._asdict()


def chosen(shape: Shape) -> Mapping[Facet, ColumnElement[bool]]:
    """List the facets a person chose something of, each with its condition."""
    document = ProductDocument
    category = bindparam("category", type_=ARRAY(BigInteger))
    kinds = bindparam("kinds", type_=ARRAY(String))
    conditions: Mapping[Facet, ColumnElement[bool]] = {
        Facet.CATEGORY: document.category_path.bool_op("@>")(category),
        Facet.KIND: document.kinds.bool_op("&&")(kinds),
        Facet.DONG: document.dong_code == func.any(bindparam("dongs", type_=ARRAY(String))),
        Facet.PRICE: and_(
            document.price >= bindparam("lowest", type_=BigInteger) if shape.has_lowest else true(),
            document.price <= bindparam("highest", type_=BigInteger)
            if shape.has_highest
            else true(),
        ),
        **FLAGS,
    }
    return {facet: conditions[facet] for facet in shape.facets}


def given(shape: Shape) -> list[ColumnElement[bool]]:
    """List the conditions no facet can lift: the text and the enterprise."""
    conditions = []
    if shape.of_enterprise:
        enterprise = bindparam("enterprise", type_=BigInteger)
        conditions.append(ProductDocument.enterprise_id == enterprise)
    if shape.text != TextKind.NONE:
        conditions.append(_text(shape.text, "match"))
    return conditions


def strong(shape: Shape) -> ColumnElement[bool]:
    """Say which of the matches come first."""
    return _text(shape.text, "strong")


def _text_kind(filters: ProductFilter, query: TextQuery | None) -> TextKind:
    if not filters.has_text:
        return TextKind.NONE
    if query is None:
        return TextKind.UNREADABLE
    if query.by_initials:
        return TextKind.INITIALS
    return TextKind.EXACT if query.match == query.loose_match else TextKind.LOOSE


def _text(kind: TextKind, name: str) -> ColumnElement[bool]:
    if kind == TextKind.UNREADABLE:
        return false()
    if kind == TextKind.INITIALS:
        return ProductDocument.initials.bool_op("@@")(_asked(name))
    if kind == TextKind.EXACT:
        return ProductDocument.grams.bool_op("@@")(_asked(name))
    asked = select(case((_AS_TYPED.c.found, _asked(name)), else_=_asked(f"loose_{name}")))
    return ProductDocument.grams.bool_op("@@")(asked.scalar_subquery())


def _asked(name: str) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=String), TSQUERY)


# 사과 ends like a particle and is none: particles go only when what was typed finds nothing.
_AS_TYPED: Final = (
    select(exists().where(ProductDocument.grams.bool_op("@@")(_asked("match"))).label("found"))
    .cte("as_typed")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)
