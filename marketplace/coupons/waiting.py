"""The waiting list of a campaign that is all taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from marketplace.core.db import db
from marketplace.coupons import claims
from marketplace.coupons.issue_models import WaitingEntry
from marketplace.coupons.models import Campaign, CampaignStatus, ClaimSource, Coupon, CouponState
from marketplace.coupons.refusals import (
    AllTaken,
    CouponNotFound,
    CouponRefused,
    Ended,
    NotEligible,
)

# Those at the head whom the rules exclude by now must not stop everybody behind them.
_LOOKED_AT: Final = 50


@dataclass(frozen=True)
class Place:
    """Where a person stands in one queue; `ahead` counts those before."""

    slug: str
    name: str
    ahead: int


class NoWaitingList(CouponRefused):
    message = "{name} 쿠폰은 대기 신청을 받지 않습니다."


class StillLeft(CouponRefused):
    message = "{name} 쿠폰이 아직 남아 있습니다. 쿠폰 받기를 눌러 주세요."


class HasItAlready(CouponRefused):
    refusal = "limit_person"
    message = "{name} 쿠폰은 이미 받으셨습니다."


def join(*, slug: str, person_id: int, at: datetime) -> str:
    """
    Put a person at the end of the queue, once; return the campaign's name.

    :raises CouponNotFound, NoWaitingList, Ended, HasItAlready, StillLeft:
    """
    campaign = _get(slug)
    name = campaign.name
    if not campaign.has_waiting_list or campaign.status is CampaignStatus.PAUSED:
        raise NoWaitingList(name=name)
    if campaign.status is CampaignStatus.ENDED or at >= campaign.ends_at:
        raise Ended(name=name)
    of_campaign = Coupon.campaign_id == campaign.id
    if db.session.scalar(select(exists().where(of_campaign, Coupon.person_id == person_id))):
        raise HasItAlready(name=name)
    if db.session.scalar(select(exists().where(of_campaign, Coupon.state == CouponState.ISSUED))):
        raise StillLeft(name=name)
    entry = insert(WaitingEntry).values(campaign_id=campaign.id, person_id=person_id, queued_at=at)
    db.session.execute(
        entry.on_conflict_do_update(
            index_elements=[WaitingEntry.campaign_id, WaitingEntry.person_id],
            set_={"queued_at": at, "served_at": None},
            # Asking twice loses nobody their place; who gave a coupon back queues anew.
            where=WaitingEntry.served_at.is_not(None),
        )
    )
    return name


def leave(*, slug: str, person_id: int) -> str:
    """
    Take a person out of the queue; return the campaign's name.

    :raises CouponNotFound:
    """
    campaign = _get(slug)
    db.session.execute(
        delete(WaitingEntry).where(
            WaitingEntry.campaign_id == campaign.id,
            WaitingEntry.person_id == person_id,
            WaitingEntry.served_at.is_(None),
        )
    )
    return campaign.name


def serve(*, campaign_id: int, at: datetime) -> int:
    """Give what is free to those who wait longest; return how many got one."""
    served = 0
    for entry in _first(campaign_id):
        try:
            claims.claim(
                campaign_id=campaign_id,
                person_id=entry.person_id,
                at=at,
                source=ClaimSource.WAITING_LIST,
            )
        except NotEligible:
            continue
        except (AllTaken, CouponNotFound, CouponRefused):
            break
        entry.served_at = at
        served += 1
    db.session.flush()
    return served


def list_to_serve(*, at: datetime) -> list[int]:
    """List open campaigns somebody waits for although a coupon is free."""
    waits = exists().where(
        WaitingEntry.campaign_id == Campaign.id, WaitingEntry.served_at.is_(None)
    )
    has_free = exists().where(Coupon.campaign_id == Campaign.id, Coupon.state == CouponState.ISSUED)
    return list(
        db.session.scalars(
            select(Campaign.id)
            .where(
                Campaign.status == CampaignStatus.RUNNING,
                Campaign.has_waiting_list,
                Campaign.ends_at > at,
                waits,
                has_free,
            )
            .order_by(Campaign.id)
        )
    )


def count_before(*, campaign_id: int, person_id: int) -> int | None:
    """Count those ahead of a person in the queue; None when the person does not wait."""
    own = db.session.scalar(
        select(WaitingEntry.queued_at).where(
            WaitingEntry.campaign_id == campaign_id,
            WaitingEntry.person_id == person_id,
            WaitingEntry.served_at.is_(None),
        )
    )
    if own is None:
        return None
    return db.session.scalar(
        select(func.count()).where(
            WaitingEntry.campaign_id == campaign_id,
            WaitingEntry.served_at.is_(None),
            WaitingEntry.queued_at < own,
        )
    )


def list_places(*, person_id: int, at: datetime) -> list[Place]:
    """List the queues a person stands in, the one that ends first at the top."""
    before = aliased(WaitingEntry)
    ahead = (
        select(func.count())
        .select_from(before)
        .where(
            before.campaign_id == WaitingEntry.campaign_id,
            before.served_at.is_(None),
            before.queued_at < WaitingEntry.queued_at,
        )
        .correlate(WaitingEntry)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Campaign.slug, Campaign.name, ahead)
        .join(WaitingEntry, WaitingEntry.campaign_id == Campaign.id)
        .where(
            WaitingEntry.person_id == person_id,
            WaitingEntry.served_at.is_(None),
            Campaign.status.in_([CampaignStatus.RUNNING, CampaignStatus.PAUSED]),
            Campaign.ends_at > at,
        )
        .order_by(Campaign.ends_at, Campaign.id)
    )
    return [Place(*row) for row in rows]


def _get(slug: str) -> Campaign:
    campaign = db.session.scalars(select(Campaign).where(Campaign.slug == slug)).one_or_none()
    shown = (CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.ENDED)
    if campaign is None or campaign.status not in shown:
        raise CouponNotFound
    return campaign


def _first(campaign_id: int) -> list[WaitingEntry]:
    return list(
        db.session.scalars(
            select(WaitingEntry)
            .where(WaitingEntry.campaign_id == campaign_id, WaitingEntry.served_at.is_(None))
            .order_by(WaitingEntry.queued_at, WaitingEntry.person_id)
            .limit(_LOOKED_AT)
            .with_for_update(skip_locked=True)
        )
    )
