"""What each funder gave, what is reserved, spent and left; and what coupons became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, case, func, select

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    Coupon,
    CouponState,
    Funder,
    FunderKind,
    Grant,
)

_LABELS: Final = {
    CampaignStatus.DRAFT: "작성 중",
    CampaignStatus.SUBMITTED: "승인 대기",
    CampaignStatus.APPROVED: "승인",
    CampaignStatus.RUNNING: "진행 중",
    CampaignStatus.PAUSED: "멈춤",
    CampaignStatus.ENDED: "종료",
}


@dataclass(frozen=True)
class GrantSpend:
    """One grant against its ceiling, in won."""

    grant_id: int
    funder: str
    funder_kind: FunderKind
    name: str
    account_code: str
    fiscal_year: int
    ceiling: Won
    reserved: Won
    spent: Won

    @property
    def left(self) -> Won:
        """Return what can still be reserved."""
        return Won(self.ceiling - self.reserved - self.spent)


@dataclass(frozen=True)
class CampaignCount:
    """One campaign's coupons by what became of them."""

    campaign_id: int
    name: str
    status: str
    issued: int
    unclaimed: int
    claimed: int
    redeemed: int
    expired: int


def list_grants() -> list[GrantSpend]:
    """Return every grant, newest year first, funders in their order."""
    rows = db.session.execute(
        select(Grant, Funder)
        .join(Funder, Funder.id == Grant.funder_id)
        .order_by(Grant.fiscal_year.desc(), Funder.position, Grant.id)
        .execution_options(populate_existing=True)
    )
    return [
        GrantSpend(
            grant_id=grant.id,
            funder=funder.name,
            funder_kind=funder.kind,
            name=grant.name,
            account_code=grant.account_code,
            fiscal_year=grant.fiscal_year,
            ceiling=grant.ceiling,
            reserved=grant.reserved,
            spent=grant.spent,
        )
        for grant, funder in rows
    ]


def list_campaign_counts() -> list[CampaignCount]:
    """Return how many coupons of each campaign are where."""

    def count(*states: CouponState) -> ColumnElement[int]:
        return func.count(case((Coupon.state.in_(states), 1)))

    rows = db.session.execute(
        select(
            Campaign.id,
            Campaign.name,
            Campaign.status,
            Campaign.issued,
            count(CouponState.ISSUED),
            count(CouponState.CLAIMED, CouponState.HELD),
            count(CouponState.REDEEMED),
            count(CouponState.EXPIRED, CouponState.REVOKED),
        )
        .outerjoin(Coupon, Coupon.campaign_id == Campaign.id)
        .group_by(Campaign.id)
        .order_by(Campaign.starts_at.desc(), Campaign.id)
    )
    return [
        CampaignCount(campaign_id, name, _LABELS[status], *counts)
        for campaign_id, name, status, *counts in rows
    ]
