"""Reviews of the shop's goods and the shop's replies."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.reviews import replies
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, NotForYou, allow

bp = Blueprint("seller_reviews", __name__, url_prefix="/seller/reviews")


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """List the reviews of the shop's goods, newest first."""
    return _page()


@bp.post("/<int:review_id>/reply")
@allow(SELLER)
def reply(review_id: int) -> ResponseReturnValue:
    """Reply to a review, or change the reply."""
    enterprise_id, at = _enterprise_id(), clock.now()
    text = forms.shown_again(request.form.get("reply", ""))
    try:
        in_transaction(
            lambda: replies.reply(
                review_id=review_id, enterprise_id=enterprise_id, text=text, at=at
            )
        )
    except replies.ReplyInvalid as error:
        return _page(error, about=review_id, typed=text), status_of(error)
    flash("답글을 남겼습니다.")
    return redirect(url_for(".index", state=request.args.get("state")), code=303)


def _enterprise_id() -> int:
    if current_user.membership is None:
        raise NotForYou
    return int(current_user.membership.enterprise_id)


def _page(error: DomainError | None = None, *, about: int | None = None, typed: str = "") -> str:
    enterprise_id = _enterprise_id()
    state = request.args.get("state")
    state = state if state in ("answered", "waiting") else None
    rows = replies.list_page(
        enterprise_id,
        is_answered=None if state is None else state == "answered",
        before_id=request.args.get("before", type=int),
    )
    return render_template(
        "seller/reviews.html",
        rows=rows,
        state=state,
        waiting=replies.count_unanswered(enterprise_id),
        next_url=url_for(".index", state=state, before=rows[-1].id)
        if len(rows) == replies.PAGE
        else None,
        longest=replies.LONGEST,
        error=error,
        about=about,
        typed=typed,
    )
