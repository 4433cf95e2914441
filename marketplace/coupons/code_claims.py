"""A resident claims with a number: the shared code of a campaign, or the code of one coupon."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.coupons import claims, codes, eligibility
from marketplace.coupons.claims import ClaimedCoupon
from marketplace.coupons.issue_models import CouponCode
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    CampaignVersion,
    ClaimSource,
    Coupon,
    CouponState,
)
from marketplace.coupons.refusals import (
    CouponNotFound,
    CouponRefused,
    Ended,
    Expired,
    NotStarted,
    Paused,
)

LONGEST: Final = 64
_RELEASED: Final = (CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.ENDED)


class CodeUnknown(CouponNotFound):
    """Nobody's code, or one that somebody else has used: both are answered alike."""

    message = "쓸 수 없는 쿠폰 번호입니다. 번호를 다시 확인해 주세요."


class HasOneAlready(CouponRefused):
    """The person has as many coupons of the campaign as one person may have."""

    refusal = "limit_person"
    message = "{name} 쿠폰은 이미 받으셨습니다. 이 번호는 다른 분이 쓸 수 있게 남아 있습니다."


def claim(*, written: str, person_id: int, at: datetime) -> ClaimedCoupon:
    """
    Give a person the coupon a number stands for. The same person asking again gets the same one.

    Both tables are asked whatever was typed, so that no answer comes sooner than another.

    :raises CodeUnknown, NotStarted, Ended, Paused, Expired, NotEligible, AllTaken, HasOneAlready:
    """
    campaign_id = db.session.scalar(
        select(Campaign.id).where(
            Campaign.shared_code == _as_shared(written), Campaign.status.in_(_RELEASED)
        )
    )
    found = db.session.execute(
        select(Coupon, CampaignVersion, Campaign)
        .join(CouponCode, CouponCode.coupon_id == Coupon.id)
        .join(CampaignVersion, CampaignVersion.id == Coupon.version_id)
        .join(Campaign, Campaign.id == Coupon.campaign_id)
        .where(
            CouponCode.digest.in_(codes.digests(codes.read(written) or "")),
            Campaign.status.in_(_RELEASED),
            (Coupon.state == CouponState.ISSUED) | (Coupon.person_id == person_id),
        )
        .with_for_update(of=Coupon)
        .execution_options(populate_existing=True)
    ).first()
    if campaign_id is not None:
        return claims.claim(
            campaign_id=campaign_id, person_id=person_id, at=at, source=ClaimSource.SHARED_CODE
        )
    if found is None:
        raise CodeUnknown
    return _claim_this(*found, person_id, at)


def _as_shared(written: str) -> str:
    plain = unicodedata.normalize("NFKC", written[:LONGEST]).upper()
    return "".join(
        sign
        for sign in plain
        if not sign.isspace() and unicodedata.category(sign) not in ("Cf", "Cc", "Cs")
    )


def _claim_this(
    coupon: Coupon, version: CampaignVersion, campaign: Campaign, person_id: int, at: datetime
) -> ClaimedCoupon:
    if coupon.person_id == person_id and coupon.expires_at is not None:
        return ClaimedCoupon(coupon.id, campaign.name, coupon.expires_at, fresh=False)
    _refuse_unless_open(campaign, version, at)
    eligibility.refuse_unless_eligible(
        rules=version.eligibility, name=campaign.name, person_id=person_id, at=at
    )
    eligibility.refuse_second_share(
        rules=version.eligibility, version_id=version.id, name=campaign.name, person_id=person_id
    )
    turn = 1 + (
        db.session.scalar(
            select(func.count()).where(
                Coupon.campaign_id == campaign.id, Coupon.person_id == person_id
            )
        )
        or 0
    )
    if turn > version.per_person_limit:
        raise HasOneAlready(name=campaign.name)
    until = version.valid_until or at + timedelta(days=version.valid_days or 0)
    try:
        with db.session.begin_nested():
            db.session.execute(
                update(Coupon)
                .where(Coupon.id == coupon.id)
                .values(
                    person_id=person_id,
                    claim_no=turn,
                    claimed_at=at,
                    state=CouponState.CLAIMED,
                    source=ClaimSource.UNIQUE_CODE,
                    expires_at=until,
                )
            )
    except IntegrityError as error:
        # Two numbers of one campaign sent at once: the other one was sooner.
        raise HasOneAlready(name=campaign.name) from error
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "coupon_claimed", "coupon_id": coupon.id},
        key=f"coupon_claimed:{coupon.id}:{person_id}",
    )
    return ClaimedCoupon(coupon.id, campaign.name, until, fresh=True)


def _refuse_unless_open(campaign: Campaign, version: CampaignVersion, at: datetime) -> None:
    if campaign.status == CampaignStatus.ENDED or at >= campaign.ends_at:
        raise Ended(name=campaign.name)
    if campaign.status == CampaignStatus.PAUSED:
        raise Paused(name=campaign.name)
    if at < campaign.starts_at:
        raise NotStarted(name=campaign.name, starts=claims.start_text(campaign.starts_at))
    if version.valid_until is not None and at >= version.valid_until:
        raise Expired
