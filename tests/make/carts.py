"""Carts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Delete, delete

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, Variant
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
    """Make a cart with pieces and coupons in it; of nobody in particular when nobody is named."""
    with writing():
        made = Cart(
            person_id=of.id if of else None,
            token_hash=None if of else token_hash or f"token-{next(numbers)}",
        )
        db.session.add(made)
        db.session.flush()
        for wanted, quantity in (items or {}).items():
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


def emptied_carts() -> Delete:
    """Return the statement that empties every cart, for buyers who order again and again."""
    return delete(Cart)
