"""Signing out, here or everywhere."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import people
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.web import viewer
from marketplace.web.guards import EVERYONE, MEMBER, allow

bp = Blueprint("shop_sign_out", __name__)


@bp.post("/sign-out")
@allow(EVERYONE)
def end() -> ResponseReturnValue:
    """Sign this browser out; a copy of its cookie is worth nothing afterwards."""
    with transaction():
        viewer.end_session(at=clock.now())
    flash("로그아웃했습니다.")
    return redirect(url_for("shop_home.show"), code=303)


@bp.post("/sign-out/everywhere")
@allow(MEMBER)
def end_everywhere() -> ResponseReturnValue:
    """Sign every browser of this person out."""
    with transaction():
        people.end_sessions(person_id=current_user.person_id)
        viewer.end_session(at=clock.now())
    flash("모든 기기에서 로그아웃했습니다.")
    return redirect(url_for("shop_sign_in.show"), code=303)
