"""A new password: for who forgot theirs, and for who wants another."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import emails, mailed_links, passwords, sign_in
from marketplace.accounts.mailed_links import TokenPurpose
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.web import forms, limits, viewer
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow

bp = Blueprint("shop_password", __name__)


class AskForm(forms.BaseForm):
    """Whose password was forgotten."""

    email = forms.text_field(
        "이메일",
        longest=emails.LONGEST,
        attributes={"type": "email", "autocomplete": "username", "inputmode": "email"},
    )


class ChooseForm(forms.BaseForm):
    """The new password of who followed the mailed link."""

    password = forms.password_field("새 비밀번호", autocomplete="new-password")


class ChangeForm(forms.BaseForm):
    """The present and the new password of who is signed in."""

    current = forms.password_field("지금 비밀번호", autocomplete="current-password")
    password = forms.password_field("새 비밀번호", autocomplete="new-password")


@bp.get("/password/reset")
@allow(EVERYONE)
def ask() -> ResponseReturnValue:
    """Ask whose password was forgotten."""
    return render_template("shop/account/reset_ask.html", form=AskForm())


@bp.post("/password/reset")
@allow(EVERYONE)
def send() -> ResponseReturnValue:
    """Mail a link; whether anybody has the address stays unsaid."""
    form = AskForm.sent()
    if not form.validate():
        return render_template("shop/account/reset_ask.html", form=form), status_of(InvalidInput)
    try:
        limits.spend(limits.RESET_ADDRESS)
        limits.spend(limits.RESET_ACCOUNT, emails.key(form.email.data))
    except DomainError as error:
        form.refuse(error)
        return render_template("shop/account/reset_ask.html", form=form), status_of(error)
    with transaction():
        sign_in.ask_for_reset(email=form.email.data)
    return redirect(url_for(".sent"), code=303)


@bp.get("/password/reset/sent")
@allow(EVERYONE)
def sent() -> ResponseReturnValue:
    """Say that a mail is on its way, if there is anybody to get it."""
    minutes = mailed_links.LIFETIME[TokenPurpose.RESET_PASSWORD].seconds // 60
    return render_template("shop/account/reset_sent.html", minutes=minutes)


@bp.get("/password/new/<token>")
@allow(EVERYONE)
def choose(token: str) -> ResponseReturnValue:
    """Ask for the new password."""
    alive = mailed_links.is_alive(token, purpose=TokenPurpose.RESET_PASSWORD, at=clock.now())
    page = _choose_page(ChooseForm(), token, is_alive=alive)
    return page, 200 if alive else status_of(mailed_links.LinkDead)


@bp.post("/password/new/<token>")
@allow(EVERYONE)
def reset(token: str) -> ResponseReturnValue:
    """Take the new password and end every session of the person."""
    form = ChooseForm.sent()
    if not form.validate():
        return _choose_page(form, token), status_of(InvalidInput)
    try:
        limits.spend(limits.RESET_TOKEN)
        with transaction():
            sign_in.reset(
                token=token,
                password=form.password.data,
                at=clock.now(),
                ip=limits.client_address(),
            )
    except mailed_links.LinkDead as error:
        return _choose_page(form, token, is_alive=False), status_of(error)
    except DomainError as error:
        form.refuse(error)
        return _choose_page(form, token), status_of(error)
    flash("비밀번호를 바꾸고 모든 기기에서 로그아웃했습니다. 새 비밀번호로 로그인해 주세요.")
    return redirect(url_for("shop_sign_in.show"), code=303)


@bp.get("/my/password")
@allow(MEMBER)
def change() -> ResponseReturnValue:
    """Ask for the present and the new password."""
    return render_template("shop/account/password.html", form=ChangeForm())


@bp.post("/my/password")
@allow(MEMBER)
def changed() -> ResponseReturnValue:
    """Change the password; every other browser is signed out, this one goes on afresh."""
    form = ChangeForm.sent()
    if not form.validate():
        return render_template("shop/account/password.html", form=form), status_of(InvalidInput)
    at, person_id = clock.now(), current_user.person_id
    try:
        limits.spend(limits.SIGN_IN_ACCOUNT, "change", str(person_id))
        with transaction():
            passwords.change(
                person_id=person_id,
                current=form.current.data,
                new=form.password.data,
                ip=limits.client_address(),
            )
            passed = current_user.passed_second_factor
            viewer.end_session(at=at)
            viewer.begin_session(person_id=person_id, second_factor=passed, at=at)
    except DomainError as error:
        form.refuse(error)
        return render_template("shop/account/password.html", form=form), status_of(error)
    flash("비밀번호를 바꾸고 다른 기기에서 모두 로그아웃했습니다.")
    return redirect(url_for("shop_my.show"), code=303)


def _choose_page(form: ChooseForm, token: str, *, is_alive: bool = True) -> str:
    return render_template(
        "shop/account/reset_choose.html", form=form, token=token, is_alive=is_alive
    )
