"""A coupon nobody wants to keep: its person gives it back, or the office takes it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select

from marketplace.audit import trail
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput
from marketplace.coupons import expiry, waiting
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    Coupon,
    CouponState,
    Redemption,
)
from marketplace.coupons.refusals import AlreadyUsed, CouponNotFound


class NoReason(InvalidInput):
    message = "회수하는 까닭을 적어 주세요."
    field = "reason"


def give_back(*, coupon_id: int, person_id: int, at: datetime) -> str:
    """
    Take an unused coupon back from its person; return the campaign's name.

    While the campaign is open it goes to whoever waits longest, else to the next who asks. Its
    slot and its reserve stay: nothing is issued anew. Afterwards it is revoked.

    :raises CouponNotFound, AlreadyUsed:
    """
    coupon = _lock_unused(coupon_id, person_id=person_id)
    campaign = db.session.get_one(Campaign, coupon.campaign_id)
    trail.record(
        "coupon_given_back", subject_kind="coupon", subject_id=coupon.id, actor_id=person_id
    )
    is_open = (
        campaign.status in (CampaignStatus.RUNNING, CampaignStatus.PAUSED) and at < campaign.ends_at
    )
    if not is_open:
        expiry.end([coupon.id], to=CouponState.REVOKED, at=at)
        return campaign.name
    coupon.state = CouponState.ISSUED
    coupon.person_id = coupon.claimed_at = coupon.source = coupon.expires_at = None
    coupon.claim_no = 1
    db.session.flush()
    waiting.serve(campaign_id=campaign.id, at=at)
    return campaign.name


def revoke(*, coupon_id: int, by: int, reason: str, at: datetime) -> None:
    """
    Take an unused coupon from its person for good, and free what it reserves.

    :raises CouponNotFound, AlreadyUsed, NoReason:
    """
    if not reason.strip():
        raise NoReason
    coupon = _lock_unused(coupon_id)
    expiry.end([coupon.id], to=CouponState.REVOKED, at=at)
    trail.record(
        "coupon_revoked",
        subject_kind="coupon",
        subject_id=coupon.id,
        actor_id=by,
        details={"reason": reason.strip()[:500]},
    )


def _lock_unused(coupon_id: int, *, person_id: int | None = None) -> Coupon:
    wanted = select(Coupon).where(Coupon.id == coupon_id, Coupon.person_id.is_not(None))
    if person_id is not None:
        wanted = wanted.where(Coupon.person_id == person_id)
    coupon = db.session.scalars(
        wanted.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if coupon is None:
        raise CouponNotFound
    used = exists().where(Redemption.coupon_id == coupon.id)
    if coupon.state is not CouponState.CLAIMED or db.session.scalar(select(used)):
        raise AlreadyUsed
    return coupon
