"""A person's coupon in the words a quote understands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Final

from marketplace.checkout.quote_cart import Coupon, Kind, Scope, Target, Voucher
from marketplace.checkout.quote_refusals import Reason
from marketplace.core.calendar import SEOUL
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
            channels=channels,
            refused=refused,
            balance=offered.balance,
            only_discountable=True,
        )
    is_percent = offered.kind is CouponKind.PERCENT
    # A coupon that came back after its grants were spent elsewhere is good for less.
    most = min(offered.balance, offered.max_discount or offered.balance)
    return Coupon(
        id=name,
        priority=offered.priority,
        expires_at=offered.expires_at,
        scope=scope,
        min_order=offered.min_order,
        min_order_scope=scope,
        channels=channels,
        refused=refused,
        kind=Kind.PERCENT if is_percent else Kind.FIXED,
        amount=min(offered.amount or offered.balance, offered.balance),
        rate=Fraction(offered.rate_bps or 0, 100),
        max_discount=most if is_percent else None,
        round_unit=offered.round_unit,
        target=Target.SHIPPING if offered.kind is CouponKind.FREE_SHIPPING else Target.ITEMS,
        exclusive=offered.exclusive,
        stack_group=offered.stack_group,
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
    return None if _is_within_hours(offered.hours, at) else Reason.NOT_STARTED


def _is_within_hours(hours: Mapping[str, object], at: datetime) -> bool:
    local = at.astimezone(SEOUL)
    weekdays = hours.get("weekdays")
    if isinstance(weekdays, list) and weekdays and local.weekday() not in weekdays:
        return False
    clock = f"{local:%H:%M}"
    opens, closes = hours.get("from"), hours.get("until")
    return not (isinstance(opens, str) and clock < opens) and not (
        isinstance(closes, str) and clock >= closes
    )
