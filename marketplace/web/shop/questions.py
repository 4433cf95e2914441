"""Questions about a product: everybody reads them, members ask."""

from __future__ import annotations

from typing import ClassVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog.product_page import get_product_page
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.enterprises.queries import get_enterprise_by_id
from marketplace.reviews import queries, questions
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.shop import talk

bp = Blueprint("shop_questions", __name__)


class QuestionForm(forms.BaseForm):
    """What somebody wants to know."""

    aliases: ClassVar[dict[str, str]] = {}

    body = forms.long_text_field("문의 내용", longest=questions.LONGEST)
    is_secret = forms.checkbox_field("비밀글로 묻기")


@bp.get("/products/<int:product_id>/questions")
@allow(EVERYONE)
def index(product_id: int) -> ResponseReturnValue:
    """List the questions about a product and let members ask."""
    return _page(product_id, QuestionForm())


@bp.post("/products/<int:product_id>/questions")
@allow(MEMBER)
def ask(product_id: int) -> ResponseReturnValue:
    """Ask about a product."""
    person_id, at, form = current_user.person_id, clock.now(), QuestionForm.sent()
    if not form.validate():
        return _page(product_id, form), status_of(InvalidInput)
    try:
        limits.spend(limits.QUESTION, str(person_id))
        in_transaction(
            lambda: questions.ask(
                product_id=product_id,
                person_id=person_id,
                body=form.body.data,
                is_secret=form.is_secret.data,
                at=at,
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _page(product_id, form), status_of(error)
    flash("문의를 남겼습니다. 답변이 달리면 알려 드립니다.")
    return redirect(url_for(".index", product_id=product_id), code=303)


@bp.post("/questions/<int:question_id>/deletion")
@allow(MEMBER)
def take_back(question_id: int) -> ResponseReturnValue:
    """Delete one's own unanswered question."""
    person_id = current_user.person_id
    product_id = in_transaction(
        lambda: questions.take_back(question_id=question_id, person_id=person_id)
    )
    flash("문의를 지웠습니다.")
    return redirect(url_for(".index", product_id=product_id), code=303)


def _page(product_id: int, form: QuestionForm) -> str:
    product = get_product_page(product_id)
    asked = queries.list_questions(
        product_id,
        reader=talk.reader_of(product.enterprise_id),
        after=talk.read_cursor(request.args.get("after")),
    )
    after = talk.write_cursor(asked[-1].asked_at, asked[-1].id) if asked else None
    is_full = len(asked) == queries.PAGE
    return render_template(
        "shop/questions/index.html",
        product=product,
        enterprise=get_enterprise_by_id(product.enterprise_id, on=day_in_seoul(clock.now())),
        asked=asked,
        total=queries.count_questions(product_id),
        form=form,
        next_url=url_for(".index", product_id=product_id, after=after) if is_full else None,
    )
