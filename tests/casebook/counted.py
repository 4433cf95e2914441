"""
Coupons as rows: uses that are held, redeemed and reversed by the product, and counted in rows.

A coupon of the casebook is a code anybody may enter, so that its uses are slots nobody owns, as
the paper coupons of a campaign are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import holds, redemption, reversal
from marketplace.coupons.models import (
    Campaign,
    Coupon,
    CouponKind,
    CouponState,
    Grant,
    RedemptionShare,
)
from tests import make

_references = count(1)
_A_MOMENT = timedelta(minutes=1)


def campaign(
    *, slots: int, worst_case: int, kind: CouponKind = CouponKind.FIXED, of: Grant | None = None
) -> Campaign:
    """Issue slots that are worth at most so much each, paid by a grant."""
    paying = of or make.grant(ceiling=max(1, slots) * worst_case)
    return make.campaign(
        kind=kind,
        amount=worst_case,
        cap=max(1, slots),
        issued=slots,
        grants=[(paying, 10_000)],
    )


def free_slot(drive: Campaign) -> int:
    """Return a slot nobody has used."""
    return db.session.scalars(
        select(Coupon.id)
        .where(Coupon.campaign_id == drive.id, Coupon.state == CouponState.ISSUED)
        .order_by(Coupon.slot_no)
        .limit(1)
    ).one()


def hold(coupon_id: int, amount: int, *, by: int | None = None, at: datetime = make.NOW) -> str:
    """Hold an amount of a coupon; return the reference it is held by."""
    reference = f"case:{next(_references)}"
    holds.hold(
        coupon_id=coupon_id,
        person_id=by,
        reference=reference,
        amount=Won(amount),
        expires_at=at + _A_MOMENT,
        at=at,
    )
    return reference


def redeem(coupon_id: int, amount: int, *, by: int | None = None) -> int:
    """Hold and redeem an amount of a coupon; return the redemption's id."""
    (redemption_id,) = redemption.redeem(reference=hold(coupon_id, amount, by=by), at=make.NOW)
    return redemption_id


def reverse(redemption_id: int, amount: int, *, restore: bool) -> None:
    """Give an amount of a use back to the grant that paid it."""
    grant_id = db.session.scalars(
        select(RedemptionShare.grant_id).where(RedemptionShare.redemption_id == redemption_id)
    ).one()
    shares: Mapping[int, Won] = {grant_id: Won(amount)}
    reversal.reverse(redemption_id=redemption_id, shares=shares, restore=restore, at=make.NOW)


def is_used(coupon_id: int) -> bool:
    """Say whether a slot counts as used now."""
    return coupon(coupon_id).state is CouponState.REDEEMED


def used_of(drive: Campaign) -> int:
    """Return how many slots of a campaign are used."""
    used = select(func.count()).where(
        Coupon.campaign_id == drive.id, Coupon.state == CouponState.REDEEMED
    )
    return db.session.scalar(used) or 0


def coupon(coupon_id: int) -> Coupon:
    """Return a coupon as it stands now."""
    return db.session.get_one(Coupon, coupon_id, populate_existing=True)
