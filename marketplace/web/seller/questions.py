"""Questions about the shop's goods: unanswered first."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.reviews import questions
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, NotForYou, allow

bp = Blueprint("seller_questions", __name__, url_prefix="/seller/questions")


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """List what waits for an answer, or what was answered."""
    return _page()


@bp.post("/<int:question_id>")
@allow(SELLER)
def answer(question_id: int) -> ResponseReturnValue:
    """Answer a question, or change the answer."""
    enterprise_id, by, at = _enterprise_id(), current_user.person_id, clock.now()
    text = forms.shown_again(request.form.get("answer", ""))
    try:
        in_transaction(
            lambda: questions.answer(
                question_id=question_id, enterprise_id=enterprise_id, text=text, by=by, at=at
            )
        )
    except questions.AnswerInvalid as error:
        return _page(error, about=question_id, typed=text), status_of(error)
    flash("답변을 남겼습니다. 물어본 분에게 알렸습니다.")
    return redirect(url_for(".index", state=request.args.get("state")), code=303)


def _enterprise_id() -> int:
    if current_user.membership is None:
        raise NotForYou
    return int(current_user.membership.enterprise_id)


def _page(error: DomainError | None = None, *, about: int | None = None, typed: str = "") -> str:
    enterprise_id = _enterprise_id()
    is_answered = request.args.get("state") == "answered"
    place = request.args.get("after", type=int)
    if is_answered:
        rows = questions.list_answered(enterprise_id, before_id=place)
    else:
        rows = questions.list_unanswered(enterprise_id, after_id=place or 0)
    state = "answered" if is_answered else None
    return render_template(
        "seller/questions.html",
        rows=rows,
        is_answered=is_answered,
        waiting=questions.count_unanswered(enterprise_id),
        today=day_in_seoul(clock.now()),
        next_url=url_for(".index", state=state, after=rows[-1].id)
        if len(rows) == questions.PAGE
        else None,
        longest=questions.LONGEST,
        error=error,
        about=about,
        typed=typed,
    )
