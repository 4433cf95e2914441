"""장부 점검: whether every won of the coupons is where it should be."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.audit import trail
from marketplace.core import clock, outbox
from marketplace.core.db import transaction
from marketplace.reporting import book_watch, coupon_sums
from marketplace.web import limits
from marketplace.web.guards import allow, may_open
from marketplace.web.office.monitor import READERS

bp = Blueprint("office_books", __name__, url_prefix="/office/books")

_RUNS: Final = 12


@bp.get("")
@allow(*READERS, Role.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """Show what the last check found, and every campaign and grant with its sums as of now."""
    runs = book_watch.list_runs(limit=_RUNS)
    return render_template(
        "office/books.html",
        last=next(iter(runs), None),
        runs=runs,
        sums=coupon_sums.read(),
        at=clock.now(),
        may_check=may_open("office_books.check"),
    )


@bp.post("/check")
@allow(Role.SETTLEMENT_OFFICER, Role.OPERATOR, Role.ADMINISTRATOR)
def check() -> ResponseReturnValue:
    """Ask for a check now; it runs in the background."""
    with transaction():
        outbox.enqueue("reporting.check_books", {})
        trail.record(
            "book_check_asked",
            subject_kind="book_check",
            subject_id=None,
            actor_id=current_user.person_id,
            ip=limits.client_address(),
        )
    flash("장부 점검을 시작했습니다. 잠시 뒤 이 화면을 다시 열어 주세요.")
    return redirect(url_for(".index"), code=303)
