"""Give spent coupon money back: to the same grants, and in the end to the same coupon."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import budgets, holds
from marketplace.coupons.models import (
    CampaignGrant,
    Coupon,
    CouponState,
    Grant,
    Redemption,
    RedemptionShare,
    RedemptionState,
)

# A coupon that expired meanwhile comes back usable for at least this long (domain.md).
GRACE: Final = timedelta(days=7)


def lock(redemption_ids: Collection[int]) -> None:
    """
    Lock the coupons of several redemptions, then the grants behind them, each in order of id.

    Whoever reverses more than one calls it first, or two of them could wait for each other.
    """
    if not redemption_ids:
        return
    coupon_ids = db.session.scalars(
        select(Redemption.coupon_id).where(Redemption.id.in_(list(redemption_ids))).distinct()
    ).all()
    locked = holds.lock(coupon_ids)
    db.session.execute(
        select(Grant.id)
        .where(
            Grant.id.in_(
                select(CampaignGrant.grant_id).where(
                    CampaignGrant.version_id.in_([coupon.version_id for coupon in locked.values()])
                )
            )
        )
        .order_by(Grant.id)
        .with_for_update()
    )


def reverse(*, redemption_id: int, shares: Mapping[int, Won], restore: bool, at: datetime) -> None:
    """
    Return shares of a redemption to their grants; with `restore`, the coupon can be used again.

    A stored value gets them back on its balance whatever `restore` says.
    """
    use = db.session.get_one(Redemption, redemption_id)
    coupon = holds.lock([use.coupon_id])[use.coupon_id]
    db.session.refresh(use)
    if use.state != RedemptionState.REDEEMED:
        raise ValueError(f"redemption {redemption_id} is {use.state}, not redeemed")
    amount = sum(shares.values())
    _return_shares(redemption_id, shares)
    use.reversed_amount = Won(use.reversed_amount + amount)
    if use.reversed_amount == use.amount:
        use.state = RedemptionState.REVERSED
        use.ended_at = at

    if holds.is_stored_value(coupon):
        budgets.move({grant: (share, -share) for grant, share in shares.items()})
        coupon.balance = Won(coupon.balance + amount)
        _make_usable(coupon, at)
    else:
        budgets.move({grant: (0, -share) for grant, share in shares.items()})
        if restore:
            _reserve_again(coupon)
            _make_usable(coupon, at)
    db.session.flush()


def _return_shares(redemption_id: int, shares: Mapping[int, Won]) -> None:
    for grant_id, share in sorted(shares.items()):
        db.session.execute(
            update(RedemptionShare)
            .where(
                RedemptionShare.redemption_id == redemption_id,
                RedemptionShare.grant_id == grant_id,
            )
            .values(reversed_amount=RedemptionShare.reversed_amount + share)
        )


def _reserve_again(coupon: Coupon) -> None:
    """
    Reserve the coupon's worst case once more.

    Others may have used the money that a partial cancel freed; then the coupon comes back with
    what the grants still have. It is never less than what returns in this very transaction.
    """
    shares = budgets.shares_of_version(coupon.version_id)
    free = {
        grant.id: grant.ceiling - grant.reserved - grant.spent
        for grant in db.session.scalars(
            select(Grant)
            .where(Grant.id.in_([grant_id for grant_id, _ in shares]))
            .order_by(Grant.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    affordable = min(
        [coupon.worst_case, *(free[grant_id] * 10_000 // bps for grant_id, bps in shares)]
    )
    parts = budgets.split(Won(affordable), shares)
    while any(part > free[grant_id] for grant_id, part in parts.items()):
        affordable -= 1
        parts = budgets.split(Won(affordable), shares)
    budgets.move({grant_id: (part, 0) for grant_id, part in parts.items()})
    coupon.worst_case = coupon.balance = Won(affordable)


def _make_usable(coupon: Coupon, at: datetime) -> None:
    coupon.state = CouponState.CLAIMED
    if coupon.expires_at is not None:
        coupon.expires_at = max(coupon.expires_at, at + GRACE)
