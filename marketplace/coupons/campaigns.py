"""A campaign's life: drafted, approved by a second person, run, paused and ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, text

from marketplace.audit import trail
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed
from marketplace.core.money import Won
from marketplace.coupons.models import (
    Campaign,
    CampaignGrant,
    CampaignStatus,
    CampaignVersion,
    CouponChannel,
    CouponKind,
    Funder,
    FunderKind,
    Grant,
)
from marketplace.coupons.refusals import CouponNotFound
from marketplace.coupons.status import CAMPAIGN_MOVES

__all__ = [
    "CampaignStatus",
    "CouponChannel",
    "CouponKind",
    "FunderKind",
    "Rules",
    "add_grant",
    "add_version",
    "approve",
    "draft",
    "get_for_update",
    "move",
    "submit",
    "version_in_force",
]


_NOTHING: Final = Won(0)


class RulesIncomplete(InvalidInput):
    """The rules contradict each other or lack something."""

    message = "캠페인 규칙을 확인해 주세요: {why}"


class WrongStep(Conflict):
    """The campaign is not where this step starts from."""

    message = "지금 상태({status})에서는 할 수 없는 일입니다."


class SamePerson(NotAllowed):
    """Whoever submits a campaign does not approve it."""

    message = "신청한 사람은 승인할 수 없습니다. 다른 승인자에게 요청해 주세요."


@dataclass(frozen=True, kw_only=True)
class Rules:
    """One version of a campaign's rules; shares in basis points, first funder first."""

    kind: CouponKind
    channel: CouponChannel
    grants: Sequence[tuple[int, int]]
    amount: Won | None = None
    rate_bps: int | None = None
    max_discount: Won | None = None
    round_unit: int = 1
    min_order: Won = _NOTHING
    scope: Mapping[str, list[int | str]] = field(default_factory=dict)
    hours: Mapping[str, object] = field(default_factory=dict)
    eligibility: Mapping[str, object] = field(default_factory=dict)
    stack_group: str = ""
    exclusive: bool = False
    priority: int = 0
    clip_over_budget: bool = False
    per_person_limit: int = 1
    per_day_limit: int | None = None
    per_month_limit: int | None = None
    min_order_after_previous: bool = False
    valid_until: datetime | None = None
    valid_days: int | None = None

    @property
    def worst_case(self) -> Won:
        """
        Return the most one coupon can cost, in won.

        :raises RulesIncomplete:
        """
        limit = self.max_discount if self.kind is CouponKind.PERCENT else self.amount
        if limit is None or limit <= 0:
            raise RulesIncomplete(why="쿠폰 금액 또는 최대 할인 금액이 필요합니다.")
        return limit


def add_grant(
    *, funder: FunderKind, name: str, account_code: str, fiscal_year: int, ceiling: Won
) -> int:
    """Open a grant of a funder with its ceiling and return its id."""
    funder_id = db.session.scalar(select(Funder.id).where(Funder.kind == funder))
    if funder_id is None:
        raise InvalidInput
    grant = Grant(
        funder_id=funder_id,
        name=name,
        account_code=account_code,
        fiscal_year=fiscal_year,
        ceiling=ceiling,
    )
    db.session.add(grant)
    db.session.flush()
    return grant.id


def draft(
    *,
    slug: str,
    name: str,
    summary: str,
    cap: int,
    starts_at: datetime,
    ends_at: datetime,
    rules: Rules,
    by: int | None,
    at: datetime,
) -> int:
    """
    Write a campaign with the first version of its rules and return its id.

    :raises RulesIncomplete:
    """
    if starts_at >= ends_at or cap < 1:
        raise RulesIncomplete(why="기간과 수량을 확인해 주세요.")
    campaign = Campaign(
        slug=slug,
        name=name,
        summary=summary,
        cap=cap,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=by,
    )
    db.session.add(campaign)
    db.session.flush()
    # One sequence per campaign hands out slots without a row that everybody waits for.
    db.session.execute(text(f"CREATE SEQUENCE {slot_sequence(campaign.id)}"))
    add_version(campaign_id=campaign.id, rules=rules, at=at)
    _record("campaign_drafted", campaign, by)
    return campaign.id


def add_version(*, campaign_id: int, rules: Rules, at: datetime) -> int:
    """
    Write the next version of the rules; coupons issued before keep theirs.

    :raises RulesIncomplete:
    """
    if sum(bps for _, bps in rules.grants) != 10_000:
        raise RulesIncomplete(why="재원 비율의 합은 100%여야 합니다.")
    if (rules.valid_until is None) == (rules.valid_days is None):
        raise RulesIncomplete(why="사용 기간은 날짜와 일수 가운데 하나로 정합니다.")
    newest = db.session.scalar(
        select(func.max(CampaignVersion.number)).where(CampaignVersion.campaign_id == campaign_id)
    )
    version = CampaignVersion(
        campaign_id=campaign_id,
        number=(newest or 0) + 1,
        kind=rules.kind,
        amount=rules.amount,
        rate_bps=rules.rate_bps,
        max_discount=rules.max_discount,
        worst_case=rules.worst_case,
        round_unit=rules.round_unit,
        min_order=rules.min_order,
        channel=rules.channel,
        scope=dict(rules.scope),
        hours=dict(rules.hours),
        eligibility=dict(rules.eligibility),
        stack_group=rules.stack_group,
        exclusive=rules.exclusive,
        priority=rules.priority,
        clip_over_budget=rules.clip_over_budget,
        per_person_limit=rules.per_person_limit,
        per_day_limit=rules.per_day_limit,
        per_month_limit=rules.per_month_limit,
        min_order_after_previous=rules.min_order_after_previous,
        valid_until=rules.valid_until,
        valid_days=rules.valid_days,
        effective_at=at,
    )
    db.session.add(version)
    db.session.flush()
    db.session.execute(
        insert(CampaignGrant),
        [
            {"version_id": version.id, "grant_id": grant, "share_bps": bps, "position": position}
            for position, (grant, bps) in enumerate(rules.grants)
        ],
    )
    return version.id


def submit(*, campaign_id: int, by: int) -> None:
    """Ask for approval."""
    campaign = get_for_update(campaign_id)
    _step(campaign, CampaignStatus.SUBMITTED)
    campaign.submitted_by = by
    campaign.approved_by = None
    _record("campaign_submitted", campaign, by)


def approve(*, campaign_id: int, by: int) -> None:
    """
    Approve a submitted campaign as a second person.

    :raises SamePerson, WrongStep:
    """
    campaign = get_for_update(campaign_id)
    if campaign.submitted_by == by:
        raise SamePerson
    _step(campaign, CampaignStatus.APPROVED)
    campaign.approved_by = by
    _record("campaign_approved", campaign, by)


def move(*, campaign_id: int, to: CampaignStatus, by: int | None) -> None:
    """
    Run, pause or end a campaign.

    :raises WrongStep:
    """
    campaign = get_for_update(campaign_id)
    _step(campaign, to)
    _record(f"campaign_{to.value}", campaign, by)


def get_for_update(campaign_id: int) -> Campaign:
    """
    Lock a campaign.

    :raises CouponNotFound:
    """
    campaign = db.session.get(Campaign, campaign_id, with_for_update=True)
    if campaign is None:
        raise CouponNotFound
    return campaign


def version_in_force(campaign_id: int) -> CampaignVersion:
    """Return the version in force: new coupons are issued under it."""
    return db.session.scalars(
        select(CampaignVersion)
        .join(Campaign, Campaign.id == CampaignVersion.campaign_id)
        .where(
            CampaignVersion.campaign_id == campaign_id,
            CampaignVersion.number == Campaign.version_number,
        )
    ).one()


def slot_sequence(campaign_id: int) -> str:
    """Return the name of the sequence that hands out a campaign's slots."""
    return f"coupon_slot_{int(campaign_id)}"


def _step(campaign: Campaign, to: CampaignStatus) -> None:
    if to not in CAMPAIGN_MOVES[campaign.status]:
        raise WrongStep(status=campaign.status.value)
    campaign.status = to


def _record(action: str, campaign: Campaign, by: int | None) -> None:
    trail.record(action, subject_kind="campaign", subject_id=campaign.id, actor_id=by)
