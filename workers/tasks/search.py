"""Search tasks."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.catalog import sold_counts
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.orders import sold
from marketplace.reviews import queries as reviews
from marketplace.search import index, vocabulary
from workers.app import job


@job("search.reindex")
def reindex(*, product_ids: list[int]) -> None:
    """Write the documents of some products anew."""
    index.reindex(product_ids, at=clock.now())
    # What is for sale again has lost its document, and its ratings with it.
    index.record_ratings(product_ids, _count)


@job("search.reindex_enterprise")
def reindex_enterprise(*, enterprise_id: int) -> None:
    """Write an enterprise's documents anew: its name, dong, designations or standing changed."""
    index.reindex_enterprise(enterprise_id, at=clock.now())


@job("search.reindex_all", phased=True)
def reindex_all() -> None:
    """Write the whole index anew in short transactions; designations end with the day."""
    with transaction():
        sold_counts.put(sold.count_by_product())
    for product_ids in index.list_batches():
        with transaction():
            index.reindex(product_ids, at=clock.now())
    with transaction():
        vocabulary.rebuild()


@job("search.rate")
def rate(*, product_ids: list[int]) -> None:
    """Count the reviews of some products anew."""
    index.record_ratings(product_ids, _count)


@job("search.reindex_variants")
def reindex_variants(*, variant_ids: list[int]) -> None:
    """Write the documents of products anew whose last piece went or came back."""
    index.reindex_variants(variant_ids, at=clock.now())


def _count(product_ids: Sequence[int]) -> dict[int, index.Rating]:
    sums = reviews.sums_of(product_ids)
    return {each: index.Rating(stars, count) for each, (stars, count) in sums.items()}
