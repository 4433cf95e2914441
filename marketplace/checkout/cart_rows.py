"""Whose cart it is, and the rows in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.checkout.models import Cart, CartCoupon, CartItem
from marketplace.core.db import db
from marketplace.core.money import Won


@dataclass(frozen=True)
class Owner:
    """A member by id, or a guest by the hash of the cookie that names the cart."""

    person_id: int | None = None
    token_hash: str | None = None

    def __post_init__(self) -> None:
        if (self.person_id is None) == (self.token_hash is None):
            raise ValueError("a cart belongs to a member or to a guest")

    @property
    def actor(self) -> str:
        """Return the name written into histories."""
        return "guest" if self.person_id is None else f"person:{self.person_id}"


@dataclass(frozen=True)
class Row:
    """Some pieces of one variant in a cart, with the price the owner last saw."""

    variant_id: int
    quantity: int
    price_seen: Won
    selected: bool


@dataclass(frozen=True)
class Rows:
    """What a cart holds, in the order it was put there."""

    cart_id: int | None
    items: tuple[Row, ...] = ()
    coupon_ids: tuple[int, ...] = ()


def belongs_to(owner: Owner) -> ColumnElement[bool]:
    """Return the condition that a cart is somebody's."""
    if owner.person_id is not None:
        return Cart.person_id == owner.person_id
    return Cart.token_hash == owner.token_hash


_COUPON_IDS: Final = (
    select(
        func.array_agg(
            aggregate_order_by(CartCoupon.coupon_id, CartCoupon.position, CartCoupon.coupon_id)
        )
    )
    .where(CartCoupon.cart_id == Cart.id)
    .correlate(Cart)
    .scalar_subquery()
)
_ROWS: Final = (
    select(
        Cart.id,
        CartItem.variant_id,
        CartItem.quantity,
        CartItem.price_seen,
        CartItem.selected,
        _COUPON_IDS.label("coupon_ids"),
    )
    .outerjoin(CartItem, CartItem.cart_id == Cart.id)
    .order_by(CartItem.added_at, CartItem.id)
)
_BY_PERSON: Final = _ROWS.where(Cart.person_id == bindparam("person"))
_BY_TOKEN: Final = _ROWS.where(Cart.token_hash == bindparam("token"))


def load(owner: Owner) -> Rows:
    """Return what is in somebody's cart."""
    rows_of = _BY_TOKEN if owner.person_id is None else _BY_PERSON
    found = db.session.execute(
        rows_of, {"person": owner.person_id, "token": owner.token_hash}
    ).all()
    if not found:
        return Rows(cart_id=None)
    items = tuple(
        Row(row.variant_id, row.quantity, row.price_seen, row.selected)
        for row in found
        if row.variant_id is not None
    )
    return Rows(found[0].id, items, tuple(found[0].coupon_ids or ()))
