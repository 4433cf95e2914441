"""The three numbers in the header of every page, in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, column, func, select, table

from marketplace.checkout.models import Cart, CartItem
from marketplace.core.db import db
from marketplace.coupons.models import Coupon, CouponState

# Named here and not imported: notifications stand beside reports, and one query serves both.
_NOTICE = table("notice", column("person_id"), column("read_at"))


@dataclass(frozen=True, kw_only=True)
class HeaderCounts:
    """What waits for a visitor: lines in the cart, coupons to spend, notices to read."""

    cart: int = 0
    coupons: int = 0
    unread: int = 0


def count_for_person(*, person_id: int, at: datetime) -> HeaderCounts:
    """Count what waits for a member."""
    row = db.session.execute(
        select(
            _lines().where(Cart.person_id == person_id).scalar_subquery().label("cart"),
            select(func.count())
            .where(
                Coupon.person_id == person_id,
                Coupon.state == CouponState.CLAIMED,
                Coupon.expires_at > at,
            )
            .scalar_subquery()
            .label("coupons"),
            select(func.count())
            .select_from(_NOTICE)
            .where(_NOTICE.c.person_id == person_id, _NOTICE.c.read_at.is_(None))
            .scalar_subquery()
            .label("unread"),
        )
    ).one()
    return HeaderCounts(cart=row.cart, coupons=row.coupons, unread=row.unread)


def count_for_guest(*, cart_token_hash: str) -> HeaderCounts:
    """Count what lies in a guest's cart."""
    found = db.session.scalar(_lines().where(Cart.token_hash == cart_token_hash))
    return HeaderCounts(cart=found or 0)


def _lines() -> Select[int]:
    return select(func.count()).select_from(CartItem).join(Cart, Cart.id == CartItem.cart_id)
