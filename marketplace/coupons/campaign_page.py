"""One campaign as the office reads it: plan, rules in words, versions, approval trail, money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.audit.models import AuditEvent
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import budgets, drafts, rule_names, rule_words
from marketplace.coupons.grants import FUNDER_NAMES
from marketplace.coupons.models import (
    Campaign,
    CampaignGrant,
    CampaignStatus,
    CampaignVersion,
    Funder,
    Grant,
    IssueMode,
    VersionProposal,
)
from marketplace.coupons.refusals import CouponNotFound
from marketplace.coupons.rule_words import Difference, Said
from marketplace.coupons.rules import Plan, Rules, plan_of

_STEPS: Final = {
    "campaign_drafted": "초안 작성",
    "campaign_changed": "초안 수정",
    "campaign_submitted": "승인 신청",
    "campaign_sent_back": "반려",
    "campaign_approved": "승인",
    "campaign_running": "진행 시작",
    "campaign_issued": "추가 발행",
    "campaign_paused": "멈춤",
    "campaign_ended": "종료",
    "campaign_rules_proposed": "규칙 변경 제안",
    "campaign_rules_approved": "규칙 변경 승인",
    "campaign_rules_refused": "규칙 변경 반려",
}
_MOST_STEPS: Final = 100


@dataclass(frozen=True)
class Step:
    """One step of a campaign's life: what, who, when and, where somebody said so, why."""

    what: str
    who: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Version:
    """One version: what it says, how it differs from the one before, and who decided on it."""

    id: int
    number: int
    made_at: datetime
    rules: Rules
    said: Sequence[Said]
    differences: Sequence[Difference]
    is_in_force: bool
    proposed_by: int | None
    proposer: str
    decider: str
    is_decided: bool
    is_approved: bool
    reason: str

    @property
    def is_open(self) -> bool:
        """Tell whether it waits for a second person."""
        return self.proposed_by is not None and not self.is_decided


@dataclass(frozen=True)
class Need:
    """One grant of a campaign: its standing, and what the rest of the campaign would reserve."""

    grant_id: int
    name: str
    account_code: str
    share_bps: int
    ceiling: Won
    reserved: Won
    spent: Won
    needed: Won

    @property
    def short(self) -> Won:
        """Return how much is missing to issue the rest; zero when nothing is."""
        return Won(max(0, self.needed - (self.ceiling - self.reserved - self.spent)))


@dataclass(frozen=True)
class CampaignPage:
    """Everything the office reads of one campaign."""

    id: int
    plan: Plan
    status: CampaignStatus
    version_number: int
    issued: int
    created_by: int | None
    submitted_by: int | None
    versions: Sequence[Version]
    needs: Sequence[Need]
    steps: Sequence[Step]

    @property
    def in_force(self) -> Version:
        """Return the version new coupons are issued under."""
        return next(version for version in self.versions if version.is_in_force)

    @property
    def proposal(self) -> Version | None:
        """Return the version that waits for a second person."""
        return next((version for version in self.versions if version.is_open), None)

    @property
    def left(self) -> int:
        """Return how many coupons the approval still allows."""
        return self.plan.cap - self.issued

    @property
    def worst_total(self) -> Won:
        """Return the most the whole campaign can cost."""
        return Won(self.in_force.rules.worst_case * self.plan.cap)

    @property
    def makes_codes(self) -> bool:
        """Tell whether its coupons come with a code each."""
        return self.plan.issue_mode is IssueMode.UNIQUE_CODES


def get(campaign_id: int) -> CampaignPage:
    """
    Return a campaign in six queries, however many versions and steps it has.

    :raises CouponNotFound:
    """
    campaign = db.session.scalars(
        select(Campaign).where(Campaign.id == campaign_id).execution_options(populate_existing=True)
    ).one_or_none()
    if campaign is None:
        raise CouponNotFound
    found = db.session.execute(
        select(CampaignVersion, VersionProposal)
        .outerjoin(VersionProposal, VersionProposal.version_id == CampaignVersion.id)
        .where(CampaignVersion.campaign_id == campaign_id)
        .order_by(CampaignVersion.number.desc())
        .execution_options(populate_existing=True)
    ).all()
    shares = _shares([version.id for version, _ in found])
    rules = {version.id: drafts.rules_of(version, shares[version.id]) for version, _ in found}
    names = rule_names.load(rules.values())
    events = _events(campaign_id)
    people = _people(
        {event.actor_id for event in events}
        | {person for _, proposal in found if proposal for person in _deciders(proposal)}
    )
    versions = []
    for place, (version, proposal) in enumerate(found):
        before = found[place + 1][0].id if place + 1 < len(found) else None
        versions.append(
            _version(
                version,
                proposal,
                rules[version.id],
                None if before is None else rules[before],
                names,
                people,
                in_force=campaign.version_number,
            )
        )
    current = next(version for version in versions if version.is_in_force)
    return CampaignPage(
        id=campaign.id,
        plan=plan_of(campaign),
        status=campaign.status,
        version_number=campaign.version_number,
        issued=campaign.issued,
        created_by=campaign.created_by,
        submitted_by=campaign.submitted_by,
        versions=versions,
        needs=list_needs(current.rules, coupons=campaign.cap - campaign.issued),
        steps=[_step(event, people) for event in events],
    )


def list_needs(rules: Rules, *, coupons: int) -> list[Need]:
    """Return what so many coupons would reserve of each grant, in one query."""
    parts = budgets.split(rules.worst_case, rules.grants)
    rows = db.session.execute(
        select(Grant, Funder.kind)
        .join(Funder, Funder.id == Grant.funder_id)
        .where(Grant.id.in_(list(parts)))
        .execution_options(populate_existing=True)
    )
    found = {grant.id: (grant, kind) for grant, kind in rows}
    needs = []
    for grant_id, share_bps in rules.grants:
        grant, kind = found[grant_id]
        needs.append(
            Need(
                grant_id=grant_id,
                name=f"{FUNDER_NAMES[kind]} {grant.name}",
                account_code=grant.account_code,
                share_bps=share_bps,
                ceiling=grant.ceiling,
                reserved=grant.reserved,
                spent=grant.spent,
                needed=Won(parts[grant_id] * coupons),
            )
        )
    return needs


def _shares(version_ids: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    shares: dict[int, list[tuple[int, int]]] = {version_id: [] for version_id in version_ids}
    rows = db.session.execute(
        select(CampaignGrant.version_id, CampaignGrant.grant_id, CampaignGrant.share_bps)
        .where(CampaignGrant.version_id.in_(version_ids))
        .order_by(CampaignGrant.version_id, CampaignGrant.position)
    )
    for version_id, grant_id, bps in rows:
        shares[version_id].append((grant_id, bps))
    return shares


def _events(campaign_id: int) -> Sequence[AuditEvent]:
    return db.session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.subject_kind == "campaign",
            AuditEvent.subject_id == campaign_id,
            AuditEvent.action.in_(list(_STEPS)),
        )
        .order_by(AuditEvent.id.desc())
        .limit(_MOST_STEPS)
    ).all()


def _deciders(proposal: VersionProposal) -> set[int | None]:
    return {proposal.proposed_by, proposal.decided_by}


def _people(ids: set[int | None]) -> dict[int | None, str]:
    known = [person for person in ids if person is not None]
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(known)))
    names: dict[int | None, str] = {None: "시스템"}
    names.update((person, name) for person, name in rows)
    return names


def _version(
    version: CampaignVersion,
    proposal: VersionProposal | None,
    rules: Rules,
    before: Rules | None,
    names: rule_names.Names,
    people: dict[int | None, str],
    *,
    in_force: int,
) -> Version:
    decided = proposal is not None and proposal.decided_at is not None
    return Version(
        id=version.id,
        number=version.number,
        made_at=version.effective_at,
        rules=rules,
        said=rule_words.say(rules, names),
        differences=[] if before is None else rule_words.differences(before, rules, names),
        is_in_force=version.number == in_force,
        proposed_by=None if proposal is None else proposal.proposed_by,
        proposer="" if proposal is None else people[proposal.proposed_by],
        decider=people[proposal.decided_by] if proposal is not None and decided else "",
        is_decided=decided,
        is_approved=bool(proposal and proposal.is_approved),
        reason="" if proposal is None else proposal.reason,
    )


def _step(event: AuditEvent, people: dict[int | None, str]) -> Step:
    details = event.details
    notes = []
    if "version" in details:
        notes.append(f"{details['version']}판")
    if details.get("issued"):
        notes.append(f"{details['issued']:,}장 발행")
    if details.get("reason"):
        notes.append(str(details["reason"]))
    at = details.get("at")
    return Step(
        what=_STEPS[event.action],
        who=people.get(event.actor_id, "알 수 없음"),
        at=datetime.fromisoformat(at) if isinstance(at, str) else event.at,
        note=" · ".join(notes),
    )
