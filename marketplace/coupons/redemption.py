"""Spend the coupons an order held, and charge the grants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import budgets, holds
from marketplace.coupons.models import (
    Coupon,
    CouponState,
    Redemption,
    RedemptionShare,
    RedemptionState,
)


def redeem(*, reference: str, at: datetime) -> list[int]:
    """
    Turn the held redemptions of a reference into spent ones and return their ids.

    The grants' reserve for a one-time coupon is let go whole; what the coupon did not use is
    free for others.
    """
    uses = [use for use in holds.lock_of(reference) if use.state == RedemptionState.HELD]
    if not uses:
        return []
    changes: dict[int, tuple[int, int]] = {}
    shares = _shares([use.id for use in uses])
    for use in uses:
        coupon = db.session.get_one(Coupon, use.coupon_id)
        reserved = _reserve_let_go(coupon, shares[use.id])
        for grant_id, let_go in reserved.items():
            before = changes.get(grant_id, (0, 0))
            spent = shares[use.id].get(grant_id, 0)
            changes[grant_id] = (before[0] - let_go, before[1] + spent)
        _mark_redeemed(use, coupon, at)
    db.session.flush()
    budgets.move(changes)
    return [use.id for use in uses]


def _reserve_let_go(coupon: Coupon, spent: dict[int, Won]) -> dict[int, Won]:
    if holds.is_stored_value(coupon):
        return spent
    return budgets.split(coupon.worst_case, budgets.shares_of_version(coupon.version_id))


def _mark_redeemed(use: Redemption, coupon: Coupon, at: datetime) -> None:
    use.state = RedemptionState.REDEEMED
    use.redeemed_at = at
    use.expires_at = None
    if not holds.is_stored_value(coupon):
        coupon.state = CouponState.REDEEMED
        coupon.balance = Won(0)
    elif coupon.balance == 0:
        coupon.state = CouponState.REDEEMED


def _shares(redemption_ids: list[int]) -> dict[int, dict[int, Won]]:
    rows = db.session.execute(
        select(RedemptionShare.redemption_id, RedemptionShare.grant_id, RedemptionShare.amount)
        .where(RedemptionShare.redemption_id.in_(redemption_ids))
        .order_by(RedemptionShare.grant_id)
    )
    shares: dict[int, dict[int, Won]] = {}
    for redemption_id, grant_id, amount in rows:
        shares.setdefault(redemption_id, {})[grant_id] = amount
    return shares
