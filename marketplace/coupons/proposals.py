"""New rules for a campaign that is approved already: proposed by one person, decided by another."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotAllowed, NotFound
from marketplace.coupons import campaigns, drafts, rule_names
from marketplace.coupons.models import (
    CampaignStatus,
    CampaignVersion,
    VersionProposal,
)
from marketplace.coupons.rules import Rules, plan_of, refuse_contradictions

_OPEN_TO: Final = (CampaignStatus.APPROVED, CampaignStatus.RUNNING, CampaignStatus.PAUSED)


class NotNow(Conflict):
    """Drafts are simply changed, and what has ended stays as it was."""

    message = "승인된 뒤, 끝나기 전의 캠페인만 규칙 변경을 제안할 수 있습니다."


class OneIsOpen(Conflict):
    """One proposal at a time."""

    message = "결정을 기다리는 규칙 변경이 이미 있습니다. 먼저 그것을 결정해야 합니다."


class NothingChanged(Conflict):
    """The proposed rules are those in force."""

    message = "지금 규칙과 같습니다. 바꿀 내용을 고쳐 주세요."


class ProposalNotFound(NotFound):
    message = "결정을 기다리는 규칙 변경이 없습니다. 이미 결정되었을 수 있습니다."


class OwnProposal(NotAllowed):
    """Whoever proposes does not decide."""

    message = "제안한 사람은 결정할 수 없습니다. 다른 승인자에게 요청해 주세요."


def propose(*, campaign_id: int, rules: Rules, by: int, at: datetime) -> int:
    """
    Write a version that waits for a second person and return its id.

    :raises NotNow, OneIsOpen, NothingChanged, RulesIncomplete:
    """
    campaign = campaigns.get_for_update(campaign_id)
    if campaign.status not in _OPEN_TO:
        raise NotNow
    if find_open(campaign_id) is not None:
        raise OneIsOpen
    refuse_contradictions(rules, plan_of(campaign))
    rule_names.refuse_unknown(rules)
    if rules == drafts.rules_in_force(campaign_id):
        raise NothingChanged
    version_id = campaigns.add_version(campaign_id=campaign_id, rules=rules, at=at)
    db.session.add(VersionProposal(version_id=version_id, proposed_by=by, proposed_at=at))
    db.session.flush()
    number = db.session.get_one(CampaignVersion, version_id).number
    campaigns.record("campaign_rules_proposed", campaign, by, at, version=number)
    return version_id


def decide(
    *, campaign_id: int, version_id: int, grant: bool, reason: str, by: int, at: datetime
) -> int:
    """
    Put proposed rules in force, or say why not; return the number of the version.

    Coupons that were issued before keep the version they were issued under.

    :raises NotAnApprover, ProposalNotFound, OwnProposal, NotNow, ReasonMissing:
    """
    campaigns.refuse_unless_approver(by)
    campaign = campaigns.get_for_update(campaign_id)
    found = db.session.execute(
        select(VersionProposal, CampaignVersion)
        .join(CampaignVersion, CampaignVersion.id == VersionProposal.version_id)
        .where(
            CampaignVersion.campaign_id == campaign_id,
            VersionProposal.version_id == version_id,
            VersionProposal.decided_at.is_(None),
        )
        .with_for_update(of=VersionProposal)
    ).one_or_none()
    if found is None:
        raise ProposalNotFound
    proposal, version = found
    if proposal.proposed_by == by:
        raise OwnProposal
    if grant and campaign.status not in _OPEN_TO:
        raise NotNow
    proposal.reason = "" if grant else campaigns.clean_reason(reason)
    proposal.decided_by, proposal.decided_at, proposal.is_approved = by, at, grant
    if grant:
        campaign.version_number = version.number
    db.session.flush()
    action = "campaign_rules_approved" if grant else "campaign_rules_refused"
    details = {"reason": proposal.reason} if proposal.reason else {}
    campaigns.record(action, campaign, by, at, version=version.number, **details)
    return version.number


def find_open(campaign_id: int) -> VersionProposal | None:
    """Return the proposal of a campaign that waits for a decision."""
    return db.session.scalars(
        select(VersionProposal)
        .join(CampaignVersion, CampaignVersion.id == VersionProposal.version_id)
        .where(CampaignVersion.campaign_id == campaign_id, VersionProposal.decided_at.is_(None))
    ).one_or_none()
