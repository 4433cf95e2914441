"""A campaign's way to approval: drafted, changed, submitted, sent back or approved by another."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, insert, select, text

from marketplace.accounts.models import Role, RoleGrant
from marketplace.audit import trail
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed
from marketplace.coupons.grants import add_grant
from marketplace.coupons.models import (
    AutomaticTrigger,
    Campaign,
    CampaignGrant,
    CampaignStatus,
    CampaignVersion,
    CouponChannel,
    CouponKind,
    FunderKind,
    IssueMode,
)
from marketplace.coupons.refusals import CouponNotFound
from marketplace.coupons.rules import Plan, Rules, RulesIncomplete, refuse_contradictions
from marketplace.coupons.status import CAMPAIGN_MOVES

__all__ = [
    "AutomaticTrigger",
    "CampaignStatus",
    "CouponChannel",
    "CouponKind",
    "FunderKind",
    "IssueMode",
    "Plan",
    "Rules",
    "RulesIncomplete",
    "add_grant",
    "add_version",
    "approve",
    "draft",
    "get_for_update",
    "move",
    "plan",
    "record",
    "refuse_unless_approver",
    "send_back",
    "step",
    "submit",
    "version_in_force",
]

LONGEST_REASON: Final = 300
STATUS_NAMES: Final = {
    CampaignStatus.DRAFT: "작성 중",
    CampaignStatus.SUBMITTED: "승인 대기",
    CampaignStatus.APPROVED: "승인",
    CampaignStatus.RUNNING: "진행 중",
    CampaignStatus.PAUSED: "멈춤",
    CampaignStatus.ENDED: "종료",
}


class WrongStep(Conflict):
    """The campaign is not where this step starts from."""

    message = "지금 상태({status})에서는 할 수 없는 일입니다. 화면을 새로 열어 확인해 주세요."


class SamePerson(NotAllowed):
    """Whoever submits a campaign does not approve it."""

    message = "신청한 사람은 승인할 수 없습니다. 다른 승인자에게 요청해 주세요."


class NotAnApprover(NotAllowed):
    """Only the office's approvers approve."""

    message = "승인자만 승인할 수 있습니다."


class OtherVersion(Conflict):
    """The campaign was changed since the approver read it."""

    message = "그사이 규칙이 바뀌었습니다. 바뀐 내용을 확인한 뒤 다시 승인해 주세요."


class ReasonMissing(InvalidInput):
    """Who sends something back says why."""

    message = "돌려보내는 까닭을 {longest}자 안에서 적어 주세요."
    field = "reason"


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
    Write a campaign that everybody claims openly and return its id.

    :raises RulesIncomplete:
    """
    openly = Plan(
        slug=slug, name=name, summary=summary, cap=cap, starts_at=starts_at, ends_at=ends_at
    )
    return plan(openly, rules=rules, by=by, at=at)


def plan(planned: Plan, *, rules: Rules, by: int | None, at: datetime) -> int:
    """
    Write a campaign with the first version of its rules and return its id.

    :raises RulesIncomplete:
    """
    refuse_contradictions(rules, planned)
    refuse_taken_names(planned, of=None)
    campaign = Campaign(
        slug=planned.slug or f"coupon-{day_in_seoul(at):%y%m%d}-{secrets.token_hex(3)}",
        name=planned.name,
        summary=planned.summary,
        cap=planned.cap,
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
        issue_mode=planned.issue_mode,
        shared_code=planned.shared_code,
        trigger=planned.trigger,
        has_waiting_list=planned.has_waiting_list,
        created_by=by,
    )
    db.session.add(campaign)
    db.session.flush()
    # One sequence per campaign hands out slots without a row that everybody waits for.
    db.session.execute(text(f"CREATE SEQUENCE {slot_sequence(campaign.id)}"))
    add_version(campaign_id=campaign.id, rules=rules, at=at)
    record("campaign_drafted", campaign, by, at, version=1)
    return campaign.id


def refuse_taken_names(planned: Plan, *, of: int | None) -> None:
    """
    Refuse an address or a shared code that another campaign has.

    :raises RulesIncomplete:
    """
    others = Campaign.id != of if of is not None else Campaign.id.is_not(None)
    taken = {}
    if planned.slug and db.session.scalar(
        select(exists().where(Campaign.slug == planned.slug, others))
    ):
        taken["slug"] = "다른 캠페인이 쓰는 주소입니다."
    if planned.shared_code is not None and db.session.scalar(
        select(exists().where(Campaign.shared_code == planned.shared_code, others))
    ):
        taken["shared_code"] = "다른 캠페인이 쓰는 공용 코드입니다."
    if taken:
        raise RulesIncomplete(taken)


def add_version(*, campaign_id: int, rules: Rules, at: datetime) -> int:
    """
    Write the next version of the rules and return its id; coupons issued before keep theirs.

    :raises RulesIncomplete:
    """
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


def submit(*, campaign_id: int, by: int, at: datetime) -> None:
    """
    Ask for approval.

    :raises WrongStep:
    """
    campaign = get_for_update(campaign_id)
    step(campaign, CampaignStatus.SUBMITTED)
    campaign.submitted_by = by
    campaign.approved_by = None
    record("campaign_submitted", campaign, by, at, version=campaign.version_number)


def send_back(*, campaign_id: int, reason: str, by: int, at: datetime) -> None:
    """
    Return a submitted campaign to its draft and say why.

    :raises WrongStep, ReasonMissing:
    """
    campaign = get_for_update(campaign_id)
    step(campaign, CampaignStatus.DRAFT)
    record("campaign_sent_back", campaign, by, at, reason=clean_reason(reason))


def approve(*, campaign_id: int, version: int, by: int, at: datetime) -> None:
    """
    Approve the version of a submitted campaign that a second person has read.

    :raises NotAnApprover, SamePerson, OtherVersion, WrongStep:
    """
    refuse_unless_approver(by)
    campaign = get_for_update(campaign_id)
    if by in (campaign.submitted_by, campaign.created_by):
        raise SamePerson
    if campaign.version_number != version:
        raise OtherVersion
    step(campaign, CampaignStatus.APPROVED)
    campaign.approved_by = by
    record("campaign_approved", campaign, by, at, version=campaign.version_number)


def move(*, campaign_id: int, to: CampaignStatus, by: int | None, at: datetime) -> None:
    """
    Take one more step of a campaign's life.

    :raises WrongStep:
    """
    campaign = get_for_update(campaign_id)
    step(campaign, to)
    record(f"campaign_{to.value}", campaign, by, at)


def refuse_unless_approver(person_id: int) -> None:
    """
    Refuse somebody who is no approver of the office.

    :raises NotAnApprover:
    """
    if not db.session.scalar(
        select(
            exists().where(
                RoleGrant.person_id == person_id,
                RoleGrant.role == Role.APPROVER,
                RoleGrant.revoked_at.is_(None),
            )
        )
    ):
        raise NotAnApprover


def clean_reason(reason: str) -> str:
    """
    Return why somebody says no, tidied up.

    :raises ReasonMissing:
    """
    tidied = " ".join(reason.split())
    if not 1 <= len(tidied) <= LONGEST_REASON or not tidied.isprintable():
        raise ReasonMissing(longest=LONGEST_REASON)
    return tidied


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


def step(campaign: Campaign, to: CampaignStatus) -> None:
    """
    Move a locked campaign.

    :raises WrongStep:
    """
    if to not in CAMPAIGN_MOVES[campaign.status]:
        raise WrongStep(status=STATUS_NAMES[campaign.status])
    campaign.status = to


def record(
    action: str, campaign: Campaign, by: int | None, at: datetime, **details: object
) -> None:
    """Write a step of a campaign into the audit trail, with the moment the caller acts at."""
    trail.record(
        action,
        subject_kind="campaign",
        subject_id=campaign.id,
        actor_id=by,
        details={"at": at.isoformat(), **details},
    )
