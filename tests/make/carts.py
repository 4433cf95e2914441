"""Carts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, Variant
from marketplace.checkout.cart_rows import Owner, belongs_to
from marketplace.checkout.models import Cart, CartCoupon, CartItem
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.models import Coupon
from tests.make.common import numbers, writing


def cart(
    items: Mapping[Variant, int] | None = None,
    *,
    of: Person | None = None,
    token_hash: str | None = None,
    coupons: Sequence[Coupon] = (),
) -> Cart:
    """
    Make a cart with pieces and coupons in it; of nobody in particular when nobody is named.

    A person has one: the former goes.
    """
    owner = Owner(
        person_id=of.id if of else None,
        token_hash=None if of else token_hash or f"token-{next(numbers)}",
    )
    return cart_of(owner, items or {}, coupons=coupons)


def cart_of(owner: Owner, items: Mapping[Variant, int], *, coupons: Sequence[Coupon] = ()) -> Cart:
    """Make somebody's cart."""
    with writing():
        db.session.execute(delete(Cart).where(belongs_to(owner)))
        made = Cart(person_id=owner.person_id, token_hash=owner.token_hash)
        db.session.add(made)
        db.session.flush()
        for wanted, quantity in items.items():
            of_product = db.session.get_one(Product, wanted.product_id)
            db.session.add(
                CartItem(
                    cart_id=made.id,
                    variant_id=wanted.id,
                    quantity=quantity,
                    price_seen=Won(of_product.price + wanted.price_difference),
                )
            )
        for position, coupon in enumerate(coupons):
            db.session.add(CartCoupon(cart_id=made.id, coupon_id=coupon.id, position=position))
    return made
