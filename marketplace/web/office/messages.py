"""알림 기록: what left, what did not, and a failed one sent once more."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import queries
from marketplace.accounts.roles import Role
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.notifications import catalogue, desk
from marketplace.notifications.desk import Channel, Filters, MessageState
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow, may_open

bp = Blueprint("office_messages", __name__, url_prefix="/office/messages")

# No person has it: a filter by somebody unknown finds nothing instead of everything.
_NOBODY = 0


@bp.get("")
@allow(Role.OPERATOR, Role.ADMINISTRATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List messages, newest first."""
    return _page()


@bp.post("/<int:message_id>/resend")
@allow(Role.OPERATOR, Role.ADMINISTRATOR)
def resend(message_id: int) -> ResponseReturnValue:
    """Send a failed message once more."""
    actor_id, ip = current_user.person_id, limits.client_address()
    try:
        in_transaction(lambda: desk.resend(message_id=message_id, actor_id=actor_id, ip=ip))
    except DomainError as error:
        return _page(error), status_of(error)
    flash("다시 보내기로 했습니다. 결과는 이 목록에 나타납니다.")
    return redirect(url_for(".index", state="failed"), code=303)


def _page(error: DomainError | None = None) -> str:
    email = forms.shown_again(request.args.get("email", ""))[:254]
    kind, state, channel = (request.args.get(name, "") for name in ("kind", "state", "channel"))
    filters = Filters(
        kind=kind if kind in catalogue.ENTRIES else None,
        state=MessageState(state) if state in set(MessageState) else None,
        channel=Channel(channel) if channel in set(Channel) else None,
        person_id=(queries.find_person_by_email(email) or _NOBODY) if email else None,
    )
    rows = desk.list_page(filters, before_id=request.args.get("before", type=int))
    kept: dict[str, Any] = {
        "kind": filters.kind,
        "state": filters.state,
        "channel": filters.channel,
        "email": email or None,
    }
    return render_template(
        "office/messages.html",
        rows=rows,
        counts=desk.count_unsent(),
        filters=filters,
        email=email,
        kinds=sorted((entry.title, kind) for kind, entry in catalogue.ENTRIES.items()),
        states=desk.STATES,
        channels=desk.CHANNELS,
        next_url=url_for(".index", **kept, before=rows[-1].id) if len(rows) == desk.PAGE else None,
        may_resend=may_open("office_messages.resend"),
        error=error,
    )
