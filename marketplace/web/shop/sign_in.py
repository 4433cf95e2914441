"""Signing in with address and password."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import emails, people, sign_in
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.web import forms, limits, viewer
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, allow, may_open
from marketplace.web.returning import safe_path

bp = Blueprint("shop_sign_in", __name__)

# How long a password stays half a sign-in, waiting for the second factor.
PENDING_SECONDS = 600
# Where somebody who signs up first was going, under this name in their session.
ONWARDS = "onwards"


class SignInForm(forms.BaseForm):
    """What somebody types to sign in."""

    email = forms.text_field(
        "이메일",
        longest=emails.LONGEST,
        attributes={"type": "email", "autocomplete": "username", "inputmode": "email"},
    )
    password = forms.password_field("비밀번호", autocomplete="current-password")


@bp.get("/sign-in")
@allow(EVERYONE)
def show() -> ResponseReturnValue:
    """Ask for address and password."""
    if current_user.is_authenticated:
        return redirect(_onwards(), code=303)
    return _page(SignInForm())


@bp.post("/sign-in")
@allow(EVERYONE)
def begin() -> ResponseReturnValue:
    """Sign in, or ask for the second factor next."""
    form = SignInForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    at = clock.now()
    try:
        _count(form.email.data)
        with transaction():
            who = sign_in.recognise(email=form.email.data, password=form.password.data, at=at)
            if not who.has_second_factor:
                viewer.begin_session(person_id=who.person_id, second_factor=False, at=at)
    except sign_in.WrongCredentials as error:
        limits.spend(limits.SIGN_IN_ADDRESS)
        form.refuse(error)
        return _page(form), status_of(InvalidInput)
    except limits.TriedTooOften as error:
        with transaction():
            sign_in.warn_of_lock(email=form.email.data, at=at)
        return _refused(form, error)
    except (sign_in.EmailNotConfirmed, people.PersonNotActive, limits.CannotCount) as error:
        return _refused(form, error)
    limits.forgive(limits.SIGN_IN_HERE, *_here_and(form.email.data))
    limits.forgive(limits.SIGN_IN_ACCOUNT, emails.key(form.email.data))
    if who.has_second_factor:
        session.clear()
        session["pending"] = {
            "person_id": who.person_id,
            "version": who.session_version,
            "until": int(at.timestamp()) + PENDING_SECONDS,
        }
        return redirect(url_for("shop_second_factor.show", next=_wanted()), code=303)
    return redirect(_onwards(), code=303)


def home_of(target: str) -> str:
    """Return where a person who just signed in goes: where they wanted to, or their desk."""
    if target:
        return target
    if current_user.is_staff:
        return url_for("office_home.show")
    # A cashier's only desk is the till.
    desks = ("seller_home.show", "seller_counter.show", "shop_home.show")
    return url_for(next(desk for desk in desks if may_open(desk)))


def _onwards() -> str:
    if current_user.needs_second_factor:
        return url_for("shop_second_factor.show", next=_wanted() or None)
    return home_of(_wanted())


def _wanted() -> str:
    return safe_path(request.values.get("next"), default="")


def _count(email: str) -> None:
    limits.check(limits.SIGN_IN_ADDRESS)
    limits.spend(limits.SIGN_IN_HERE, *_here_and(email))
    limits.spend(limits.SIGN_IN_ACCOUNT, emails.key(email))


def _here_and(email: str) -> tuple[str, str]:
    return limits.client_address(), emails.key(email)


def _refused(form: SignInForm, error: DomainError) -> ResponseReturnValue:
    form.refuse(error)
    waiting = error.details.get("retry_after")
    headers = {"Retry-After": str(waiting)} if waiting else {}
    unconfirmed = isinstance(error, sign_in.EmailNotConfirmed)
    return _page(form, unconfirmed=unconfirmed), status_of(error), headers


def _page(form: SignInForm, *, unconfirmed: bool = False) -> str:
    return render_template(
        "shop/account/sign_in.html", form=form, wanted=_wanted(), unconfirmed=unconfirmed
    )
