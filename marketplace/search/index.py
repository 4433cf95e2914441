"""Keep the index: one document per product for sale, written from what other domains own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Product, ShippingKind, Variant
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.search import facets, facts, grams, vocabulary
from marketplace.search.models import ProductDocument

BATCH: Final = 500
# Any number nobody else uses: writers of the index take turns, or an older read could win.
_WRITING: Final = 0x5EA6C4
# What one sale, one wish and one review weigh when products are listed by popularity.
_SALE, _WISH, _REVIEW = 10, 3, 5


class Rating(NamedTuple):
    """The reviews of one product, summed up."""

    rating_sum: int
    review_count: int


def reindex(
    product_ids: Sequence[int], *, at: datetime, ratings: Mapping[int, Rating] | None = None
) -> None:
    """
    Write the documents of these products anew and drop those no longer for sale.

    Without ratings the documents keep the ones they have.
    """
    ids = sorted(set(product_ids))
    for start in range(0, len(ids), BATCH):
        _reindex_batch(ids[start : start + BATCH], ratings, at)
    vocabulary.add(ids)
    facets.forget()


def reindex_enterprise(enterprise_id: int, *, at: datetime) -> None:
    """Write the documents of an enterprise's products anew."""
    ids = db.session.scalars(select(Product.id).where(Product.enterprise_id == enterprise_id))
    reindex(ids.all(), at=at)


def reindex_variants(variant_ids: Sequence[int], *, at: datetime) -> None:
    """Write the documents of the products of some variants anew."""
    ids = db.session.scalars(
        select(Variant.product_id).where(Variant.id.in_(variant_ids)).distinct()
    )
    reindex(ids.all(), at=at)


def reindex_all(*, at: datetime, ratings: Mapping[int, Rating] | None = None) -> int:
    """Write the whole index anew and return how many products were read."""
    count = 0
    for ids in list_batches():
        _reindex_batch(ids, ratings, at)
        count += len(ids)
    vocabulary.rebuild()
    facets.forget()
    return count


def list_batches() -> Iterator[list[int]]:
    """List all products in batches small enough for one short transaction each."""
    last = 0
    while ids := list(
        db.session.scalars(
            select(Product.id).where(Product.id > last).order_by(Product.id).limit(BATCH)
        )
    ):
        yield ids
        last = ids[-1]


def record_ratings(
    product_ids: Sequence[int], count: Callable[[Sequence[int]], Mapping[int, Rating]]
) -> None:
    """
    Write the ratings of some products, counted once no other writer is at work.

    Counted before that, two who count at once could leave the older answer.
    """
    db.session.execute(select(func.pg_advisory_xact_lock(_WRITING)))
    counted = count(product_ids)
    ratings = {each: counted.get(each, Rating(0, 0)) for each in product_ids}
    documents = ProductDocument.__table__
    statement = (
        update(documents)  # type: ignore[arg-type]
        .where(documents.c.product_id == bindparam("document"))
        .values(
            rating_sum=bindparam("total"),
            popularity=documents.c.popularity
            + _REVIEW * (bindparam("count") - documents.c.review_count),
            review_count=bindparam("count"),
        )
    )
    if ratings:
        db.session.execute(
            statement,
            [
                {"document": product_id, "total": rating.rating_sum, "count": rating.review_count}
                for product_id, rating in sorted(ratings.items())
            ],
        )


def _reindex_batch(ids: Sequence[int], ratings: Mapping[int, Rating] | None, at: datetime) -> None:
    db.session.execute(select(func.pg_advisory_xact_lock(_WRITING)))
    rows = facts.list_facts(ids, at=at)
    gone = set(ids).difference(row.id for row in rows)
    if gone:
        db.session.execute(delete(ProductDocument).where(ProductDocument.product_id.in_(gone)))
    if not rows:
        return
    known = _kept_ratings(ids) if ratings is None else ratings
    documents = [_document(row, known.get(row.id, Rating(0, 0)), at) for row in rows]
    statement = insert(ProductDocument)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=[ProductDocument.product_id],
            set_={name: statement.excluded[name] for name in documents[0] if name != "product_id"},
        ),
        documents,
    )


def _kept_ratings(ids: Sequence[int]) -> dict[int, Rating]:
    rows = db.session.execute(
        select(
            ProductDocument.product_id, ProductDocument.rating_sum, ProductDocument.review_count
        ).where(ProductDocument.product_id.in_(ids))
    )
    return {row.product_id: Rating(row.rating_sum, row.review_count) for row in rows}


def _document(row: Row[Any], rating: Rating, at: datetime) -> dict[str, Any]:
    price = row.price + (row.lowest_difference or 0)
    fee = _fee_of_one(row, price)
    return {
        "product_id": row.id,
        "grams": grams.index_text(_searched(row)),
        "initials": grams.initials_text([row.name, row.enterprise_name]),
        "enterprise_id": row.enterprise_id,
        "enterprise_name": row.enterprise_name,
        "enterprise_slug": row.enterprise_slug,
        "dong_code": row.dong_code,
        "kinds": list(row.kinds),
        "category_path": row.category_path,
        "name": row.name,
        "price": price,
        "consumer_price": row.consumer_price + (row.lowest_difference or 0),
        "shipping_kind": row.shipping_kind.value,
        "shipping_fee": row.shipping_fee,
        "free_over": row.free_over,
        "total_price": price + fee,
        "picture_key": row.picture_key,
        "picture_alt": row.picture_alt or "",
        "picture_placeholder": row.picture_placeholder or "",
        "coupon_eligible": row.coupon_eligible,
        "is_gift": row.is_gift,
        "in_stock": row.in_stock,
        "lead_days": row.lead_days,
        "rating_sum": rating.rating_sum,
        "review_count": rating.review_count,
        "popularity": row.sold_count * _SALE + row.wishes * _WISH + rating.review_count * _REVIEW,
        "published_at": row.published_at,
        "indexed_at": at,
    }


def _searched(row: Row[Any]) -> Iterator[tuple[str, str]]:
    yield grams.NAME, row.name
    around = (
        *row.category_names,
        row.enterprise_name,
        *row.tags,
        *sorted(row.options or ()),
        *(LABELS[DesignationKind(kind)] for kind in row.kinds),
        row.dong_name,
    )
    yield from ((grams.CONTEXT, text) for text in around)


def _fee_of_one(row: Row[Any], price: Won) -> Won:
    if row.shipping_kind == ShippingKind.FREE:
        return Won(0)
    if row.shipping_kind == ShippingKind.CONDITIONAL_FREE and price >= row.free_over:
        return Won(0)
    return Won(row.shipping_fee)
