"""자격 확인 창구: requests of residents, and facts recorded at the desk."""

from __future__ import annotations

from typing import ClassVar, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import (
    queries,
    verification,
    verification_desk,
    verification_requests,
)
from marketplace.accounts.roles import Role
from marketplace.accounts.verification import VerificationKind
from marketplace.core import clock, sheets
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.coupons.eligibility import FACTS
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint("office_verifications", __name__, url_prefix="/office/verifications")

_AT_DESK: Final = (
    VerificationKind.RESIDENCE,
    VerificationKind.WORKPLACE,
    VerificationKind.STAFF,
)


class DeskForm(forms.BaseForm):
    """One fact of somebody who stands at the desk."""

    aliases: ClassVar[dict[str, str]] = {"person": "email"}

    email = forms.text_field(
        "회원 이메일", longest=254, attributes={"type": "email", "autocomplete": "off"}
    )
    kind = forms.select_field("확인한 것", [(kind.value, FACTS[kind]) for kind in _AT_DESK])
    value = forms.text_field("내용", longest=verification.LONGEST_WORKPLACE)


@bp.get("")
@allow(Role.OPERATOR, Role.DONG_CLERK, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List what waits, oldest first."""
    return _page()


@bp.post("/<int:request_id>")
@allow(Role.OPERATOR, Role.DONG_CLERK)
def decide(request_id: int) -> ResponseReturnValue:
    """Confirm a fact, or say why not."""
    try:
        with transaction():
            kind = verification_requests.decide(
                request_id=request_id,
                grant=request.form.get("decision") == "grant",
                reason=request.form.get("reason", ""),
                by=current_user.person_id,
                at=clock.now(),
            )
    except DomainError as error:
        return _page(error=error, about=request_id), status_of(error)
    flash(f"{FACTS[kind]} 확인 요청을 처리했습니다. 신청한 분에게 알렸습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("")
@allow(Role.OPERATOR, Role.DONG_CLERK)
def record() -> ResponseReturnValue:
    """Record a fact of somebody at the desk."""
    form = DeskForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    try:
        with transaction():
            verification_desk.record_at_desk(
                email=form.email.data,
                kind=VerificationKind(form.kind.data),
                value=form.value.data,
                by=current_user.person_id,
                at=clock.now(),
            )
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    flash("확인한 사실을 남겼습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/list")
@allow(Role.OPERATOR)
def upload() -> ResponseReturnValue:
    """Record a fact for every row of a file, and show what became of each."""
    sent = request.files.get("file")
    # One byte more than is allowed is enough to refuse it.
    content = sent.stream.read(sheets.LARGEST_FILE + 1) if sent else b""
    kind = next((kind for kind in _AT_DESK if kind == request.form.get("kind")), _AT_DESK[0])
    try:
        with transaction():
            report = verification_desk.record_list(
                content, kind=kind, by=current_user.person_id, at=clock.now()
            )
    except DomainError as error:
        return _page(list_error=error), status_of(error)
    return _page(report=report)


def _page(
    form: DeskForm | None = None,
    *,
    error: DomainError | None = None,
    about: int | None = None,
    list_error: DomainError | None = None,
    report: list[verification_desk.ListedRow] | None = None,
) -> str:
    waiting = verification_requests.list_waiting(after=request.args.get("after", 0, type=int))
    is_full = len(waiting) == verification_requests.PAGE
    return render_template(
        "office/verifications.html",
        waiting=waiting,
        next_url=url_for(".index", after=waiting[-1].id) if is_full else None,
        words=FACTS,
        form=form or DeskForm(),
        error=error,
        about=about,
        list_error=list_error,
        report=report,
        may_upload=current_user.belongs_to(Role.OPERATOR),
        typed_reason=request.form.get("reason", ""),
        dong=[name for _, name in queries.list_dong()],
        departments=[name for _, name in queries.list_departments()],
        may_act=current_user.belongs_to(Role.OPERATOR) or current_user.belongs_to(Role.DONG_CLERK),
    )
