"""Coupon tasks."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.coupons import expiry
from workers.app import job


@job("coupons.expire")
def expire() -> None:
    """Expire coupons whose time is over and free the money they reserved."""
    at = clock.now()
    expiry.expire_claimed(at=at)
    expiry.expire_unclaimed(at=at)
