"""캠페인: the list, and the wizard that drafts and changes one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.coupons import campaign_list, campaign_page, drafts
from marketplace.coupons.campaigns import STATUS_NAMES, CampaignStatus, Plan, Rules
from marketplace.coupons.labels import worth
from marketplace.web.guards import allow
from marketplace.web.office import campaign_form, campaign_reading, campaign_sheet
from marketplace.web.office.campaign_sheet import Wizard

bp = Blueprint("office_campaigns", __name__, url_prefix="/office/campaigns")

READERS = (Role.CAMPAIGN_MANAGER, Role.APPROVER, Role.AUDITOR, Role.OPERATOR)
LOOKS = {
    CampaignStatus.DRAFT: "mute",
    CampaignStatus.SUBMITTED: "warn",
    CampaignStatus.APPROVED: "teal",
    CampaignStatus.RUNNING: "ok",
    CampaignStatus.PAUSED: "warn",
    CampaignStatus.ENDED: "mute",
}


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List campaigns, newest first."""
    asked = request.args.get("status", "")
    status = CampaignStatus(asked) if asked in set(CampaignStatus) else None
    rows = campaign_list.list_page(status=status, before=request.args.get("before", None, type=int))
    is_full = len(rows) == campaign_list.PAGE
    return render_template(
        "office/campaigns/index.html",
        rows=rows,
        counts=campaign_list.count_by_status(),
        status=status,
        names=STATUS_NAMES,
        looks=LOOKS,
        modes=campaign_form.MODES,
        worth=worth,
        next_url=url_for(".index", status=status, before=rows[-1].id) if is_full else None,
    )


@bp.get("/new")
@allow(Role.CAMPAIGN_MANAGER)
def new() -> ResponseReturnValue:
    """Show an empty wizard."""
    return campaign_sheet.shown(_new(), campaign_form.blank())


@bp.post("/new")
@allow(Role.CAMPAIGN_MANAGER)
def create() -> ResponseReturnValue:
    """Write a draft, or sum up what it would say."""

    def save(plan: Plan, rules: Rules) -> ResponseReturnValue:
        campaign_id = in_transaction(
            lambda: drafts.create(plan=plan, rules=rules, by=current_user.person_id, at=clock.now())
        )
        flash(f"{plan.name} 초안을 저장했습니다. 모의 계산을 확인하고 승인을 신청하세요.")
        return redirect(url_for("office_campaign.show", campaign_id=campaign_id), code=303)

    return campaign_sheet.answer(_new(), campaign_form.sent(), save)


@bp.get("/<int:campaign_id>/edit")
@allow(Role.CAMPAIGN_MANAGER)
def edit(campaign_id: int) -> ResponseReturnValue:
    """Show the wizard filled with a draft."""
    found = campaign_page.get(campaign_id)
    if found.status is not CampaignStatus.DRAFT:
        raise drafts.NotADraft
    rules = found.in_force.rules
    filled = campaign_form.blank(
        campaign_reading.fields_of(found.plan, rules), keep=[grant for grant, _ in rules.grants]
    )
    return campaign_sheet.page(
        _edit(campaign_id, found.version_number), filled, (found.plan, rules)
    )


@bp.post("/<int:campaign_id>/edit")
@allow(Role.CAMPAIGN_MANAGER)
def save(campaign_id: int) -> ResponseReturnValue:
    """Change a draft, or sum up what it would say."""
    seen = request.form.get("seen_version", 0, type=int)

    def keep(plan: Plan, rules: Rules) -> ResponseReturnValue:
        version = in_transaction(
            lambda: drafts.edit(
                campaign_id=campaign_id,
                plan=plan,
                rules=rules,
                seen_version=seen,
                by=current_user.person_id,
                at=clock.now(),
            )
        )
        flash(f"초안을 저장했습니다. 규칙은 {version}판입니다.")
        return redirect(url_for("office_campaign.show", campaign_id=campaign_id), code=303)

    found = campaign_page.get(campaign_id)
    paid_from = [grant for grant, _ in found.in_force.rules.grants]
    return campaign_sheet.answer(_edit(campaign_id, seen), campaign_form.sent(keep=paid_from), keep)


def _new() -> Wizard:
    return Wizard(
        title="새 캠페인", action=url_for(".create"), back_url=url_for(".index"), words="초안 저장"
    )


def _edit(campaign_id: int, seen: int) -> Wizard:
    return Wizard(
        title="캠페인 고치기",
        action=url_for(".save", campaign_id=campaign_id),
        back_url=url_for("office_campaign.show", campaign_id=campaign_id),
        words="초안 저장",
        hidden={"seen_version": seen},
    )
