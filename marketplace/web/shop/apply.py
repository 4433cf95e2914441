"""입점 신청: a draft that loses nothing, the office's checklist, and handing in."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.enterprises import application_desk, applications, checklist, documents
from marketplace.enterprises import designations as designation_words
from marketplace.enterprises.application_desk import ApplicationView
from marketplace.enterprises.checklist import RequirementKind
from marketplace.enterprises.status import APPLICATION_NAMES, ApplicationStatus
from marketplace.web import documents as files
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import MEMBER, allow
from marketplace.web.shop.apply_form import Sheet

bp = Blueprint("shop_apply", __name__, url_prefix="/apply")

LOOKS = {
    ApplicationStatus.DRAFT: "mute",
    ApplicationStatus.SUBMITTED: "warn",
    ApplicationStatus.REVISION: "bad",
    ApplicationStatus.APPROVED: "ok",
    ApplicationStatus.DECLINED: "mute",
}


@bp.get("")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """Say how an enterprise comes in, and list the member's own applications."""
    return render_template(
        "shop/apply/index.html",
        rows=application_desk.list_own(current_user.person_id),
        names=APPLICATION_NAMES,
        looks=LOOKS,
    )


@bp.get("/new")
@allow(MEMBER)
def new() -> ResponseReturnValue:
    """Show an empty application."""
    return _sheet(Sheet.blank(email=current_user.email))


@bp.post("/new")
@allow(MEMBER)
def start() -> ResponseReturnValue:
    """Keep a first draft."""
    sheet = Sheet.sent()
    if not sheet.validate():
        return _sheet(sheet), status_of(InvalidInput)
    try:
        application_id = in_transaction(
            lambda: applications.start(
                person_id=current_user.person_id, stated=sheet.stated, at=clock.now()
            )
        )
    except DomainError as error:
        sheet.form.refuse(error)
        return _sheet(sheet), status_of(error)
    return _kept(application_id)


@bp.get("/<int:application_id>")
@allow(MEMBER)
def edit(application_id: int) -> ResponseReturnValue:
    """Show an application to be continued."""
    view = _get(application_id)
    if not view.is_editable:
        return redirect(url_for(".show_checklist", application_id=application_id), code=303)
    sheet = Sheet.of(view)
    if request.args.get("check"):
        sheet.point_out(view.problems)
    return _sheet(sheet, view)


@bp.post("/<int:application_id>")
@allow(MEMBER)
def save(application_id: int) -> ResponseReturnValue:
    """Keep what was typed so far."""
    view = _get(application_id)
    sheet = Sheet.sent()
    if not sheet.validate():
        return _sheet(sheet, view), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: applications.save(
                application_id=application_id,
                person_id=current_user.person_id,
                stated=sheet.stated,
            )
        )
    except DomainError as error:
        sheet.form.refuse(error)
        return _sheet(sheet, view), status_of(error)
    return _kept(application_id)


@bp.get("/<int:application_id>/checklist")
@allow(MEMBER)
def show_checklist(application_id: int) -> ResponseReturnValue:
    """Show what the office asks for, and how each point stands."""
    return _checklist(application_id)


@bp.post("/<int:application_id>/designations/<int:place>/document")
@allow(MEMBER)
def attach(application_id: int, place: int) -> ResponseReturnValue:
    """Take in the certificate of one designation."""
    person_id, at = current_user.person_id, clock.now()

    def work() -> None:
        applications.lock_own(application_id, person_id=person_id)
        applications.attach(
            application_id=application_id,
            person_id=person_id,
            place=place,
            number=request.form.get("number", ""),
            document=files.take_in("file", person_id=person_id, at=at),
        )

    return _answered(application_id, work, "지정서를 올렸습니다.", about=f"d{place}")


@bp.post("/<int:application_id>/requirements/<int:requirement_id>")
@allow(MEMBER)
def give(application_id: int, requirement_id: int) -> ResponseReturnValue:
    """Give a document, or agree to what is to be read."""
    person_id, at = current_user.person_id, clock.now()

    def work() -> None:
        application = applications.lock_own(application_id, person_id=person_id)
        if "file" in request.files:
            checklist.give_document(
                application,
                requirement_id,
                document=files.take_in("file", person_id=person_id, at=at),
                on=day_in_seoul(at),
                at=at,
            )
        else:
            checklist.agree(
                application,
                requirement_id,
                is_agreed=request.form.get("agreed") == "yes",
                on=day_in_seoul(at),
                at=at,
            )

    return _answered(application_id, work, "저장했습니다.", about=f"requirement-{requirement_id}")


@bp.post("/<int:application_id>/submit")
@allow(MEMBER)
def submit(application_id: int) -> ResponseReturnValue:
    """Hand the application in."""
    return _answered(
        application_id,
        lambda: applications.submit(
            application_id=application_id,
            person_id=current_user.person_id,
            at=clock.now(),
            ip=limits.client_address(),
        ),
        "신청서를 냈습니다. 심사 결과를 메일과 알림으로 알려 드립니다.",
        about="submit",
    )


@bp.get("/<int:application_id>/documents/<int:document_id>")
@allow(MEMBER)
def open_document(application_id: int, document_id: int) -> ResponseReturnValue:
    """Hand a document back to whoever uploaded it."""
    if not _get(application_id).shows_document(document_id):
        raise documents.DocumentMissing
    return files.respond(
        documents.open_own(document_id, person_id=current_user.person_id, storage=files.storage())
    )


def _get(application_id: int) -> ApplicationView:
    return application_desk.get_own(
        application_id, person_id=current_user.person_id, at=clock.now()
    )


def _kept(application_id: int) -> ResponseReturnValue:
    if request.form.get("then") == "next":
        return redirect(url_for(".show_checklist", application_id=application_id), code=303)
    flash("임시 저장했습니다. 언제든 이어서 쓸 수 있습니다.")
    return redirect(url_for(".edit", application_id=application_id), code=303)


def _answered(
    application_id: int, work: Callable[[], None], words: str, *, about: str
) -> ResponseReturnValue:
    _get(application_id)
    try:
        if request.files:
            limits.spend(limits.UPLOAD, str(current_user.person_id))
        in_transaction(work)
    except DomainError as error:
        return _checklist(application_id, error=error, about=about), status_of(error)
    flash(words)
    anchor = None if about == "submit" else about
    return redirect(
        url_for(".show_checklist", application_id=application_id, _anchor=anchor), code=303
    )


def _sheet(sheet: Sheet, view: ApplicationView | None = None) -> str:
    return render_template("shop/apply/sheet.html", sheet=sheet, form=sheet.form, view=view)


def _checklist(application_id: int, *, error: DomainError | None = None, about: str = "") -> str:
    view = _get(application_id)
    return render_template(
        "shop/apply/checklist.html",
        view=view,
        names=APPLICATION_NAMES,
        looks=LOOKS,
        kinds=RequirementKind,
        states=checklist.STATE_NAMES,
        labels=designation_words.LABELS,
        missing_facts=[each for each in view.problems if not each.field.startswith("requirement-")],
        error=error,
        about=about,
        missing=getattr(error, "problems", ()),
    )
