"""A draft is changed: every change of its rules is a version of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.core.money import Won
from marketplace.coupons import budgets, campaigns, rule_names
from marketplace.coupons.models import Campaign, CampaignStatus, CampaignVersion
from marketplace.coupons.rules import Plan, Rules, plan_of, refuse_contradictions


class NotADraft(Conflict):
    """What was submitted is not changed under the approver's eyes."""

    message = (
        "작성 중인 캠페인만 고칠 수 있습니다. 승인 대기라면 먼저 돌려받고, "
        "승인된 뒤에는 규칙 변경을 제안해 주세요."
    )


class DraftMoved(Conflict):
    """Somebody else changed the draft since the page was opened."""

    message = "그사이 다른 분이 이 캠페인을 고쳤습니다. 새로 열어 확인한 뒤 다시 고쳐 주세요."


def create(*, plan: Plan, rules: Rules, by: int, at: datetime) -> int:
    """
    Write a campaign as somebody at the desk planned it and return its id.

    :raises RulesIncomplete:
    """
    rule_names.refuse_unknown(rules)
    return campaigns.plan(plan, rules=rules, by=by, at=at)


def edit(
    *, campaign_id: int, plan: Plan, rules: Rules, seen_version: int, by: int, at: datetime
) -> int:
    """
    Change a draft and return the number of its version, a new one when the rules changed.

    `seen_version` is the version somebody saw: a change they did not see is not overwritten.

    :raises NotADraft, DraftMoved, RulesIncomplete:
    """
    campaign = campaigns.get_for_update(campaign_id)
    if campaign.status is not CampaignStatus.DRAFT:
        raise NotADraft
    if campaign.version_number != seen_version:
        raise DraftMoved
    refuse_contradictions(rules, plan)
    rule_names.refuse_unknown(rules)
    campaigns.refuse_taken_names(plan, of=campaign_id)
    changed = _put(campaign, plan)
    current = campaigns.version_in_force(campaign_id)
    if rules_of(current, budgets.shares_of_version(current.id)) != rules:
        version_id = campaigns.add_version(campaign_id=campaign_id, rules=rules, at=at)
        campaign.version_number = db.session.get_one(CampaignVersion, version_id).number
        changed.append("rules")
    if changed:
        campaigns.record(
            "campaign_changed", campaign, by, at, version=campaign.version_number, changed=changed
        )
    db.session.flush()
    return campaign.version_number


def _put(campaign: Campaign, plan: Plan) -> list[str]:
    """Write what changed of a plan and return the names of it."""
    before = plan_of(campaign)
    changed = []
    for name in Plan.__dataclass_fields__:
        value = getattr(plan, name)
        if name == "slug" and not value:
            continue
        if getattr(before, name) != value:
            setattr(campaign, name, value)
            changed.append(name)
    return changed


def rules_in_force(campaign_id: int) -> Rules:
    """Return the rules new coupons are issued under."""
    version = campaigns.version_in_force(campaign_id)
    return rules_of(version, budgets.shares_of_version(version.id))


def rules_of_version(version_id: int) -> Rules:
    """Return the rules of a version."""
    version = db.session.scalars(
        select(CampaignVersion).where(CampaignVersion.id == version_id)
    ).one()
    return rules_of(version, budgets.shares_of_version(version_id))


def rules_of(version: CampaignVersion, shares: list[tuple[int, int]]) -> Rules:
    """Return a version as the rules it was written from."""
    return Rules(
        kind=version.kind,
        channel=version.channel,
        grants=[(grant, bps) for grant, bps in shares],
        amount=version.amount,
        rate_bps=version.rate_bps,
        max_discount=version.max_discount,
        round_unit=version.round_unit,
        min_order=Won(version.min_order),
        scope=version.scope,
        hours=version.hours,
        eligibility=version.eligibility,
        stack_group=version.stack_group,
        exclusive=version.exclusive,
        priority=version.priority,
        clip_over_budget=version.clip_over_budget,
        per_person_limit=version.per_person_limit,
        per_day_limit=version.per_day_limit,
        per_month_limit=version.per_month_limit,
        min_order_after_previous=version.min_order_after_previous,
        valid_until=version.valid_until,
        valid_days=version.valid_days,
    )
