"""A person's coupons as prices need them: rules, grants and what is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from marketplace.core.db import db
from marketplace.core.money import Won, allocate
from marketplace.coupons import budgets, use_limits
from marketplace.coupons.models import (
    Campaign,
    CampaignGrant,
    CampaignStatus,
    CampaignVersion,
    Coupon,
    CouponChannel,
    CouponKind,
    CouponState,
    Funder,
    FunderKind,
    Grant,
    Redemption,
    RedemptionShare,
)

__all__ = [
    "CampaignStatus",
    "CouponChannel",
    "CouponKind",
    "CouponState",
    "FunderKind",
    "GrantShare",
    "OfferedCoupon",
    "UseLimit",
    "list_spendable",
]


class GrantShare(NamedTuple):
    """One grant's part of a coupon in basis points, and whose money it is."""

    grant_id: int
    funder_kind: FunderKind
    share_bps: int


class UseLimit(NamedTuple):
    """How often a person may use a campaign in a day or a month, and how often they did."""

    limit: int
    used: int


@dataclass(frozen=True)
class OfferedCoupon:
    """One coupon of a person with the rules of its version; amounts in won."""

    coupon_id: int
    person_id: int
    campaign_id: int
    campaign_slug: str
    campaign_name: str
    campaign_status: CampaignStatus
    state: CouponState
    kind: CouponKind
    amount: Won | None
    rate_bps: int | None
    max_discount: Won | None
    worst_case: Won
    balance: Won
    round_unit: int
    min_order: Won
    channel: CouponChannel
    scope: Mapping[str, list[int | str]]
    hours: Mapping[str, object]
    stack_group: str
    exclusive: bool
    priority: int
    claimed_at: datetime
    expires_at: datetime
    grants: tuple[GrantShare, ...]
    min_order_after_previous: bool = False
    clip_over_budget: bool = False
    # Only for somebody who has not ordered yet, which the checkout knows.
    first_order: bool = False
    is_for_owner: bool = True
    per_day: UseLimit | None = None
    per_month: UseLimit | None = None
    # What each grant still has set aside for it, when it is spent in parts.
    rooms: tuple[Won, ...] | None = None


# Only of a coupon that is spent in parts: all others have used nothing yet.
_USED_OF_GRANT: Final = case(
    (
        CampaignVersion.kind == CouponKind.STORED_VALUE,
        select(func.coalesce(func.sum(RedemptionShare.amount - RedemptionShare.reversed_amount), 0))
        .select_from(RedemptionShare)
        .join(Redemption, Redemption.id == RedemptionShare.redemption_id)
        .where(
            Redemption.coupon_id == Coupon.id,
            RedemptionShare.grant_id == Grant.id,
            Redemption.state.in_(budgets.USING),
        )
        .correlate(Coupon, Grant)
        .scalar_subquery(),
    ),
    else_=0,
)
_GRANTS: Final = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(
                    Grant.id, Funder.kind, CampaignGrant.share_bps, _USED_OF_GRANT
                ),
                CampaignGrant.position,
            )
        )
    )
    .select_from(CampaignGrant)
    .join(Grant, Grant.id == CampaignGrant.grant_id)
    .join(Funder, Funder.id == Grant.funder_id)
    .where(CampaignGrant.version_id == CampaignVersion.id)
    .correlate(CampaignVersion, Coupon)
    .scalar_subquery()
)


def _used_since(start: str, end: str) -> ColumnElement[int]:
    """Count what the person used of the coupon's campaign between two bound moments."""
    other = aliased(Coupon)
    return (
        select(func.count())
        .select_from(Redemption)
        .join(other, other.id == Redemption.coupon_id)
        .where(
            other.person_id == Coupon.person_id,
            other.campaign_id == Coupon.campaign_id,
            Redemption.held_at >= bindparam(start),
            Redemption.held_at < bindparam(end),
            use_limits.LIVE,
        )
        .correlate(Coupon)
        .scalar_subquery()
    )


_COUPONS: Final = (
    select(
        Coupon,
        CampaignVersion,
        Campaign,
        _GRANTS,
        case(
            (CampaignVersion.per_day_limit.is_not(None), _used_since("day_start", "day_end")),
            else_=0,
        ),
        case(
            (CampaignVersion.per_month_limit.is_not(None), _used_since("month_start", "month_end")),
            else_=0,
        ),
    )
    .join(CampaignVersion, CampaignVersion.id == Coupon.version_id)
    .join(Campaign, Campaign.id == Coupon.campaign_id)
    .where(Coupon.person_id == bindparam("person"))
    .order_by(Coupon.expires_at, Coupon.id)
    .execution_options(populate_existing=True)
)
_SPENDABLE: Final = _COUPONS.where(
    Coupon.state == CouponState.CLAIMED, Coupon.expires_at > bindparam("at"), Coupon.balance > 0
)
_NAMED: Final = _COUPONS.where(Coupon.id == func.any(bindparam("coupons", type_=ARRAY(BigInteger))))


def list_spendable(
    *, person_id: int, at: datetime, coupon_ids: Collection[int] | None = None
) -> list[OfferedCoupon]:
    """
    Return a person's coupons in one query, soonest expiry first.

    Without ids only those that can be spent now; with ids those among them that are the
    person's, whatever their state, so that a price can say why one is refused.
    """
    day, month = use_limits.day_of(at), use_limits.month_of(at)
    bound = {
        "person": person_id,
        "day_start": day[0],
        "day_end": day[1],
        "month_start": month[0],
        "month_end": month[1],
    }
    if coupon_ids is None:
        rows = db.session.execute(_SPENDABLE, {**bound, "at": at})
    else:
        rows = db.session.execute(_NAMED, {**bound, "coupons": list(coupon_ids)})
    return [_offer(*row) for row in rows]


def _offer(
    coupon: Coupon,
    version: CampaignVersion,
    campaign: Campaign,
    grants: list[list[object]],
    used_today: int,
    used_this_month: int,
) -> OfferedCoupon:
    if coupon.person_id is None or coupon.claimed_at is None or coupon.expires_at is None:
        raise AssertionError(f"coupon {coupon.id} is selected by its person")
    return OfferedCoupon(
        coupon_id=coupon.id,
        person_id=coupon.person_id,
        campaign_id=campaign.id,
        campaign_slug=campaign.slug,
        campaign_name=campaign.name,
        campaign_status=campaign.status,
        state=coupon.state,
        kind=version.kind,
        amount=version.amount,
        rate_bps=version.rate_bps,
        max_discount=version.max_discount,
        worst_case=coupon.worst_case,
        balance=coupon.balance,
        round_unit=version.round_unit,
        min_order=version.min_order,
        channel=version.channel,
        scope=version.scope,
        hours=version.hours,
        stack_group=version.stack_group,
        exclusive=version.exclusive,
        priority=version.priority,
        claimed_at=coupon.claimed_at,
        expires_at=coupon.expires_at,
        grants=tuple(
            GrantShare(int(str(grant)), FunderKind(str(kind)), int(str(bps)))
            for grant, kind, bps, _ in grants
        ),
        min_order_after_previous=version.min_order_after_previous,
        clip_over_budget=version.clip_over_budget,
        first_order=bool(version.eligibility.get("first_order")),
        per_day=_limit(version.per_day_limit, used_today),
        per_month=_limit(version.per_month_limit, used_this_month),
        rooms=_rooms(coupon.worst_case, grants)
        if version.kind is CouponKind.STORED_VALUE
        else None,
    )


def _limit(limit: int | None, used: int) -> UseLimit | None:
    return None if limit is None else UseLimit(limit, used)


def _rooms(worst_case: Won, grants: list[list[object]]) -> tuple[Won, ...]:
    parts = allocate(worst_case, [int(str(bps)) for _, _, bps, _ in grants])
    return tuple(
        budgets.left_of(part, int(str(used)))
        for part, (*_, used) in zip(parts, grants, strict=True)
    )
