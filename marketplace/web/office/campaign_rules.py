"""New rules for an approved campaign: proposed in the wizard, decided by a second person."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import campaign_page, proposals
from marketplace.coupons.campaign_page import CampaignPage
from marketplace.coupons.campaigns import Plan, Rules
from marketplace.web.errors import status_of
from marketplace.web.guards import allow
from marketplace.web.office import campaign, campaign_form, campaign_reading, campaign_sheet
from marketplace.web.office.campaign_sheet import Wizard

bp = Blueprint(
    "office_campaign_rules", __name__, url_prefix="/office/campaigns/<int:campaign_id>/rules"
)


@bp.get("")
@allow(Role.CAMPAIGN_MANAGER)
def edit(campaign_id: int) -> ResponseReturnValue:
    """Show the wizard filled with the rules in force."""
    found = campaign_page.get(campaign_id)
    return campaign_sheet.page(
        _wizard(found), campaign_form.blank(_in_force(found), keep=_grants(found)), _said(found)
    )


@bp.post("")
@allow(Role.CAMPAIGN_MANAGER)
def propose(campaign_id: int) -> ResponseReturnValue:
    """Propose changed rules; what the campaign is besides stays as it is."""
    found = campaign_page.get(campaign_id)

    def save(_: Plan, rules: Rules) -> ResponseReturnValue:
        in_transaction(
            lambda: proposals.propose(
                campaign_id=campaign_id, rules=rules, by=current_user.person_id, at=clock.now()
            )
        )
        flash("규칙 변경을 제안했습니다. 다른 승인자가 결정하면 새로 발행하는 쿠폰부터 바뀝니다.")
        return redirect(url_for("office_campaign.show", campaign_id=campaign_id), code=303)

    sheet = campaign_form.sent(keep=_grants(found), fixed=_plan_fields(found))
    return campaign_sheet.answer(_wizard(found), sheet, save)


@bp.post("/<int:version_id>")
@allow(Role.APPROVER)
def decide(campaign_id: int, version_id: int) -> ResponseReturnValue:
    """Put proposed rules in force, or refuse them with a reason."""
    try:
        number = in_transaction(
            lambda: proposals.decide(
                campaign_id=campaign_id,
                version_id=version_id,
                grant=request.form.get("decision") == "grant",
                reason=request.form.get("reason", ""),
                by=current_user.person_id,
                at=clock.now(),
            )
        )
    except DomainError as error:
        return campaign.page(campaign_id, error), status_of(error)
    flash(f"{number}판 규칙 변경을 결정했습니다.")
    return redirect(url_for("office_campaign.show", campaign_id=campaign_id), code=303)


def _wizard(found: CampaignPage) -> Wizard:
    return Wizard(
        title=f"{found.plan.name} 규칙 변경 제안",
        action=url_for(".propose", campaign_id=found.id),
        back_url=url_for("office_campaign.show", campaign_id=found.id),
        words="규칙 변경 제안",
        only_rules=True,
    )


def _grants(found: CampaignPage) -> list[int]:
    return [grant for grant, _ in found.in_force.rules.grants]


def _in_force(found: CampaignPage) -> dict[str, object]:
    return campaign_reading.fields_of(found.plan, found.in_force.rules)


def _said(found: CampaignPage) -> tuple[Plan, Rules]:
    return found.plan, found.in_force.rules


def _plan_fields(found: CampaignPage) -> dict[str, str]:
    """Return what the proposal's form does not ask, as the whole form would send it."""
    filled = _in_force(found)
    return {
        name: str(filled[name]) for name in campaign_form.PLAN_FIELDS if filled[name] is not False
    }
