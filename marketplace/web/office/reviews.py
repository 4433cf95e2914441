"""Reported reviews: hidden with a reason, or kept."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.reviews import moderation
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow, may_open

bp = Blueprint("office_reviews", __name__, url_prefix="/office/reviews")


@bp.get("")
@allow(Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List reported reviews, or hidden ones."""
    return _page()


@bp.post("/<int:review_id>/hide")
@allow(Role.OPERATOR)
def hide(review_id: int) -> ResponseReturnValue:
    """Hide a review and tell its writer why."""
    by, at, ip, reason = current_user.person_id, clock.now(), limits.client_address(), _reason()
    try:
        in_transaction(
            lambda: moderation.hide(review_id=review_id, reason=reason, by=by, at=at, ip=ip)
        )
    except DomainError as error:
        return _page(error, about=review_id), status_of(error)
    flash("후기를 가리고 쓴 분에게 알렸습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:review_id>/keep")
@allow(Role.OPERATOR)
def keep(review_id: int) -> ResponseReturnValue:
    """Keep a reported review, or show a hidden one again."""
    by, at, ip, reason = current_user.person_id, clock.now(), limits.client_address(), _reason()
    try:
        in_transaction(
            lambda: moderation.keep(review_id=review_id, answer=reason, by=by, at=at, ip=ip)
        )
    except DomainError as error:
        return _page(error, about=review_id), status_of(error)
    flash("후기를 그대로 두기로 했습니다.")
    return redirect(url_for(".index"), code=303)


def _reason() -> str:
    return forms.shown_again(request.form.get("reason", ""))


def _page(error: DomainError | None = None, *, about: int | None = None) -> str:
    is_hidden = request.args.get("state") == "hidden"
    before = request.args.get("before", type=int)
    listed = moderation.list_hidden if is_hidden else moderation.list_reported
    rows = listed(before_id=before)
    state = "hidden" if is_hidden else None
    return render_template(
        "office/reviews.html",
        rows=rows,
        is_hidden=is_hidden,
        waiting=moderation.count_open(),
        next_url=url_for(".index", state=state, before=rows[-1].id)
        if len(rows) == moderation.PAGE
        else None,
        may_act=may_open("office_reviews.hide"),
        longest=moderation.LONGEST_REASON,
        error=error,
        about=about,
        typed=_reason(),
    )
