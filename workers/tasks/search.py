"""Search tasks."""

from __future__ import annotations

from marketplace.catalog import sold_counts
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.orders import sold
from marketplace.search import index, vocabulary
from workers.app import job


@job("search.reindex")
def reindex(*, product_ids: list[int]) -> None:
    """Write the documents of some products anew."""
    index.reindex(product_ids, at=clock.now())


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
def rate(*, product_id: int, rating_sum: int, review_count: int) -> None:
    """Write the reviews of a product, summed up, into its document."""
    index.record_ratings({product_id: index.Rating(rating_sum, review_count)})


@job("search.reindex_variants")
def reindex_variants(*, variant_ids: list[int]) -> None:
    """Write the documents of products anew whose last piece went or came back."""
    index.reindex_variants(variant_ids, at=clock.now())
