"""What the member wants to hear of, and by which way."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import consents
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.notifications import preferences
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_preferences", __name__, url_prefix="/my/notifications")


@bp.get("")
@allow(MEMBER)
def show() -> ResponseReturnValue:
    """Show every topic with the channels it comes by."""
    person_id = current_user.person_id
    return render_template(
        "shop/account/notifications.html",
        rows=preferences.list_rows(person_id, works=_works()),
        ads=[each for each in consents.list_standing(person_id) if each.text.is_advertising],
    )


@bp.post("")
@allow(MEMBER)
def change() -> ResponseReturnValue:
    """Keep what the member wants."""
    person_id, at = current_user.person_id, clock.now()
    wanted = {
        (topic, channel)
        for topic, channel in preferences.switchable()
        if f"{topic.value}-{channel.value}" in request.form
    }
    works = _works()
    in_transaction(
        lambda: preferences.change(person_id=person_id, wanted=wanted, works=works, at=at)
    )
    flash("알림 설정을 저장했습니다.")
    return redirect(url_for(".show"), code=303)


def _works() -> bool:
    return bool(current_user.is_staff or current_user.memberships)
