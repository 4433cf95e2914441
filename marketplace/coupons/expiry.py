"""Coupons whose time is over, and the money they had reserved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import budgets
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    Coupon,
    CouponState,
    Redemption,
    RedemptionState,
)

# A stored value that an unpaid order holds in part waits for that order.
_IS_HELD: Final = (
    select(Redemption.id)
    .where(Redemption.coupon_id == Coupon.id, Redemption.state == RedemptionState.HELD)
    .correlate(Coupon)
    .exists()
)


def expire_claimed(*, at: datetime, limit: int = 500) -> int:
    """Expire claimed coupons past their time, free their reserve, and return how many."""
    due = (
        select(Coupon.id)
        .where(
            Coupon.state == CouponState.CLAIMED,
            Coupon.expires_at <= at,
            ~_IS_HELD,
        )
        .order_by(Coupon.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return end(list(db.session.scalars(due)), to=CouponState.EXPIRED, at=at)


def expire_unclaimed(*, at: datetime, limit: int = 5_000) -> int:
    """Expire coupons nobody claimed of campaigns that are over; return how many."""
    due = (
        select(Coupon.id)
        .join(Campaign, Campaign.id == Coupon.campaign_id)
        .where(
            Coupon.state == CouponState.ISSUED,
            (Campaign.ends_at <= at) | (Campaign.status == CampaignStatus.ENDED),
        )
        .order_by(Coupon.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Coupon)
    )
    return end(list(db.session.scalars(due)), to=CouponState.EXPIRED, at=at)


def end(coupon_ids: Sequence[int], *, to: CouponState, at: datetime) -> int:
    """Expire or revoke coupons nobody has spent, free what they reserve; return how many."""
    if not coupon_ids:
        return 0
    ended = db.session.execute(
        update(Coupon)
        .where(
            Coupon.id.in_(coupon_ids),
            Coupon.state.in_([CouponState.CLAIMED, CouponState.ISSUED]),
            # Once more under the lock: whoever was locked out may have held a part meanwhile.
            ~_IS_HELD,
        )
        .values(state=to, ended_at=at)
        .returning(Coupon.id, Coupon.version_id, Coupon.worst_case)
        .execution_options(synchronize_session=False)
    ).all()
    paid = budgets.live_shares([row.id for row in ended])
    shares_of = {
        version_id: budgets.shares_of_version(version_id)
        for version_id in {row.version_id for row in ended}
    }
    freed: dict[int, int] = {}
    for row in ended:
        for grant_id, share in budgets.split(
            Won(row.worst_case), shares_of[row.version_id]
        ).items():
            rest = budgets.left_of(share, paid.get(row.id, {}).get(grant_id, 0))
            freed[grant_id] = freed.get(grant_id, 0) + rest
    budgets.move({grant_id: (-amount, 0) for grant_id, amount in freed.items()})
    return len(ended)
