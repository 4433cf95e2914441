"""이상 징후: what looks like fraud, until somebody has looked at it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import fraud
from marketplace.reporting import fraud_watch
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow, may_open
from marketplace.web.office.monitor import READERS

bp = Blueprint("office_fraud", __name__, url_prefix="/office/fraud")

_CLEARERS: Final = (Role.CAMPAIGN_MANAGER, Role.SETTLEMENT_OFFICER, Role.OPERATOR)
MEANINGS: Final = {
    fraud.FraudKind.MANY_SHOPS: (
        f"같은 사람이 {fraud_watch.SHOPS_WITHIN.seconds // 60}분 안에 "
        f"{fraud_watch.SHOPS}곳 이상에서 썼습니다."
    ),
    fraud.FraudKind.OWN_MEMBER: "가게에서 일하는 사람이 그 가게에서 자기 쿠폰을 썼습니다.",
    fraud.FraudKind.FACE_VALUE: (
        f"구매액이 쿠폰 금액과 똑같은 거래가 하루 {fraud_watch.FACE_VALUES}건 이상입니다."
    ),
    fraud.FraudKind.OUTSIDE_HOURS: (
        f"쿠폰 사용 시간 밖이거나 밤 {fraud_watch.CLOSED_FROM}시부터 "
        f"아침 {fraud_watch.CLOSED_UNTIL}시 사이에 가게에서 썼습니다."
    ),
    fraud.FraudKind.HIGH_REVERSAL: (
        f"{fraud_watch.REVERSAL_WEEK.days}일 동안 {fraud_watch.REVERSAL_USES}건 이상 가운데 "
        f"{fraud_watch.REVERSAL_PERCENT}% 이상을 되돌렸습니다."
    ),
    fraud.FraudKind.CODE_GUESSING: "틀린 쿠폰 코드를 잇달아 넣어 시도가 막혔습니다.",
}


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List what nobody has looked at, newest first; or what was cleared."""
    return _page()


@bp.post("/<int:flag_id>/clear")
@allow(*_CLEARERS)
def clear(flag_id: int) -> ResponseReturnValue:
    """Close a flag with what was found out."""
    try:
        with transaction():
            fraud.clear(
                flag_id=flag_id,
                note=request.form.get("note", ""),
                by=current_user.person_id,
                at=clock.now(),
                ip=limits.client_address(),
            )
    except DomainError as error:
        return _page(error, about=flag_id), status_of(error)
    flash("확인한 내용을 남기고 이상 징후를 닫았습니다.")
    return redirect(url_for(".index"), code=303)


def _page(error: DomainError | None = None, *, about: int | None = None) -> str:
    is_open = request.args.get("state") != "cleared"
    flags = fraud.list_flags(is_open=is_open, before_id=request.args.get("before", type=int))
    state = None if is_open else "cleared"
    return render_template(
        "office/fraud.html",
        flags=flags,
        is_open=is_open,
        next_url=url_for(".index", before=flags[-1].id, state=state)
        if len(flags) == fraud.PAGE
        else None,
        labels=fraud.LABELS,
        meanings=MEANINGS,
        longest=fraud.LONGEST_NOTE,
        may_clear=may_open("office_fraud.clear"),
        error=error,
        about=about,
        typed=request.form.get("note", ""),
    )
