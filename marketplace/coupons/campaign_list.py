"""The office's list of campaigns: counts by state, and one page after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, select

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.grants import FUNDER_NAMES
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
    IssueMode,
    VersionProposal,
)

PAGE: Final = 20


@dataclass(frozen=True)
class CampaignRow:
    """One campaign in the list; its rules are those in force."""

    id: int
    name: str
    status: CampaignStatus
    issue_mode: IssueMode
    kind: CouponKind
    channel: CouponChannel
    amount: Won | None
    rate_bps: int | None
    worst_case: Won
    cap: int
    issued: int
    starts_at: datetime
    ends_at: datetime
    funders: tuple[str, ...]
    has_proposal: bool

    @property
    def worst_total(self) -> Won:
        """Return the most the whole campaign can cost."""
        return Won(self.worst_case * self.cap)


def count_by_status() -> Mapping[CampaignStatus, int]:
    """Return how many campaigns stand where, those with none as zero."""
    rows = db.session.execute(select(Campaign.status, func.count()).group_by(Campaign.status))
    found = {CampaignStatus(status): count for status, count in rows}
    return {status: found.get(status, 0) for status in CampaignStatus}


def list_page(
    *, status: CampaignStatus | None = None, before: int | None = None
) -> Sequence[CampaignRow]:
    """Return a page of campaigns, newest first, beginning below an id, in one query."""
    of_version = CampaignVersion.campaign_id == Campaign.id
    funders = (
        select(func.array_agg(Funder.kind.distinct()))
        .join(Grant, Grant.funder_id == Funder.id)
        .join(CampaignGrant, CampaignGrant.grant_id == Grant.id)
        .where(CampaignGrant.version_id == CampaignVersion.id)
        .correlate(CampaignVersion)
        .scalar_subquery()
    )
    proposed = CampaignVersion.__table__.alias("proposed")
    has_proposal = exists(
        select(VersionProposal.version_id)
        .join(proposed, proposed.c.id == VersionProposal.version_id)
        .where(proposed.c.campaign_id == Campaign.id, VersionProposal.decided_at.is_(None))
        .correlate(Campaign)
    )
    statement = (
        select(Campaign, CampaignVersion, funders, has_proposal)
        .join(CampaignVersion, of_version & (CampaignVersion.number == Campaign.version_number))
        .order_by(Campaign.id.desc())
        .limit(PAGE)
        .execution_options(populate_existing=True)
    )
    if status is not None:
        statement = statement.where(Campaign.status == status)
    if before is not None:
        statement = statement.where(Campaign.id < before)
    return [_row(*row) for row in db.session.execute(statement)]


def _row(
    campaign: Campaign, version: CampaignVersion, funders: list[str] | None, has_proposal: bool
) -> CampaignRow:
    kinds = {FunderKind(kind) for kind in funders or ()}
    return CampaignRow(
        id=campaign.id,
        name=campaign.name,
        status=campaign.status,
        issue_mode=campaign.issue_mode,
        kind=version.kind,
        channel=version.channel,
        amount=version.amount,
        rate_bps=version.rate_bps,
        worst_case=version.worst_case,
        cap=campaign.cap,
        issued=campaign.issued,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        funders=tuple(FUNDER_NAMES[kind] for kind in FunderKind if kind in kinds),
        has_proposal=has_proposal,
    )
