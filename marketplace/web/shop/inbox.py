"""The viewer's notices."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.notifications import inbox
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_inbox", __name__, url_prefix="/my/inbox")

_SHOWN = 20


@bp.get("")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """List the viewer's notices, newest first."""
    before = _number(request.args.get("before"))
    notices = inbox.list_notices(
        person_id=current_user.person_id, before_id=before, limit=_SHOWN + 1
    )
    more = len(notices) > _SHOWN
    notices = notices[:_SHOWN]
    return render_template(
        "shop/inbox.html",
        notices=notices,
        next_url=url_for(".index", before=notices[-1].id) if more else None,
    )


@bp.post("/read")
@allow(MEMBER)
def read() -> ResponseReturnValue:
    """Mark the notices shown as read."""
    up_to = _number(request.form.get("up_to")) or 0
    with transaction():
        inbox.mark_read(person_id=current_user.person_id, up_to_id=up_to, at=clock.now())
    return redirect(url_for(".index"), code=303)


def _number(typed: str | None) -> int | None:
    # Longer ones are no id of ours, and no column could hold them.
    readable = typed is not None and typed.isascii() and typed.isdigit() and len(typed) < 19
    return int(typed) if typed and readable else None
