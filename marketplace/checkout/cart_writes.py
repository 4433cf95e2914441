"""The writes every purchase makes on carts, each built once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ARRAY, BigInteger, Delete, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from marketplace.checkout.cart_rows import Owner, Row
from marketplace.checkout.models import Cart, CartCoupon, CartItem
from marketplace.core.db import db, table_of

_COUNT_OTHERS: Final = (
    select(func.count())
    .select_from(CartItem)
    .where(CartItem.cart_id == bindparam("cart"), CartItem.variant_id != bindparam("variant"))
)


def _adding() -> ReturningInsert[int]:
    adding = insert(table_of(CartItem)).values(
        cart_id=bindparam("cart"),
        variant_id=bindparam("variant"),
        quantity=bindparam("pieces"),
        price_seen=bindparam("price"),
        selected=True,
        added_at=bindparam("at"),
    )
    together = CartItem.quantity + adding.excluded.quantity
    return adding.on_conflict_do_update(
        index_elements=["cart_id", "variant_id"],
        set_={"quantity": together, "price_seen": adding.excluded.price_seen, "selected": True},
        where=together <= bindparam("most"),
    ).returning(CartItem.id)


def _opening(key: str) -> ReturningInsert[int]:
    opening = insert(table_of(Cart)).values(
        person_id=bindparam("person"),
        token_hash=bindparam("token"),
        created_at=bindparam("at"),
        updated_at=bindparam("at"),
    )
    return opening.on_conflict_do_update(
        index_elements=[key], set_={"updated_at": opening.excluded.updated_at}
    ).returning(Cart.id)


def _clearing() -> Delete:
    carts = select(Cart.id).where(
        (Cart.placed_order_id == bindparam("order", type_=BigInteger))
        | (Cart.person_id == bindparam("person", type_=BigInteger))
    )
    used = (
        delete(table_of(CartCoupon))
        .where(CartCoupon.cart_id.in_(carts))
        .returning(CartCoupon.coupon_id)
        .cte("used")
    )
    return (
        delete(table_of(CartItem))
        .where(
            CartItem.cart_id.in_(carts),
            CartItem.variant_id == func.any(bindparam("variants", type_=ARRAY(BigInteger))),
        )
        .add_cte(used)
    )


_ADD: Final = _adding()
_OPEN_MEMBERS: Final = _opening("person_id")
_OPEN_GUESTS: Final = _opening("token_hash")
_CLEAR: Final = _clearing()


def open_cart(owner: Owner, *, at: datetime) -> int:
    """Return the id of somebody's cart, made when there is none."""
    cart_id: int = db.session.execute(
        _OPEN_GUESTS if owner.person_id is None else _OPEN_MEMBERS,
        {"person": owner.person_id, "token": owner.token_hash, "at": at},
    ).scalar_one()
    return cart_id


def count_others(cart_id: int, variant_id: int) -> int:
    """Return how many other variants are in a cart."""
    return db.session.scalar(_COUNT_OTHERS, {"cart": cart_id, "variant": variant_id}) or 0


def add(cart_id: int, piece: Row, *, most: int, at: datetime) -> bool:
    """Put pieces into a cart, on top of those there; False when they would be too many."""
    added = db.session.scalar(
        _ADD,
        {
            "cart": cart_id,
            "variant": piece.variant_id,
            "pieces": piece.quantity,
            "price": piece.price_seen,
            "at": at,
            "most": most,
        },
    )
    return added is not None


def clear(*, order_id: int, person_id: int | None, variant_ids: Collection[int]) -> None:
    """Take what an order contained, and all coupons, out of its cart in one statement."""
    db.session.execute(
        _CLEAR, {"order": order_id, "person": person_id, "variants": list(variant_ids)}
    )
