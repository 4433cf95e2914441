"""A resident takes one coupon of a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, cast, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from marketplace.accounts.models import Person
from marketplace.core import outbox
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.coupons.campaigns import slot_sequence
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    CampaignVersion,
    Coupon,
    CouponState,
)
from marketplace.coupons.refusals import (
    AllTaken,
    CouponNotFound,
    Ended,
    NotEligible,
    NotStarted,
    Paused,
)

# A slot may be taken by somebody else between finding and taking it.
_TURNS: Final = 5


@dataclass(frozen=True)
class ClaimedCoupon:
    """A coupon somebody holds; `fresh` when this very claim took it."""

    coupon_id: int
    campaign_name: str
    expires_at: datetime
    fresh: bool


def claim(*, campaign_id: int, person_id: int, at: datetime) -> ClaimedCoupon:
    """
    Give a person one coupon of a campaign. The same person asking again gets the same coupon.

    :raises CouponNotFound, NotStarted, Ended, Paused, NotEligible, AllTaken:
    """
    campaign, own, dong_code = _look(campaign_id, person_id)
    if own is not None and own.expires_at is not None:
        return ClaimedCoupon(own.id, campaign.name, own.expires_at, fresh=False)
    _refuse_unless_open(campaign, at)
    for _ in range(_TURNS):
        version_id, slot = _free_slot(campaign)
        version = db.session.get_one(CampaignVersion, version_id)
        _refuse_unless_eligible(campaign, version, dong_code)
        expires_at = version.valid_until or at + timedelta(days=version.valid_days or 0)
        try:
            taken = _take(slot, person_id, expires_at, at)
        except IntegrityError:
            # The same person pressed twice at once: the first claim stands, this slot stays free.
            _, own, _ = _look(campaign_id, person_id)
            if own is None or own.expires_at is None:
                raise
            return ClaimedCoupon(own.id, campaign.name, own.expires_at, fresh=False)
        if taken:
            break
    else:
        raise AllTaken(name=campaign.name)
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "coupon_claimed", "coupon_id": slot},
        key=f"coupon_claimed:{slot}",
    )
    return ClaimedCoupon(slot, campaign.name, expires_at, fresh=True)


def find_campaign_id(slug: str) -> int:
    """
    Return the campaign of an address.

    :raises CouponNotFound:
    """
    campaign_id = db.session.scalar(
        select(Campaign.id).where(
            Campaign.slug == slug,
            Campaign.status.in_(
                [CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.ENDED]
            ),
        )
    )
    if campaign_id is None:
        raise CouponNotFound
    return campaign_id


def _look(campaign_id: int, person_id: int) -> tuple[Campaign, Coupon | None, str | None]:
    row = db.session.execute(
        select(Campaign, Coupon, Person.dong_code)
        .select_from(Campaign)
        .join(Person, Person.id == person_id)
        .outerjoin(
            Coupon,
            and_(
                Coupon.campaign_id == Campaign.id,
                Coupon.person_id == person_id,
                Coupon.claim_no == 1,
            ),
        )
        .where(Campaign.id == campaign_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise CouponNotFound
    campaign, coupon, dong_code = row
    return campaign, coupon, dong_code


def _take(slot: int, person_id: int, expires_at: datetime, at: datetime) -> bool:
    with db.session.begin_nested():
        taken = db.session.execute(
            update(Coupon)
            .where(Coupon.id == slot, Coupon.state == CouponState.ISSUED)
            .values(
                person_id=person_id,
                claimed_at=at,
                state=CouponState.CLAIMED,
                expires_at=expires_at,
            )
            .returning(Coupon.id)
        )
        return taken.first() is not None


def _refuse_unless_open(campaign: Campaign, at: datetime) -> None:
    if campaign.status == CampaignStatus.PAUSED:
        raise Paused(name=campaign.name)
    if campaign.status == CampaignStatus.ENDED or at >= campaign.ends_at:
        raise Ended(name=campaign.name)
    if campaign.status != CampaignStatus.RUNNING:
        raise CouponNotFound
    if at < campaign.starts_at:
        starts = campaign.starts_at.astimezone(SEOUL)
        raise NotStarted(name=campaign.name, starts=f"{starts:%Y.%m.%d. %H:%M}")


def _refuse_unless_eligible(
    campaign: Campaign, version: CampaignVersion, dong_code: str | None
) -> None:
    dong = version.eligibility.get("dong")
    if isinstance(dong, list) and dong_code not in dong:
        raise NotEligible(name=campaign.name)


def _free_slot(campaign: Campaign) -> tuple[int, int]:
    """
    Return (version id, coupon id) of a coupon nobody has.

    The sequence gives every claim its own row, so claims do not wait for each other; slots that
    a failed claim left behind are found with SKIP LOCKED once the sequence is through.
    """
    sequence = slot_sequence(campaign.id)
    handed_out = db.session.scalar(
        select(func.pg_sequence_last_value(cast(sequence, postgresql.REGCLASS)))
    )
    free = select(Coupon.version_id, Coupon.id).where(
        Coupon.campaign_id == campaign.id, Coupon.state == CouponState.ISSUED
    )
    if (handed_out or 0) < campaign.issued:
        number = db.session.scalar(select(func.nextval(sequence)))
        row = db.session.execute(free.where(Coupon.slot_no == number)).one_or_none()
        if row is not None:
            return row.version_id, row.id
    row = db.session.execute(
        free.order_by(Coupon.slot_no).limit(1).with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        raise AllTaken(name=campaign.name)
    return row.version_id, row.id
