"""Leaving the mall: one click here from the member's page, one click to leave."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from marketplace.accounts import withdrawal
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError
from marketplace.enterprises import members
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_withdrawal", __name__, url_prefix="/my/withdrawal")


@bp.get("")
@allow(MEMBER)
def show() -> ResponseReturnValue:
    """Say what leaving deletes and what the law keeps."""
    return render_template("shop/account/withdrawal.html", error=None)


@bp.post("")
@allow(MEMBER)
def leave() -> ResponseReturnValue:
    """Leave the mall at once."""
    at, ip, person_id = clock.now(), limits.client_address(), current_user.person_id
    try:
        with transaction():
            members.leave_all(person_id=person_id, at=at, ip=ip)
            withdrawal.withdraw(person_id=person_id, at=at, ip=ip)
    except DomainError as error:
        return render_template("shop/account/withdrawal.html", error=error), status_of(error)
    logout_user()
    session.clear()
    flash("탈퇴했습니다. 개인정보는 지웠고, 그동안 함께해 주셔서 고맙습니다.")
    return redirect(url_for("shop_home.show"), code=303)
