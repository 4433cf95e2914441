"""What shops' tills took: receipts, later reversals with a reason, and uses without network."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.checkout import counter, counter_offline
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import offline, receipts
from marketplace.coupons.refusals import text_of
from marketplace.orders import numbers
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint("office_counter", __name__, url_prefix="/office/counter")

OUTCOMES: Final = {
    offline.OfflineOutcome.REDEEMED: ("ok", "사용됨"),
    offline.OfflineOutcome.SHORT: ("warn", "부족"),
    offline.OfflineOutcome.REFUSED: ("bad", "받지 않음"),
}


@bp.get("")
@allow(Role.OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List the newest receipts, or find one by its number."""
    return _page()


@bp.post("/<number>/reversal")
@allow(Role.OPERATOR, Role.SETTLEMENT_OFFICER)
def reverse(number: str) -> ResponseReturnValue:
    """Take a use back, whenever it was, with a reason."""
    at, actor_id, ip = clock.now(), current_user.person_id, limits.client_address()
    reason = request.form.get("reason", "")[:200]
    try:
        in_transaction(
            lambda: counter.reverse_at_counter(
                number=number, enterprise_id=None, actor_id=actor_id, reason=reason, at=at, ip=ip
            )
        )
    except DomainError as error:
        return _page(error, number), status_of(error)
    flash("쿠폰 사용을 취소했습니다. 쿠폰과 재원에 금액이 돌아갔습니다.", "ok")
    return redirect(url_for(".index", number=number), code=303)


@bp.get("/offline")
@allow(Role.OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR)
def troubled() -> ResponseReturnValue:
    """List what tills took without network and coupons could not pay, or nobody believed."""
    return render_template(
        "office/counter/offline.html",
        uses=offline.list_troubled(),
        outcomes=OUTCOMES,
        said=lambda code: counter_offline.REFUSALS.get(code) or text_of(code),
    )


def _page(error: DomainError | None = None, number: str = "") -> str:
    wanted = numbers.tidy(number or request.args.get("number", ""))[:40]
    found = []
    if wanted and numbers.is_number(wanted):
        try:
            found = [receipts.get(wanted)]
        except receipts.ReceiptNotFound as missing:
            error = error or missing
    elif wanted:
        error = error or receipts.ReceiptNotFound()
    else:
        found = receipts.list_newest()
    return render_template(
        "office/counter/index.html",
        receipts=found,
        wanted=wanted,
        error=error,
        may_act=bool({Role.OPERATOR, Role.SETTLEMENT_OFFICER} & current_user.roles),
    )
