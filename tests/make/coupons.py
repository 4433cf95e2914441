"""Grants, campaigns and coupons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.core.db import db
from marketplace.core.money import Won, allocate
from marketplace.coupons import campaigns, claims, issuing
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    Coupon,
    CouponChannel,
    CouponKind,
    Funder,
    FunderKind,
    Grant,
)
from tests.make.common import FAR_AHEAD, LONG_AGO, NOW, numbers, save, writing
from tests.make.people import person

_FUNDERS: Final = {
    FunderKind.NATIONAL: "고용노동부",
    FunderKind.CITY: "서울특별시",
    FunderKind.DISTRICT: "광진구",
    FunderKind.ENTERPRISE: "참여기업",
}


def grant(kind: FunderKind = FunderKind.DISTRICT, *, ceiling: int = 10_000_000) -> Grant:
    """Make money of one funder; the funder as needed."""
    funder = db.session.scalars(select(Funder).where(Funder.kind == kind)).one_or_none()
    if funder is None:
        funder = Funder(kind=kind, name=_FUNDERS[kind], position=list(FunderKind).index(kind))
        save(funder)
    number = next(numbers)
    made = Grant(
        funder_id=funder.id,
        name=f"{funder.name} 예산 {number}",
        account_code=f"A-{number}",
        fiscal_year=2026,
        ceiling=Won(ceiling),
    )
    save(made)
    return made


def rules(
    *,
    grants: Sequence[tuple[Grant, int]],
    kind: CouponKind = CouponKind.FIXED,
    amount: int | None = 5_000,
    rate_bps: int | None = None,
    max_discount: int | None = None,
    round_unit: int = 1,
    min_order: int = 0,
    channel: CouponChannel = CouponChannel.BOTH,
    scope: Mapping[str, Sequence[int | str]] | None = None,
    hours: Mapping[str, object] | None = None,
    eligibility: Mapping[str, object] | None = None,
    stack_group: str = "",
    exclusive: bool = False,
    priority: int = 0,
    per_person_limit: int = 1,
    per_day_limit: int | None = None,
    per_month_limit: int | None = None,
    min_order_after_previous: bool = False,
    clip_over_budget: bool = False,
    valid_until: datetime | None = FAR_AHEAD,
    valid_days: int | None = None,
) -> campaigns.Rules:
    """Return the rules of a coupon of 5,000 won, or whatever else is asked for."""
    return campaigns.Rules(
        kind=kind,
        channel=channel,
        grants=[(paying.id, share_bps) for paying, share_bps in grants],
        amount=None if amount is None or kind is CouponKind.PERCENT else Won(amount),
        rate_bps=rate_bps,
        max_discount=None if max_discount is None else Won(max_discount),
        round_unit=round_unit,
        min_order=Won(min_order),
        scope={key: list(values) for key, values in (scope or {}).items()},
        hours=dict(hours or {}),
        eligibility=dict(eligibility or {}),
        stack_group=stack_group,
        exclusive=exclusive,
        priority=priority,
        per_person_limit=per_person_limit,
        per_day_limit=per_day_limit,
        per_month_limit=per_month_limit,
        min_order_after_previous=min_order_after_previous,
        clip_over_budget=clip_over_budget,
        valid_until=None if valid_days else valid_until,
        valid_days=valid_days,
    )


def campaign(
    *,
    budget: int = 10_000_000,
    funding: Mapping[FunderKind, int] | None = None,
    grants: Sequence[tuple[Grant, int]] | None = None,
    name: str | None = None,
    slug: str | None = None,
    cap: int = 100,
    issued: int | None = None,
    status: CampaignStatus = CampaignStatus.RUNNING,
    starts_at: datetime = LONG_AGO,
    ends_at: datetime = FAR_AHEAD,
    **of_coupon: Any,
) -> Campaign:
    """
    Make a running campaign with its coupons issued, as many as cap and budget allow.

    시비 70 : 구비 30 unless `funding` or `grants` say otherwise; `of_coupon` is for `rules`.
    """
    shares = funding or {FunderKind.CITY: 7_000, FunderKind.DISTRICT: 3_000}
    number = next(numbers)
    with writing():
        its_rules = rules(grants=grants or _new_grants(budget, shares), **of_coupon)
        campaign_id = campaigns.draft(
            slug=slug or f"campaign-{number}",
            name=name or f"마중물 쿠폰 {number}",
            summary="",
            cap=cap,
            starts_at=starts_at,
            ends_at=ends_at,
            rules=its_rules,
            by=None,
            at=LONG_AGO,
        )
        count = min(cap, budget // its_rules.worst_case) if issued is None else issued
        if count:
            issuing.issue(campaign_id=campaign_id, count=count)
        made = db.session.get_one(Campaign, campaign_id)
        # As if approved and started: makers do not tell that story every time.
        made.status = status
        db.session.flush()
    return made


def _new_grants(budget: int, shares: Mapping[FunderKind, int]) -> list[tuple[Grant, int]]:
    ceilings = allocate(Won(budget), list(shares.values()))
    return [
        (grant(kind, ceiling=ceiling), share)
        for (kind, share), ceiling in zip(shares.items(), ceilings, strict=True)
    ]


def claimed_coupon(
    of: Campaign | None = None, *, by: Person | None = None, at: datetime = NOW
) -> Coupon:
    """Let somebody take a coupon of a campaign, the way residents do."""
    drive = of or campaign()
    taker = by or person()
    with writing():
        claimed = claims.claim(campaign_id=drive.id, person_id=taker.id, at=at)
        return db.session.get_one(Coupon, claimed.coupon_id)
