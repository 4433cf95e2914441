"""Find products for lists and search: one statement per page, everything a card shows in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    false,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.search import conditions
from marketplace.search.conditions import Shape, TextKind
from marketplace.search.filters import ProductFilter, Sort, mark, read_cursor
from marketplace.search.models import ProductDocument

PAGE: Final = 24
_LARGEST_PAGE: Final = 100
_KEYS: Final[dict[Sort, InstrumentedAttribute[Any]]] = {
    Sort.RELEVANCE: ProductDocument.popularity,
    Sort.POPULAR: ProductDocument.popularity,
    Sort.NEWEST: ProductDocument.published_at,
    Sort.PRICE_LOW: ProductDocument.price,
    Sort.PRICE_HIGH: ProductDocument.price,
    Sort.REVIEWS: ProductDocument.review_count,
}

T = TypeVar("T")


class ProductCard(NamedTuple):
    """What a list shows of one product."""

    product_id: int
    name: str
    enterprise_id: int
    enterprise_name: str
    enterprise_slug: str
    kinds: list[str]
    category_path: list[int]
    dong_code: str
    price: Won
    consumer_price: Won
    total_price: Won
    shipping_kind: str
    shipping_fee: Won
    free_over: Won | None
    picture_key: str | None
    picture_alt: str
    picture_placeholder: str
    coupon_eligible: bool
    is_gift: bool
    in_stock: bool
    lead_days: int
    rating_sum: int
    review_count: int

    @property
    def discount_percent(self) -> int:
        """Return how much below the consumer price it is, cut down to whole percent."""
        if self.consumer_price <= self.price:
            return 0
        return (self.consumer_price - self.price) * 100 // self.consumer_price

    @property
    def rating_tenths(self) -> int | None:
        """Return the mean rating in tenths of a star; None without reviews."""
        if not self.review_count:
            return None
        return (self.rating_sum * 20 + self.review_count) // (self.review_count * 2)

    @property
    def ships_free(self) -> bool:
        """Whether one piece costs no shipping."""
        return self.total_price == self.price


class Page(NamedTuple, Generic[T]):
    """Some rows of a list, and where the next ones start."""

    items: list[T]
    next_cursor: str | None


_ROWS: Final = bindparam("rows", type_=Integer)
_CARD: Final = tuple(getattr(ProductDocument, name) for name in ProductCard._fields)


def search_products(
    filters: ProductFilter,
    *,
    sort: Sort = Sort.RELEVANCE,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[ProductCard]:
    """
    List one page of products.

    :raises BadCursor: the cursor is not one of this list's
    """
    limit = max(1, min(limit, _LARGEST_PAGE))
    shape, asked = conditions.read(filters)
    asked["rows"] = limit + 1
    if after:
        start = read_cursor(after, sort)
        asked |= {
            "after_strong": start.strong,
            "after_key": start.moment if sort == Sort.NEWEST else start.key,
            "after_product": start.product_id,
        }
    rows = db.session.execute(_statement(shape, sort, bool(after)), asked).all()

    width = len(_CARD)
    cards = [ProductCard._make(row[:width]) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(cards, None)
    key, strong = rows[limit - 1][width:]
    last = mark(strong=strong, key=key, product_id=cards[-1].product_id)
    return Page(cards, last.write(sort))


def list_cards(product_ids: Sequence[int]) -> list[ProductCard]:
    """List the cards of these products in this order, leaving out what is not for sale."""
    rows = db.session.execute(select(*_CARD).where(ProductDocument.product_id.in_(product_ids)))
    cards = {row.product_id: ProductCard._make(row) for row in rows}
    return [cards[product_id] for product_id in product_ids if product_id in cards]


@lru_cache(maxsize=1_024)
def _statement(shape: Shape, sort: Sort, continued: bool) -> Select[Any]:
    if shape.text == TextKind.NONE:
        return _plain(shape, sort, continued=continued)
    return _ranked(shape, sort, continued=continued)


def _plain(shape: Shape, sort: Sort, *, continued: bool) -> Select[Any]:
    key, product_id = _KEYS[sort], ProductDocument.product_id
    statement = (
        select(*_CARD, key.label("key"), false().label("strong"))
        .where(*conditions.given(shape), *conditions.chosen(shape).values())
        .order_by(*_order(sort, key, product_id))
        .limit(_ROWS)
    )
    return statement.where(_beyond(sort, key, product_id)) if continued else statement


def _ranked(shape: Shape, sort: Sort, *, continued: bool) -> Select[Any]:
    by_rank = sort == Sort.RELEVANCE
    # Materialised, because a LIMIT would lure the planner into walking the popularity index and
    # testing the text row by row. Narrow, because a short word has thousands of hits.
    hits = (
        select(
            ProductDocument.product_id,
            _KEYS[sort].label("key"),
            (conditions.strong(shape) if by_rank else false()).label("strong"),
        )
        .where(*conditions.given(shape), *conditions.chosen(shape).values())
        .cte("hits")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    ).c
    rank = [hits.strong] if by_rank else []
    listed = (
        select(hits.product_id, hits.key, hits.strong)
        .order_by(*(column.desc() for column in rank), *_order(sort, hits.key, hits.product_id))
        .limit(_ROWS)
    )
    if continued:
        listed = listed.where(_beyond(sort, hits.key, hits.product_id, *rank))
    page = listed.subquery("page").c
    return (
        select(*_CARD, page.key, page.strong)
        .join(ProductDocument, ProductDocument.product_id == page.product_id)
        .order_by(
            *(column.desc() for column in ([page.strong] if by_rank else [])),
            *_order(sort, page.key, page.product_id),
        )
    )


def _order(sort: Sort, key: Any, product_id: Any) -> tuple[ColumnElement[Any], ...]:
    if sort == Sort.PRICE_LOW:
        return key.asc(), product_id.asc()
    return key.desc(), product_id.desc()


def _beyond(
    sort: Sort, key: Any, product_id: Any, *rank: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Compare whole rows, so that one index range holds the rest of the list."""
    strong = [bindparam("after_strong", type_=Boolean) for _ in rank]
    after = bindparam("after_key", type_=key.type)
    here = tuple_(*rank, key, product_id)
    there = tuple_(*strong, after, bindparam("after_product", type_=BigInteger))
    return here > there if sort == Sort.PRICE_LOW else here < there
