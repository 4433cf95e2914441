"""The member's own page and what they say about themselves."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import people, queries, sign_in
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_my", __name__, url_prefix="/my")


class DetailsForm(forms.BaseForm):
    """What a member says about themselves."""

    name = forms.text_field(
        "이름", longest=people.LONGEST_NAME, attributes={"autocomplete": "name"}
    )
    phone = forms.text_field(
        "휴대전화",
        longest=30,
        attributes={"type": "tel", "autocomplete": "tel", "inputmode": "tel"},
    )
    dong_code = forms.select_field("사는 동", [], required=False)


@bp.get("")
@allow(MEMBER)
def show() -> ResponseReturnValue:
    """Lead to everything that is the member's own."""
    person_id = current_user.person_id
    return render_template(
        "shop/account/my.html",
        person=queries.get_person(person_id),
        browsers=sign_in.count_standing(person_id=person_id, at=clock.now()),
    )


@bp.get("/details")
@allow(MEMBER)
def details() -> ResponseReturnValue:
    """Show the member's details to be changed."""
    return _page(_form(DetailsForm(obj=queries.get_person(current_user.person_id))))


@bp.post("/details")
@allow(MEMBER)
def change_details() -> ResponseReturnValue:
    """Change the member's details."""
    form = _form(DetailsForm.sent())
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    person_id = current_user.person_id
    try:
        with transaction():
            people.change_details(
                person_id=person_id,
                details=people.Details(
                    name=form.name.data,
                    phone=form.phone.data,
                    birth_on=queries.get_person(person_id).birth_on,
                    dong_code=form.dong_code.data or None,
                ),
                on=day_in_seoul(clock.now()),
                ip=limits.client_address(),
            )
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    flash("회원 정보를 바꾸었습니다.")
    return redirect(url_for(".show"), code=303)


def _form(form: DetailsForm) -> DetailsForm:
    form.dong_code.choices = [("", "고르지 않음"), *queries.list_dong()]
    return form


def _page(form: DetailsForm) -> str:
    return render_template("shop/account/details.html", form=form)
