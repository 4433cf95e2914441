"""An invitation to work for an enterprise, opened from a mail."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.enterprises import invitations, members
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.shop import sign_in

bp = Blueprint("shop_invitations", __name__, url_prefix="/invitations")


@bp.get("/<token>")
@allow(EVERYONE)
def show(token: str) -> ResponseReturnValue:
    """Say who asks whom; nothing happens until somebody signed in agrees."""
    try:
        page = _page(token)
    except invitations.InvitationDead as error:
        return render_template("shop/apply/invitation.html", invited=None), status_of(error)
    if not current_user.is_authenticated:
        # Who signs up first comes back here after their address is confirmed.
        session[sign_in.ONWARDS] = request.path
    return page


@bp.post("/<token>")
@allow(MEMBER)
def accept(token: str) -> ResponseReturnValue:
    """Take the invitation up."""
    try:
        invited = in_transaction(
            lambda: invitations.accept(
                token,
                person_id=current_user.person_id,
                at=clock.now(),
                ip=limits.client_address(),
            )
        )
    except invitations.InvitationDead as error:
        return render_template("shop/apply/invitation.html", invited=None), status_of(error)
    except DomainError as error:
        return _page(token, error=error), status_of(error)
    session["enterprise_id"] = invited.enterprise_id
    flash(f"{invited.enterprise_name}의 {members.ROLE_NAMES[invited.role]}이(가) 되었습니다.")
    return redirect(url_for("shop_my.show"), code=303)


def _page(token: str, *, error: DomainError | None = None) -> str:
    return render_template(
        "shop/apply/invitation.html",
        invited=invitations.get_alive(token, at=clock.now()),
        roles=members.ROLE_NAMES,
        token=token,
        error=error,
    )
