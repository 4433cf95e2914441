"""One campaign: what it says, who approved it, what it costs, and the steps a role may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import campaign_page, campaigns, running
from marketplace.coupons.campaign_page import CampaignPage
from marketplace.coupons.campaigns import STATUS_NAMES, CampaignStatus
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import allow, may_open
from marketplace.web.office.campaign_form import MODES, TRIGGERS
from marketplace.web.office.campaigns import LOOKS, READERS

bp = Blueprint("office_campaign", __name__, url_prefix="/office/campaigns/<int:campaign_id>")

# Pages of other parts that hang below a campaign: (endpoint, words, icon).
_BELOW: Final = (
    ("office_monitor.show", "사용 현황", "chart-column"),
    ("office_codes.index", "쿠폰 번호", "ticket"),
    ("office_grant_lists.index", "명단 지급", "users"),
)
_MODES_OF: Final = {
    "office_codes.index": campaigns.IssueMode.UNIQUE_CODES,
    "office_grant_lists.index": campaigns.IssueMode.DIRECT_GRANT,
}


@bp.get("")
@allow(*READERS)
def show(campaign_id: int) -> ResponseReturnValue:
    """Show a campaign."""
    return page(campaign_id)


@bp.post("/submit")
@allow(Role.CAMPAIGN_MANAGER)
def submit(campaign_id: int) -> ResponseReturnValue:
    """Ask for approval."""
    return _take(
        campaign_id,
        lambda: campaigns.submit(
            campaign_id=campaign_id, by=current_user.person_id, at=clock.now()
        ),
        "승인을 신청했습니다. 다른 승인자가 확인합니다.",
    )


@bp.post("/send-back")
@allow(Role.APPROVER, Role.CAMPAIGN_MANAGER)
def send_back(campaign_id: int) -> ResponseReturnValue:
    """Return it to its draft, with a reason."""
    return _take(
        campaign_id,
        lambda: campaigns.send_back(
            campaign_id=campaign_id,
            reason=request.form.get("reason", ""),
            by=current_user.person_id,
            at=clock.now(),
        ),
        "작성 중으로 돌려보냈습니다.",
    )


@bp.post("/approve")
@allow(Role.APPROVER)
def approve(campaign_id: int) -> ResponseReturnValue:
    """Approve the version that was read."""
    return _take(
        campaign_id,
        lambda: campaigns.approve(
            campaign_id=campaign_id,
            version=request.form.get("version", 0, type=int),
            by=current_user.person_id,
            at=clock.now(),
        ),
        "승인했습니다. 캠페인 담당자가 시작할 수 있습니다.",
    )


@bp.post("/run")
@allow(Role.CAMPAIGN_MANAGER)
def run(campaign_id: int) -> ResponseReturnValue:
    """Start it with some or all of its coupons, or let it go on."""
    typed = request.form.get("count", "").replace(",", "").strip()
    return _take(
        campaign_id,
        lambda: running.run(
            campaign_id=campaign_id,
            by=current_user.person_id,
            at=clock.now(),
            count=_count(typed) if typed else None,
        ),
        "캠페인을 진행합니다.",
    )


@bp.post("/issue")
@allow(Role.CAMPAIGN_MANAGER)
def issue(campaign_id: int) -> ResponseReturnValue:
    """Issue more of the coupons that were approved."""
    typed = request.form.get("count", "").replace(",", "").strip()
    return _take(
        campaign_id,
        lambda: running.issue_more(
            campaign_id=campaign_id,
            count=_count(typed),
            by=current_user.person_id,
            at=clock.now(),
        ),
        "쿠폰을 더 발행했습니다.",
    )


@bp.post("/pause")
@allow(Role.CAMPAIGN_MANAGER)
def pause(campaign_id: int) -> ResponseReturnValue:
    """Stop claims and uses at once."""
    return _take(
        campaign_id,
        lambda: running.pause(campaign_id=campaign_id, by=current_user.person_id, at=clock.now()),
        "캠페인을 멈췄습니다. 받기와 쓰기가 모두 멈춥니다.",
    )


@bp.post("/end")
@allow(Role.CAMPAIGN_MANAGER)
def end(campaign_id: int) -> ResponseReturnValue:
    """End it for good."""
    return _take(
        campaign_id,
        lambda: running.end(campaign_id=campaign_id, by=current_user.person_id, at=clock.now()),
        "캠페인을 끝냈습니다. 받지 않은 쿠폰의 예약은 곧 풀립니다.",
    )


def page(campaign_id: int, error: DomainError | None = None) -> str:
    """Return a campaign's page, with why a step was refused."""
    found = campaign_page.get(campaign_id)
    return render_template(
        "office/campaigns/show.html",
        found=found,
        error=error,
        names=STATUS_NAMES,
        looks=LOOKS,
        modes=MODES,
        triggers=TRIGGERS,
        below=_below(found),
        is_manager=current_user.belongs_to(Role.CAMPAIGN_MANAGER),
        may_approve=_may_decide(found.submitted_by, found.created_by),
        may_decide=found.proposal is not None and _may_decide(found.proposal.proposed_by),
        is_approver=current_user.belongs_to(Role.APPROVER),
        is_over=found.plan.ends_at <= clock.now(),
        typed_reason=forms.shown_again(request.form.get("reason", "")),
        typed_count=forms.shown_again(request.form.get("count", "")),
        Status=CampaignStatus,
    )


def _may_decide(*first_persons: int | None) -> bool:
    is_approver = bool(current_user.belongs_to(Role.APPROVER))
    return is_approver and current_user.person_id not in first_persons


def _below(found: CampaignPage) -> list[tuple[str, str, str]]:
    """Return the pages below a campaign that exist, fit it and may be opened."""
    return [
        (url_for(endpoint, campaign_id=found.id), words, glyph)
        for endpoint, words, glyph in _BELOW
        if endpoint in current_app.view_functions
        and may_open(endpoint)
        and _MODES_OF.get(endpoint, found.plan.issue_mode) is found.plan.issue_mode
    ]


def _count(typed: str) -> int:
    # What is no number is no number of coupons either.
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0


def _take(campaign_id: int, step: Callable[[], object], words: str) -> ResponseReturnValue:
    try:
        in_transaction(step)
    except DomainError as error:
        return page(campaign_id, error), status_of(error)
    flash(words)
    return redirect(url_for("office_campaign.show", campaign_id=campaign_id), code=303)
