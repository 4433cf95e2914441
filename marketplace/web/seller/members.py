"""The people of an enterprise: who works there as what, and who is asked to."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import emails
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.enterprises import invitations, members
from marketplace.enterprises.members import ROLE_NAMES, MemberRole
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER_OWNER, allow

bp = Blueprint("seller_members", __name__, url_prefix="/seller/members")


class InviteForm(forms.BaseForm):
    """Whom to ask, as what."""

    email = forms.text_field("이메일", longest=emails.LONGEST, attributes={"type": "email"})
    role = forms.select_field(
        "맡길 일",
        [(role.value, ROLE_NAMES[role]) for role in reversed(MemberRole)],
    )


@bp.get("")
@allow(SELLER_OWNER)
def index() -> ResponseReturnValue:
    """List who works here and who was asked."""
    return _page()


@bp.post("")
@allow(SELLER_OWNER)
def invite() -> ResponseReturnValue:
    """Ask somebody by mail."""
    form = InviteForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    try:
        limits.spend(limits.INVITATION, str(_enterprise_id()))
        in_transaction(
            lambda: invitations.invite(
                enterprise_id=_enterprise_id(),
                email=form.email.data,
                role=MemberRole(form.role.data),
                by=current_user.person_id,
                at=clock.now(),
                ip=limits.client_address(),
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    flash("초대 메일을 보냅니다. 7일 안에 받을 수 있습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/invitations/<int:invitation_id>/revoke")
@allow(SELLER_OWNER)
def revoke(invitation_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    return _done(
        lambda: invitations.revoke(
            enterprise_id=_enterprise_id(),
            invitation_id=invitation_id,
            by=current_user.person_id,
            at=clock.now(),
            ip=limits.client_address(),
        ),
        "초대를 거두었습니다.",
    )


@bp.post("/<int:person_id>/role")
@allow(SELLER_OWNER)
def change_role(person_id: int) -> ResponseReturnValue:
    """Let a member do something else."""
    asked = request.form.get("role", "")
    if asked not in set(MemberRole):
        return _page(error=InvalidInput()), status_of(InvalidInput)
    return _done(
        lambda: members.change_role(
            enterprise_id=_enterprise_id(),
            person_id=person_id,
            role=MemberRole(asked),
            actor_id=current_user.person_id,
            ip=limits.client_address(),
        ),
        "역할을 바꾸었습니다.",
    )


@bp.post("/<int:person_id>/dismiss")
@allow(SELLER_OWNER)
def dismiss(person_id: int) -> ResponseReturnValue:
    """End a member's work here."""
    return _done(
        lambda: members.dismiss(
            enterprise_id=_enterprise_id(),
            person_id=person_id,
            actor_id=current_user.person_id,
            at=clock.now(),
            ip=limits.client_address(),
        ),
        "구성원에서 뺐습니다.",
    )


def _enterprise_id() -> int:
    enterprise_id: int = current_user.membership.enterprise_id
    return enterprise_id


def _done(work: Callable[[], object], words: str) -> ResponseReturnValue:
    try:
        in_transaction(work)
    except (members.NotMember, invitations.InvitationMissing):
        raise
    except DomainError as error:
        return _page(error=error), status_of(error)
    flash(words)
    # Whoever made themselves something else may not see this page any more.
    still = any(
        each.person_id == current_user.person_id and each.role is MemberRole.OWNER
        for each in members.list_colleagues(_enterprise_id())
    )
    return redirect(url_for(".index" if still else "shop_my.show"), code=303)


def _page(form: InviteForm | None = None, *, error: DomainError | None = None) -> str:
    enterprise_id = _enterprise_id()
    return render_template(
        "seller/members.html",
        name=current_user.membership.enterprise_name,
        colleagues=members.list_colleagues(enterprise_id),
        open_ones=invitations.list_open(enterprise_id),
        now=clock.now(),
        roles=ROLE_NAMES,
        form=form or InviteForm(),
        error=error,
    )
