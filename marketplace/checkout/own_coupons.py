"""A person's coupons at the checkout, which knows what the person ordered before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from marketplace.coupons.offers import OfferedCoupon, list_spendable
from marketplace.orders import queries as orders


def list_offered(
    *, person_id: int, at: datetime, coupon_ids: Collection[int] | None = None
) -> list[OfferedCoupon]:
    """Return the coupons of `list_spendable`, those for a first order closed to who had one."""
    offered = list_spendable(person_id=person_id, at=at, coupon_ids=coupon_ids)
    if not any(coupon.first_order for coupon in offered) or not orders.has_bought(person_id):
        return offered
    return [replace(coupon, is_for_owner=not coupon.first_order) for coupon in offered]
