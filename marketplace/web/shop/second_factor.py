"""The second factor: giving it, enrolling it, and its recovery codes."""

from __future__ import annotations

import base64
from typing import Any

import segno
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import second_factor
from marketplace.accounts import sign_in as accounts_sign_in
from marketplace.core import clock, sealing
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.web import forms, limits, viewer
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.returning import safe_path
from marketplace.web.shop import sign_in

bp = Blueprint("shop_second_factor", __name__, url_prefix="/second-factor")

_SHOWN_ONCE = "recovery-codes"


class CodeForm(forms.BaseForm):
    """The code of this moment, or a recovery code."""

    code = forms.text_field(
        "인증 번호",
        longest=20,
        attributes={
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "autocapitalize": "characters",
        },
    )


@bp.get("")
@allow(EVERYONE)
def show() -> ResponseReturnValue:
    """Ask for the code, or lead through enrolling, or show how things stand."""
    person_id = _person_in_question()
    if person_id is None:
        return redirect(url_for("shop_sign_in.show", next=_wanted() or None), code=303)
    return _page(CodeForm())


@bp.post("")
@allow(EVERYONE)
def verify() -> ResponseReturnValue:
    """Accept the code and finish signing in."""
    person_id = _person_in_question()
    if person_id is None:
        return redirect(url_for("shop_sign_in.show", next=_wanted() or None), code=303)
    form = CodeForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    at = clock.now()
    try:
        limits.spend(limits.SECOND_FACTOR, str(person_id))
        with transaction():
            second_factor.verify(person_id=person_id, code=form.code.data, at=at)
            if current_user.is_authenticated:
                viewer.end_session(at=at)
            viewer.begin_session(person_id=person_id, second_factor=True, at=at)
    except DomainError as error:
        return _refused(form, error)
    limits.forgive(limits.SECOND_FACTOR, str(person_id))
    return redirect(sign_in.home_of(_wanted()), code=303)


@bp.post("/begin")
@allow(MEMBER)
def begin() -> ResponseReturnValue:
    """Make the secret an authenticator app scans next."""
    with transaction():
        second_factor.begin(person_id=current_user.person_id)
    return redirect(url_for(".show", next=_wanted() or None), code=303)


@bp.post("/confirm")
@allow(MEMBER)
def confirm() -> ResponseReturnValue:
    """Enrol by the app's first code, then show the recovery codes once."""
    form = CodeForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    at, person_id = clock.now(), current_user.person_id
    try:
        limits.spend(limits.SECOND_FACTOR, str(person_id))
        with transaction():
            codes = second_factor.confirm(
                person_id=person_id, code=form.code.data, at=at, ip=limits.client_address()
            )
            viewer.end_session(at=at)
            viewer.begin_session(person_id=person_id, second_factor=True, at=at)
    except DomainError as error:
        return _refused(form, error)
    _keep_for_one_look(codes)
    return redirect(url_for(".recovery_codes", next=_wanted() or None), code=303)


@bp.post("/recovery-codes")
@allow(MEMBER)
def renew() -> ResponseReturnValue:
    """Replace the recovery codes, against a code."""
    form = CodeForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    person_id = current_user.person_id
    try:
        limits.spend(limits.SECOND_FACTOR, str(person_id))
        with transaction():
            codes = second_factor.renew_recovery_codes(
                person_id=person_id, code=form.code.data, at=clock.now()
            )
    except DomainError as error:
        return _refused(form, error)
    _keep_for_one_look(codes)
    return redirect(url_for(".recovery_codes"), code=303)


@bp.get("/recovery-codes")
@allow(MEMBER)
def recovery_codes() -> ResponseReturnValue:
    """Show new recovery codes; a second look finds none."""
    kept = session.pop("shown_once", None)
    if not kept:
        return redirect(url_for(".show"), code=303)
    codes = sealing.unseal(base64.b64decode(kept), purpose=_SHOWN_ONCE).split()
    return render_template(
        "shop/account/recovery_codes.html", codes=codes, onwards=sign_in.home_of(_wanted())
    )


def _person_in_question() -> int | None:
    if current_user.is_authenticated:
        person_id: int = current_user.person_id
        return person_id
    pending: dict[str, Any] = session.get("pending") or {}
    if not _still_counts(pending):
        session.pop("pending", None)
        return None
    return int(pending["person_id"])


def _still_counts(pending: dict[str, Any]) -> bool:
    """Tell whether a password given moments ago is still the person's."""
    return pending.get("until", 0) >= clock.now().timestamp() and accounts_sign_in.is_unchanged(
        person_id=pending["person_id"], session_version=pending.get("version", 0)
    )


def _keep_for_one_look(codes: list[str]) -> None:
    # The session cookie is signed but readable; these must not lie in it in the open.
    sealed = sealing.seal(" ".join(codes), purpose=_SHOWN_ONCE)
    session["shown_once"] = base64.b64encode(sealed).decode()


def _wanted() -> str:
    return safe_path(request.values.get("next"), default="")


def _refused(form: CodeForm, error: DomainError) -> ResponseReturnValue:
    form.refuse(error)
    return _page(form), status_of(error)


def _page(form: CodeForm) -> str:
    if not current_user.is_authenticated or (
        current_user.has_second_factor and not current_user.passed_second_factor
    ):
        return render_template("shop/account/second_factor.html", form=form, wanted=_wanted())
    person_id = current_user.person_id
    enrolment = second_factor.find_enrolment(person_id)
    picture = segno.make(enrolment.uri, error="m").svg_data_uri(scale=5) if enrolment else None
    return render_template(
        "shop/account/second_factor_own.html",
        form=form,
        wanted=_wanted(),
        enrolment=enrolment,
        picture=picture,
        codes_left=second_factor.count_recovery_codes(person_id),
    )
