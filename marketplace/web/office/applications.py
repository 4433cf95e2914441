"""입점 심사: applications that wait, each with its facts, checks and checklist."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.enterprises import (
    application_desk,
    approval,
    checklist,
    designations,
    documents,
    registry,
)
from marketplace.enterprises.application_desk import ApplicationView
from marketplace.enterprises.applications import ApplicationMissing
from marketplace.enterprises.checklist import FulfilmentState, PointMissing, RequirementKind
from marketplace.enterprises.status import APPLICATION_NAMES, ApplicationStatus
from marketplace.web import documents as files
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow
from marketplace.web.office.trail_words import ACTIONS

bp = Blueprint("office_applications", __name__, url_prefix="/office/applications")

READERS = (Role.OPERATOR, Role.APPROVER, Role.AUDITOR)
JUDGES = (Role.OPERATOR, Role.APPROVER)
LOOKS = {
    ApplicationStatus.SUBMITTED: "warn",
    ApplicationStatus.REVISION: "bad",
    ApplicationStatus.APPROVED: "ok",
    ApplicationStatus.DECLINED: "mute",
}


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List applications that were handed in, newest first."""
    asked = request.args.get("status", "")
    status = ApplicationStatus(asked) if asked in set(ApplicationStatus) else None
    rows = application_desk.list_page(
        status=status, before=request.args.get("before", None, type=int)
    )
    is_full = len(rows) == application_desk.PAGE
    return render_template(
        "office/enterprises/applications.html",
        rows=rows,
        counts=application_desk.count_by_status(),
        status=status,
        names=APPLICATION_NAMES,
        looks=LOOKS,
        next_url=url_for(".index", status=status, before=rows[-1].id) if is_full else None,
    )


@bp.get("/<int:application_id>")
@allow(*READERS)
def show(application_id: int) -> ResponseReturnValue:
    """Show one application with everything that is known of it."""
    return _page(application_id)


@bp.post("/<int:application_id>/points/<int:requirement_id>")
@allow(*JUDGES)
def judge(application_id: int, requirement_id: int) -> ResponseReturnValue:
    """Accept, return or waive one point of the checklist."""
    asked = request.form.get("state", "")
    if asked not in set(FulfilmentState):
        return _page(application_id, error=InvalidInput()), status_of(InvalidInput)
    return _done(
        application_id,
        lambda: approval.judge_point(
            application_id=application_id,
            requirement_id=requirement_id,
            state=FulfilmentState(asked),
            note=request.form.get("note", ""),
            by=current_user.person_id,
            at=clock.now(),
        ),
        "항목을 처리했습니다.",
        about=f"point-{requirement_id}",
    )


@bp.post("/<int:application_id>/revision")
@allow(*JUDGES)
def ask_for_revision(application_id: int) -> ResponseReturnValue:
    """Give the application back to be completed."""
    return _done(
        application_id,
        lambda: approval.ask_for_revision(
            application_id=application_id,
            answer=request.form.get("answer", ""),
            by=current_user.person_id,
            at=clock.now(),
        ),
        "보완을 요청했습니다. 신청인에게 알립니다.",
        about="revision",
    )


@bp.post("/<int:application_id>/decline")
@allow(Role.APPROVER)
def decline(application_id: int) -> ResponseReturnValue:
    """Refuse the application for good."""
    return _done(
        application_id,
        lambda: approval.decline(
            application_id=application_id,
            answer=request.form.get("answer", ""),
            by=current_user.person_id,
            at=clock.now(),
        ),
        "신청을 반려했습니다. 신청인에게 알립니다.",
        about="decline",
    )


@bp.post("/<int:application_id>/approve")
@allow(Role.APPROVER)
def approve(application_id: int) -> ResponseReturnValue:
    """Make the application an enterprise that sells."""
    return _done(
        application_id,
        lambda: approval.approve(
            application_id=application_id,
            by=current_user.person_id,
            at=clock.now(),
            ip=limits.client_address(),
        ),
        "입점을 승인했습니다. 신청인이 대표로 가게 업무를 시작할 수 있습니다.",
        about="approve",
    )


@bp.post("/<int:application_id>/documents/<int:document_id>")
@allow(*READERS)
def open_document(application_id: int, document_id: int) -> ResponseReturnValue:
    """Hand out a document, for a stated reason that is kept."""
    view = _get(application_id)
    if not view.shows_document(document_id):
        raise documents.DocumentMissing
    try:
        opened = in_transaction(
            lambda: documents.open_as_staff(
                document_id,
                actor_id=current_user.person_id,
                about=f"입점 심사: {view.name}",
                reason=request.form.get("reason", ""),
                ip=limits.client_address(),
                storage=files.storage(),
            )
        )
    except InvalidInput as error:
        return _page(application_id, error=error, about="documents"), status_of(error)
    return files.respond(opened)


def _get(application_id: int) -> ApplicationView:
    return application_desk.get_handed_in(application_id, at=clock.now())


def _done(
    application_id: int, work: Callable[[], object], words: str, *, about: str
) -> ResponseReturnValue:
    _get(application_id)
    try:
        in_transaction(work)
    except (ApplicationMissing, PointMissing):
        raise
    except DomainError as error:
        return _page(application_id, error=error, about=about), status_of(error)
    flash(words)
    anchor = about if about.startswith("point-") else None
    return redirect(url_for(".show", application_id=application_id, _anchor=anchor), code=303)


def _page(application_id: int, *, error: DomainError | None = None, about: str = "") -> str:
    view = _get(application_id)
    is_waiting = view.status is ApplicationStatus.SUBMITTED
    return render_template(
        "office/enterprises/application.html",
        view=view,
        checks=application_desk.list_checks(view),
        events=registry.list_trail("application", application_id),
        actions=ACTIONS,
        names=APPLICATION_NAMES,
        looks=LOOKS,
        labels=designations.LABELS,
        kinds=RequirementKind,
        states=checklist.STATE_NAMES,
        may_judge=is_waiting and any(current_user.belongs_to(role) for role in JUDGES),
        may_decide=is_waiting and current_user.belongs_to(Role.APPROVER),
        is_own=view.person_id == current_user.person_id,
        error=error,
        about=about,
        typed=forms.shown_again(request.form.get("answer", "") or request.form.get("note", "")),
    )
