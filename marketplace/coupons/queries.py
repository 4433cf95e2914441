"""Reads for the coupon zone, the wallet and the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BigInteger, case, cast, exists, func, null, select, union_all

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.issue_models import WaitingEntry
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    CampaignVersion,
    Coupon,
    CouponChannel,
    CouponKind,
    CouponState,
    IssueMode,
    Redemption,
)


@dataclass(frozen=True)
class CampaignCard:
    """One campaign as a resident sees it; `left` counts coupons nobody has claimed."""

    id: int
    slug: str
    name: str
    summary: str
    status: CampaignStatus
    kind: CouponKind
    amount: Won | None
    rate_bps: int | None
    max_discount: Won | None
    round_unit: int
    min_order: Won
    channel: CouponChannel
    scope: Mapping[str, list[int | str]]
    eligibility: Mapping[str, object]
    starts_at: datetime
    ends_at: datetime
    valid_until: datetime | None
    valid_days: int | None
    issued: int
    left: int
    has_waiting_list: bool
    own_coupon_id: int | None = None
    is_waiting: bool = False

    def is_open(self, at: datetime) -> bool:
        """Tell whether a coupon can be claimed now."""
        running = self.status is CampaignStatus.RUNNING
        return running and self.starts_at <= at < self.ends_at and self.left > 0


@dataclass(frozen=True)
class WalletCoupon:
    """
    One coupon of a wallet; `used` is what redemptions took, in won.

    `was_used` stays true when a use was reversed: such a coupon cannot be given back.
    """

    id: int
    campaign_slug: str
    campaign_name: str
    summary: str
    kind: CouponKind
    amount: Won | None
    rate_bps: int | None
    max_discount: Won | None
    min_order: Won
    channel: CouponChannel
    scope: Mapping[str, list[int | str]]
    state: CouponState
    balance: Won
    used: Won
    was_used: bool
    claimed_at: datetime
    expires_at: datetime

    def is_usable(self, at: datetime) -> bool:
        """Tell whether it can be spent now."""
        return self.state is CouponState.CLAIMED and at < self.expires_at


@dataclass(frozen=True)
class Standing:
    """What one person has of the campaigns: coupons, and places in queues, by campaign."""

    coupons: Mapping[int, int]
    waiting: frozenset[int]


def list_campaigns(*, at: datetime, person_id: int | None = None) -> list[CampaignCard]:
    """Return running and coming campaigns open to claims, soonest end first."""
    left = (
        select(func.count())
        .where(Coupon.campaign_id == Campaign.id, Coupon.state == CouponState.ISSUED)
        .correlate(Campaign)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Campaign, CampaignVersion, left)
        .join(
            CampaignVersion,
            (CampaignVersion.campaign_id == Campaign.id)
            & (CampaignVersion.number == Campaign.version_number),
        )
        .where(
            Campaign.issue_mode == IssueMode.OPEN_CLAIM,
            Campaign.status.in_([CampaignStatus.RUNNING, CampaignStatus.PAUSED]),
            Campaign.ends_at > at,
        )
        .order_by(case((Campaign.starts_at <= at, 0), else_=1), Campaign.ends_at, Campaign.id)
        .execution_options(populate_existing=True)
    )
    cards = [_card(*row) for row in rows]
    return cards if person_id is None else for_person(cards, person_id=person_id)


def for_person(cards: Sequence[CampaignCard], *, person_id: int) -> list[CampaignCard]:
    """Return campaigns with what a person has of them."""
    standing = find_standing(person_id=person_id, campaign_ids=[card.id for card in cards])
    return [
        replace(
            card,
            own_coupon_id=standing.coupons.get(card.id),
            is_waiting=card.id in standing.waiting,
        )
        for card in cards
    ]


def find_standing(*, person_id: int, campaign_ids: Sequence[int]) -> Standing:
    """Return what a person has of some campaigns, in one query."""
    coupons = select(Coupon.campaign_id, func.min(Coupon.id)).where(
        Coupon.person_id == person_id, Coupon.campaign_id.in_(campaign_ids)
    )
    places = select(WaitingEntry.campaign_id, cast(null(), BigInteger)).where(
        WaitingEntry.person_id == person_id,
        WaitingEntry.campaign_id.in_(campaign_ids),
        WaitingEntry.served_at.is_(None),
    )
    rows = db.session.execute(union_all(coupons.group_by(Coupon.campaign_id), places)).all()
    return Standing(
        coupons={campaign: coupon for campaign, coupon in rows if coupon is not None},
        waiting=frozenset(campaign for campaign, coupon in rows if coupon is None),
    )


def find_campaign_of_the_moment(
    *, at: datetime, person_id: int | None = None
) -> CampaignCard | None:
    """Return the campaign to show first: open, else the next to open."""
    cards = list_campaigns(at=at, person_id=person_id)
    opened = [card for card in cards if card.is_open(at)]
    return next(iter(opened or cards), None)


def list_wallet(*, person_id: int) -> list[WalletCoupon]:
    """Return every coupon a person ever took, usable ones first, in one query."""
    used = (
        select(func.coalesce(func.sum(Redemption.amount - Redemption.reversed_amount), 0))
        .where(Redemption.coupon_id == Coupon.id, Redemption.redeemed_at.is_not(None))
        .correlate(Coupon)
        .scalar_subquery()
    )
    was_used = exists().where(Redemption.coupon_id == Coupon.id).correlate(Coupon)
    rows = db.session.execute(
        select(Coupon, CampaignVersion, Campaign, used, was_used)
        .join(CampaignVersion, CampaignVersion.id == Coupon.version_id)
        .join(Campaign, Campaign.id == Coupon.campaign_id)
        .where(Coupon.person_id == person_id)
        .order_by(
            case((Coupon.state == CouponState.CLAIMED, 0), else_=1), Coupon.expires_at, Coupon.id
        )
        .execution_options(populate_existing=True)
    )
    return [_wallet_coupon(*row) for row in rows]


def _card(campaign: Campaign, version: CampaignVersion, left: int) -> CampaignCard:
    return CampaignCard(
        id=campaign.id,
        slug=campaign.slug,
        name=campaign.name,
        summary=campaign.summary,
        status=campaign.status,
        kind=version.kind,
        amount=version.amount,
        rate_bps=version.rate_bps,
        max_discount=version.max_discount,
        round_unit=version.round_unit,
        min_order=version.min_order,
        channel=version.channel,
        scope=version.scope,
        eligibility=version.eligibility,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        valid_until=version.valid_until,
        valid_days=version.valid_days,
        issued=campaign.issued,
        left=left,
        has_waiting_list=campaign.has_waiting_list,
    )


def _wallet_coupon(
    coupon: Coupon, version: CampaignVersion, campaign: Campaign, used: int, was_used: bool
) -> WalletCoupon:
    if coupon.claimed_at is None or coupon.expires_at is None:
        raise AssertionError(f"coupon {coupon.id} is selected by its person")
    return WalletCoupon(
        id=coupon.id,
        campaign_slug=campaign.slug,
        campaign_name=campaign.name,
        summary=campaign.summary,
        kind=version.kind,
        amount=version.amount,
        rate_bps=version.rate_bps,
        max_discount=version.max_discount,
        min_order=version.min_order,
        channel=version.channel,
        scope=version.scope,
        state=coupon.state,
        balance=coupon.balance,
        used=Won(used),
        was_used=was_used,
        claimed_at=coupon.claimed_at,
        expires_at=coupon.expires_at,
    )
