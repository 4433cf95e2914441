"""The wish list."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Product, ProductStatus, Wish
from marketplace.catalog.product_page import ProductNotFound
from marketplace.core.db import db


def put(*, person_id: int, product_id: int) -> None:
    """
    Put a product on a person's wish list; twice changes nothing.

    :raises ProductNotFound:
    """
    product = db.session.get(Product, product_id)
    if product is None or product.status != ProductStatus.ON_SALE:
        raise ProductNotFound
    db.session.execute(
        insert(Wish).values(person_id=person_id, product_id=product_id).on_conflict_do_nothing()
    )


def take_off(*, person_id: int, product_id: int) -> None:
    """Take a product off a person's wish list."""
    db.session.execute(
        delete(Wish).where(Wish.person_id == person_id, Wish.product_id == product_id)
    )


def which_wished(*, person_id: int, product_ids: Collection[int]) -> frozenset[int]:
    """Return which of the products are on a person's wish list."""
    return frozenset(
        db.session.scalars(
            select(Wish.product_id).where(
                Wish.person_id == person_id, Wish.product_id.in_(product_ids)
            )
        )
    )


def list_wished(*, person_id: int, limit: int = 100) -> list[int]:
    """Return the products on a person's wish list, newest wish first."""
    return list(
        db.session.scalars(
            select(Wish.product_id)
            .where(Wish.person_id == person_id)
            .order_by(Wish.created_at.desc(), Wish.product_id.desc())
            .limit(limit)
        )
    )
