"""Give spent coupon money back: to the same grants, and in the end to the same coupon."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, select, update

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import budgets, holds
from marketplace.coupons.models import (
    CampaignGrant,
    Coupon,
    CouponState,
    Grant,
    Redemption,
    RedemptionReversal,
    RedemptionShare,
    RedemptionState,
)

# A coupon that expired meanwhile comes back usable for at least this long (domain.md).
GRACE: Final = timedelta(days=7)
# Why money comes back when nothing else is said: lines of an order were cancelled.
CANCEL: Final = "cancel"


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


def reverse(
    *,
    redemption_id: int,
    shares: Mapping[int, Won],
    restore: bool,
    at: datetime,
    reason: str = CANCEL,
    actor_id: int | None = None,
) -> None:
    """
    Return shares of a redemption to their grants; with `restore`, the coupon can be used again.

    A stored value gets them back on its balance whatever `restore` says. A paper coupon that
    nobody claimed goes back to be free for its bearer.
    """
    use = db.session.get_one(Redemption, redemption_id)
    coupon = holds.lock([use.coupon_id])[use.coupon_id]
    db.session.refresh(use)
    if use.state != RedemptionState.REDEEMED:
        raise ValueError(f"redemption {redemption_id} is {use.state}, not redeemed")
    amount = Won(sum(shares.values()))
    _return_shares(redemption_id, shares)
    if amount:
        # Goods that cost nothing after other coupons come back without coupon money.
        _write_down(redemption_id, amount, reason=reason, actor_id=actor_id, at=at)
    use.reversed_amount = Won(use.reversed_amount + amount)
    if use.reversed_amount == use.amount:
        use.state = RedemptionState.REVERSED
        use.ended_at = at

    if coupon.state == CouponState.REVOKED or not (restore or holds.is_stored_value(coupon)):
        budgets.move({grant: (0, -share) for grant, share in shares.items()})
    elif holds.is_stored_value(coupon):
        _put_on_balance(coupon, amount, shares)
        _make_usable(coupon, at)
    else:
        budgets.move({grant: (0, -share) for grant, share in shares.items()})
        coupon.balance = coupon.worst_case
        _reserve_again(coupon)
        _make_usable(coupon, at)
    db.session.flush()


def _put_on_balance(coupon: Coupon, amount: Won, shares: Mapping[int, Won]) -> None:
    if coupon.state != CouponState.EXPIRED:
        budgets.move({grant: (share, -share) for grant, share in shares.items()})
        coupon.balance = Won(coupon.balance + amount)
        return
    # What had expired with it is gone for good: only what comes back now is set aside again.
    budgets.move({grant: (0, -share) for grant, share in shares.items()})
    coupon.worst_case = Won(coupon.worst_case - coupon.balance)
    coupon.balance = amount
    _reserve_again(coupon)


def _write_down(
    redemption_id: int, amount: Won, *, reason: str, actor_id: int | None, at: datetime
) -> None:
    db.session.execute(
        insert(RedemptionReversal).values(
            redemption_id=redemption_id,
            amount=amount,
            reversed_at=at,
            reason=reason,
            actor_id=actor_id,
        )
    )


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
    Reserve once more what the coupon is good for.

    Others may have used the money that a partial cancel freed; then the coupon comes back with
    what the grants still have. It is never less than what returns in this very transaction, but
    for the won that a grant's part may round up by.
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
    used = budgets.live_shares([coupon.id]).get(coupon.id, {})
    room = {grant_id: free[grant_id] + used.get(grant_id, 0) for grant_id, _ in shares}
    worst = min(
        [coupon.worst_case, *((room[grant_id] + 1) * 10_000 // bps for grant_id, bps in shares)]
    )
    parts = budgets.split(Won(worst), shares)
    while any(part > room[grant_id] for grant_id, part in parts.items()):
        worst -= 1
        parts = budgets.split(Won(worst), shares)
    budgets.move(
        {
            grant_id: (budgets.left_of(part, used.get(grant_id, 0)), 0)
            for grant_id, part in parts.items()
        }
    )
    coupon.balance = Won(max(0, coupon.balance - (coupon.worst_case - worst)))
    coupon.worst_case = Won(worst)


def _make_usable(coupon: Coupon, at: datetime) -> None:
    coupon.state = holds.free_state(coupon)
    if coupon.expires_at is not None and coupon.expires_at <= at:
        coupon.expires_at = at + GRACE
