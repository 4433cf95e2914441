"""Count what each choice beside a list would leave, in one statement."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)

from marketplace.accounts.models import Dong
from marketplace.catalog.models import Category
from marketplace.core.db import db
from marketplace.search import conditions
from marketplace.search.conditions import Facet, Shape
from marketplace.search.filters import ProductFilter
from marketplace.search.models import ProductDocument

# Half-open price bands in won; the last has no end.
PRICE_BANDS: Final = (
    (0, 10_000),
    (10_000, 20_000),
    (20_000, 30_000),
    (30_000, 50_000),
    (50_000, 100_000),
    (100_000, None),
)
_KEPT_SECONDS: Final = 5.0
_KEPT_FILTERS: Final = 512


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose, and how many products it would leave."""

    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """One category of the tree, and how many products it and what is below it hold."""

    category_id: int
    slug: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class PriceChoice:
    """One price band: from, up to and with its last won, and its count."""

    lowest: int
    highest: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """How many products a list has, and what narrowing it further would leave."""

    total: int
    # In the order of the tree's positions; empty ones are left out.
    categories: list[CategoryChoice]
    kinds: list[Choice]
    dongs: list[Choice]
    prices: list[PriceChoice]
    coupon_eligible: int
    free_shipping: int
    gift: int
    in_stock: int


class _Kept:
    """Counts kept for seconds: most shoppers open the same few lists."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[ProductFilter, tuple[float, Facets]] = {}

    def find(self, filters: ProductFilter) -> Facets | None:
        with self._lock:
            until, facets = self._counts.get(filters, (0.0, None))
        return facets if time.monotonic() < until else None

    def keep(self, filters: ProductFilter, facets: Facets) -> None:
        with self._lock:
            if len(self._counts) >= _KEPT_FILTERS:
                self._counts.clear()
            self._counts[filters] = (time.monotonic() + _KEPT_SECONDS, facets)

    def forget(self) -> None:
        with self._lock:
            self._counts.clear()


_kept = _Kept()
# Whoever changes the index in this process calls it; other processes are late by seconds.
forget = _kept.forget


def count_facets(filters: ProductFilter) -> Facets:
    """Count the products of a list and of every choice beside it; no choice counts itself."""
    filters = filters.normal()
    facets = _kept.find(filters)
    if facets is None:
        facets = _count(filters)
        _kept.keep(filters, facets)
    return facets


def _count(filters: ProductFilter) -> Facets:
    found: dict[str, list[Choice]] = {}
    categories: list[CategoryChoice] = []
    shape, asked = conditions.read(filters)
    rows = db.session.execute(_statement(shape), asked).all()
    for row in sorted(rows, key=lambda row: (row.position, row.key)):
        facet, key, label, products, _, slug = row
        if facet == Facet.CATEGORY:
            categories.append(CategoryChoice(int(key), slug, label, products))
        else:
            found.setdefault(facet, []).append(Choice(key, label, products))

    def choices(facet: Facet) -> list[Choice]:
        return found.get(facet, [])

    def flag(facet: Facet) -> int:
        return choices(facet)[0].count

    bands = {int(choice.key): choice.count for choice in choices(Facet.PRICE)}
    return Facets(
        total=found["total"][0].count,
        categories=categories,
        kinds=sorted(choices(Facet.KIND), key=lambda choice: (-choice.count, choice.key)),
        dongs=choices(Facet.DONG),
        prices=[
            PriceChoice(lowest, None if end is None else end - 1, bands.get(lowest, 0))
            for lowest, end in PRICE_BANDS
        ],
        coupon_eligible=flag(Facet.COUPON),
        free_shipping=flag(Facet.FREE_SHIPPING),
        gift=flag(Facet.GIFT),
        in_stock=flag(Facet.IN_STOCK),
    )


@lru_cache(maxsize=1_024)
def _statement(shape: Shape) -> CompoundSelect[Any]:
    chosen = conditions.chosen(shape)
    documents = _base(shape, chosen)
    base = documents.c

    def without(facet: Facet | None) -> ColumnElement[bool]:
        return and_(true(), *(base[f"in_{other}"] for other in chosen if other != facet))

    def count(facet: Facet, key: ColumnElement[Any]) -> Select[Any]:
        return select(key.label("key"), func.count().label("count")).where(without(facet))

    categories = count(Facet.CATEGORY, func.unnest(base.category_path)).group_by("key").subquery()
    dongs = count(Facet.DONG, base.dong_code).group_by("key").subquery()
    kinds = count(Facet.KIND, func.unnest(base.kinds)).group_by("key").subquery()
    bands = count(Facet.PRICE, base.band).group_by("key").subquery()
    return union_all(
        _rows("total", literal(""), func.count()).select_from(documents).where(without(None)),
        _rows(
            Facet.CATEGORY,
            categories.c.key,
            categories.c.count,
            label=Category.name,
            position=Category.position,
            slug=Category.slug,
        ).join_from(categories, Category, Category.id == categories.c.key),
        _rows(
            Facet.DONG, dongs.c.key, dongs.c.count, label=Dong.name, position=Dong.position
        ).join_from(dongs, Dong, Dong.code == dongs.c.key),
        _rows(Facet.KIND, kinds.c.key, kinds.c.count),
        _rows(Facet.PRICE, bands.c.key, bands.c.count),
        *(
            _rows(flag, literal(""), func.count()).where(without(flag), base[flag])
            for flag in conditions.FLAGS
        ),
    )


def _base(shape: Shape, chosen: Mapping[Facet, ColumnElement[bool]]) -> CTE:
    """Take what no facet can lift, and note for each document which chosen facets it passes."""
    document = ProductDocument
    bands = ((document.price < end, lowest) for lowest, end in PRICE_BANDS if end is not None)
    return (
        select(
            document.category_path,
            document.kinds,
            document.dong_code,
            case(*bands, else_=PRICE_BANDS[-1][0]).label("band"),
            *(column.label(flag) for flag, column in conditions.FLAGS.items()),
            *(condition.label(f"in_{facet}") for facet, condition in chosen.items()),
        )
        .where(*conditions.given(shape))
        .cte("base")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def _rows(
    facet: str, key: ColumnElement[Any], count: ColumnElement[Any], **more: Any
) -> Select[Any]:
    return select(
        literal(str(facet)).label("facet"),
        cast(key, String).label("key"),
        more.get("label", literal("")).label("label"),
        count.label("count"),
        more.get("position", literal(0)).label("position"),
        more.get("slug", literal("")).label("slug"),
    )
