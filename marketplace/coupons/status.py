"""The states of campaigns, coupons and redemptions, and the moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.coupons.models import CampaignStatus, CouponState, RedemptionState

CAMPAIGN_MOVES: Final[Mapping[CampaignStatus, frozenset[CampaignStatus]]] = {
    CampaignStatus.DRAFT: frozenset({CampaignStatus.SUBMITTED}),
    CampaignStatus.SUBMITTED: frozenset({CampaignStatus.APPROVED, CampaignStatus.DRAFT}),
    CampaignStatus.APPROVED: frozenset({CampaignStatus.RUNNING, CampaignStatus.ENDED}),
    CampaignStatus.RUNNING: frozenset({CampaignStatus.PAUSED, CampaignStatus.ENDED}),
    CampaignStatus.PAUSED: frozenset({CampaignStatus.RUNNING, CampaignStatus.ENDED}),
    CampaignStatus.ENDED: frozenset(),
}

COUPON_MOVES: Final[Mapping[CouponState, frozenset[CouponState]]] = {
    # Straight to held: paper is spent by whoever brings it, and comes back to nobody in particular.
    CouponState.ISSUED: frozenset(
        {CouponState.CLAIMED, CouponState.HELD, CouponState.EXPIRED, CouponState.REVOKED}
    ),
    # Back to issued: who gives a coupon back leaves it to the next one.
    CouponState.CLAIMED: frozenset(
        {
            CouponState.ISSUED,
            CouponState.HELD,
            CouponState.REDEEMED,
            CouponState.EXPIRED,
            CouponState.REVOKED,
        }
    ),
    CouponState.HELD: frozenset({CouponState.ISSUED, CouponState.CLAIMED, CouponState.REDEEMED}),
    CouponState.REDEEMED: frozenset({CouponState.ISSUED, CouponState.CLAIMED}),
    CouponState.EXPIRED: frozenset({CouponState.ISSUED, CouponState.CLAIMED}),
    CouponState.REVOKED: frozenset(),
}

REDEMPTION_MOVES: Final[Mapping[RedemptionState, frozenset[RedemptionState]]] = {
    RedemptionState.HELD: frozenset({RedemptionState.REDEEMED, RedemptionState.RELEASED}),
    RedemptionState.REDEEMED: frozenset({RedemptionState.REVERSED}),
    # A payment that arrives late holds the same coupon for the same order again.
    RedemptionState.RELEASED: frozenset({RedemptionState.HELD}),
    RedemptionState.REVERSED: frozenset(),
}
