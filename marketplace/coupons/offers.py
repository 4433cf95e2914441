"""A person's coupons as prices need them: rules, grants and what is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.core.db import db
from marketplace.core.money import Won
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
)

__all__ = [
    "CampaignStatus",
    "CouponChannel",
    "CouponKind",
    "CouponState",
    "FunderKind",
    "GrantShare",
    "OfferedCoupon",
    "list_spendable",
]


class GrantShare(NamedTuple):
    """One grant's part of a coupon in basis points, and whose money it is."""

    grant_id: int
    funder_kind: FunderKind
    share_bps: int


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


_GRANTS: Final = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(Grant.id, Funder.kind, CampaignGrant.share_bps),
                CampaignGrant.position,
            )
        )
    )
    .select_from(CampaignGrant)
    .join(Grant, Grant.id == CampaignGrant.grant_id)
    .join(Funder, Funder.id == Grant.funder_id)
    .where(CampaignGrant.version_id == CampaignVersion.id)
    .correlate(CampaignVersion)
    .scalar_subquery()
)
_COUPONS: Final = (
    select(Coupon, CampaignVersion, Campaign, _GRANTS)
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
    if coupon_ids is None:
        rows = db.session.execute(_SPENDABLE, {"person": person_id, "at": at})
    else:
        rows = db.session.execute(_NAMED, {"person": person_id, "coupons": list(coupon_ids)})
    return [_offer(*row) for row in rows]


def _offer(
    coupon: Coupon, version: CampaignVersion, campaign: Campaign, grants: list[list[object]]
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
            for grant, kind, bps in grants
        ),
    )
