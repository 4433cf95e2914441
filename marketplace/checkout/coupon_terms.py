"""A person's coupon in the words a quote understands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Final

from marketplace.checkout.quote_cart import (
    Budget,
    BudgetType,
    Coupon,
    Kind,
    Quota,
    Scope,
    Target,
    Voucher,
)
from marketplace.checkout.quote_refusals import Reason
from marketplace.coupons import hours
from marketplace.coupons.offers import (
    CampaignStatus,
    CouponChannel,
    CouponKind,
    CouponState,
    OfferedCoupon,
)
from marketplace.orders.models import SalesChannel

_STATE_REFUSALS: Final = {
    CouponState.HELD: Reason.ALREADY_USED,
    CouponState.REDEEMED: Reason.ALREADY_USED,
    CouponState.EXPIRED: Reason.EXPIRED,
    CouponState.REVOKED: Reason.REVERSED,
}


def of(offered: OfferedCoupon, at: datetime) -> Coupon | Voucher:
    """Return the terms of a coupon, with what its state and hours say against it now."""
    scope = _scope(offered.scope)
    channels = {
        CouponChannel.ONLINE: frozenset({SalesChannel.OWN_MALL.value}),
        CouponChannel.COUNTER: frozenset({SalesChannel.COUNTER.value}),
        CouponChannel.BOTH: None,
    }[offered.channel]
    name = str(offered.coupon_id)
    refused = _refusal(offered, at)
    if offered.kind is CouponKind.STORED_VALUE:
        return Voucher(
            id=name,
            priority=offered.priority,
            expires_at=offered.expires_at,
            scope=scope,
            min_order=offered.min_order,
            min_order_scope=scope,
            min_order_after_previous=offered.min_order_after_previous,
            channels=channels,
            quotas=_quotas(offered),
            refused=refused,
            balance=offered.balance,
            only_discountable=True,
        )
    is_percent = offered.kind is CouponKind.PERCENT
    return Coupon(
        id=name,
        priority=offered.priority,
        expires_at=offered.expires_at,
        scope=scope,
        min_order=offered.min_order,
        min_order_scope=scope,
        min_order_after_previous=offered.min_order_after_previous,
        channels=channels,
        quotas=_quotas(offered),
        refused=refused,
        kind=Kind.PERCENT if is_percent else Kind.FIXED,
        amount=offered.amount or offered.balance,
        rate=Fraction(offered.rate_bps or 0, 100),
        max_discount=offered.max_discount if is_percent else None,
        round_unit=offered.round_unit,
        target=Target.SHIPPING if offered.kind is CouponKind.FREE_SHIPPING else Target.ITEMS,
        exclusive=offered.exclusive,
        stack_group=offered.stack_group,
        # A coupon that came back after its grants were spent elsewhere has less behind it.
        budget=Budget(type=BudgetType.SPEND, limit=offered.balance, used=0),
        clip_over_budget=offered.clip_over_budget,
    )


def _quotas(offered: OfferedCoupon) -> tuple[Quota, ...]:
    limits = (
        ("day", offered.per_day, Reason.LIMIT_DAY),
        ("month", offered.per_month, Reason.LIMIT_PERSON),
    )
    return tuple(
        Quota(name=f"{offered.campaign_id}:{span}", left=limit.limit - limit.used, reason=reason)
        for span, limit, reason in limits
        if limit is not None
    )


def _scope(scope: Mapping[str, list[int | str]]) -> Scope:
    def part(name: str) -> frozenset[str] | None:
        values = scope.get(name)
        return frozenset(map(str, values)) if values else None

    return Scope(
        products=part("products"),
        categories=part("categories"),
        enterprises=part("enterprises"),
        designations=part("kinds"),
    )


def _refusal(offered: OfferedCoupon, at: datetime) -> Reason | None:
    if offered.state in _STATE_REFUSALS:
        return _STATE_REFUSALS[offered.state]
    if offered.campaign_status is CampaignStatus.PAUSED:
        return Reason.PAUSED
    if not offered.is_for_owner:
        return Reason.NOT_ELIGIBLE
    return None if hours.is_within(offered.hours, at) else Reason.NOT_STARTED
