"""가게 등록부: every enterprise of the district, and what the office decides about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import queries
from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput, NotFound
from marketplace.enterprises import (
    designation_desk,
    designations,
    documents,
    members,
    registry,
    standing,
)
from marketplace.enterprises.application_facts import LONGEST
from marketplace.enterprises.designation_desk import Certificate
from marketplace.enterprises.designations import DesignationKind
from marketplace.enterprises.documents import Document
from marketplace.enterprises.registry import Wanted
from marketplace.enterprises.status import ENTERPRISE_MOVES, ENTERPRISE_NAMES, EnterpriseStatus
from marketplace.web import documents as files
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow
from marketplace.web.office.trail_words import ACTIONS

bp = Blueprint("office_enterprises", __name__, url_prefix="/office/enterprises")

READERS = (Role.OPERATOR, Role.APPROVER, Role.SETTLEMENT_OFFICER, Role.AUDITOR)
LOOKS = {
    EnterpriseStatus.APPLIED: "mute",
    EnterpriseStatus.ACTIVE: "ok",
    EnterpriseStatus.SUSPENDED: "bad",
    EnterpriseStatus.CLOSED: "mute",
}


class CertificateForm(forms.BaseForm):
    """A designation as its certificate says it."""

    kind = forms.select_field(
        "종류", [(kind.value, text) for kind, text in designations.LABELS.items()]
    )
    number = forms.text_field("번호", longest=LONGEST["number"])
    authority = forms.text_field("지정 기관", longest=LONGEST["authority"])
    granted_on = forms.date_field("지정일")
    expires_on = forms.date_field("만료일", required=False)

    @property
    def certificate(self) -> Certificate:
        """Return the certificate as it was typed."""
        return Certificate(
            kind=DesignationKind(self.kind.data),
            number=self.number.data,
            authority=self.authority.data,
            granted_on=self.granted_on.data,
            expires_on=self.expires_on.data,
        )


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List the registry by name."""
    wanted, today = _wanted(), _today()
    rows = registry.list_page(wanted, on=today, after=request.args.get("after", None, type=int))
    is_full = len(rows) == registry.PAGE
    kept = {name: value for name, value in request.args.items() if name != "after"}
    return render_template(
        "office/enterprises/index.html",
        rows=rows,
        wanted=wanted,
        today=today,
        soon=today + registry.EXPIRING,
        counts=registry.count_by_status(),
        expiring=registry.count_expiring(on=today),
        names=ENTERPRISE_NAMES,
        looks=LOOKS,
        labels=designations.LABELS,
        dong=queries.list_dong(),
        next_url=f"{url_for('.index', after=rows[-1].id)}&{_query(kept)}" if is_full else None,
    )


@bp.get("/<int:enterprise_id>")
@allow(*READERS)
def show(enterprise_id: int) -> ResponseReturnValue:
    """Show one enterprise with everything the office knows."""
    return _page(enterprise_id)


@bp.post("/<int:enterprise_id>/standing")
@allow(Role.OPERATOR, Role.APPROVER)
def change_standing(enterprise_id: int) -> ResponseReturnValue:
    """Suspend, reopen or close an enterprise from now on."""
    asked = request.form.get("to", "")
    if asked not in set(EnterpriseStatus):
        return _page(enterprise_id, error=InvalidInput()), status_of(InvalidInput)
    return _done(
        enterprise_id,
        lambda: standing.change(
            enterprise_id=enterprise_id,
            to=EnterpriseStatus(asked),
            reason=request.form.get("reason", ""),
            by=current_user.person_id,
            at=clock.now(),
            ip=limits.client_address(),
        ),
        f"상태를 {ENTERPRISE_NAMES[EnterpriseStatus(asked)]}(으)로 바꾸었습니다.",
        about=f"standing-{asked}",
    )


@bp.post("/<int:enterprise_id>/designations")
@allow(Role.OPERATOR)
def designate(enterprise_id: int) -> ResponseReturnValue:
    """Write a new or renewed designation, with its certificate."""
    form = CertificateForm.sent()
    if not form.validate():
        return _page(enterprise_id, form=form), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: designation_desk.add(
                enterprise_id=enterprise_id,
                certificate=form.certificate,
                evidence=_evidence(),
                by=current_user.person_id,
                ip=limits.client_address(),
            )
        )
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return _page(enterprise_id, form=form), status_of(error)
    flash("지정을 더했습니다.")
    return redirect(url_for(".show", enterprise_id=enterprise_id), code=303)


@bp.post("/<int:enterprise_id>/designations/<int:designation_id>/revoke")
@allow(Role.OPERATOR)
def revoke(enterprise_id: int, designation_id: int) -> ResponseReturnValue:
    """End a designation from today."""
    return _done(
        enterprise_id,
        lambda: designation_desk.revoke(
            enterprise_id=enterprise_id,
            designation_id=designation_id,
            reason=request.form.get("reason", ""),
            evidence=_evidence(),
            by=current_user.person_id,
            at=clock.now(),
            ip=limits.client_address(),
        ),
        "지정을 취소했습니다. 배지와 쿠폰 자격이 오늘부터 없어집니다.",
        about=f"revoke-{designation_id}",
    )


@bp.post("/<int:enterprise_id>/documents/<int:document_id>")
@allow(Role.OPERATOR, Role.APPROVER, Role.AUDITOR)
def open_document(enterprise_id: int, document_id: int) -> ResponseReturnValue:
    """Hand out evidence, for a stated reason that is kept."""
    page = registry.get_page(enterprise_id, on=_today())
    if not page.shows_document(document_id):
        raise documents.DocumentMissing
    try:
        opened = in_transaction(
            lambda: documents.open_as_staff(
                document_id,
                actor_id=current_user.person_id,
                about=f"등록부: {page.name}",
                reason=request.form.get("reason", ""),
                ip=limits.client_address(),
                storage=files.storage(),
            )
        )
    except InvalidInput as error:
        return _page(enterprise_id, error=error, about="documents"), status_of(error)
    return files.respond(opened)


def _wanted() -> Wanted:
    status, kind = request.args.get("status", ""), request.args.get("kind", "")
    return Wanted(
        status=EnterpriseStatus(status) if status in set(EnterpriseStatus) else None,
        kind=DesignationKind(kind) if kind in set(DesignationKind) else None,
        dong_code=request.args.get("dong") or None,
        is_expiring=request.args.get("expiring") == "yes",
        words=forms.shown_again(request.args.get("q", "")[:60]),
    )


def _query(kept: dict[str, str]) -> str:
    return url_for(".index", **kept).partition("?")[2]  # type: ignore[arg-type]


def _today() -> date:
    return day_in_seoul(clock.now())


def _evidence() -> Document | None:
    file = request.files.get("file")
    if file is None or not file.filename:
        return None
    return files.take_in("file", person_id=current_user.person_id, at=clock.now())


def _done(
    enterprise_id: int, work: Callable[[], object], words: str, *, about: str
) -> ResponseReturnValue:
    try:
        in_transaction(work)
    except NotFound:
        raise
    except DomainError as error:
        return _page(enterprise_id, error=error, about=about), status_of(error)
    flash(words)
    return redirect(url_for(".show", enterprise_id=enterprise_id), code=303)


def _page(
    enterprise_id: int,
    *,
    form: CertificateForm | None = None,
    error: DomainError | None = None,
    about: str = "",
) -> str:
    page = registry.get_page(enterprise_id, on=_today())
    decides = current_user.belongs_to(Role.OPERATOR) or current_user.belongs_to(Role.APPROVER)
    moves = ENTERPRISE_MOVES[page.status] if page.status is not EnterpriseStatus.APPLIED else ()
    return render_template(
        "office/enterprises/show.html",
        page=page,
        names=ENTERPRISE_NAMES,
        looks=LOOKS,
        roles=members.ROLE_NAMES,
        actions=ACTIONS,
        moves=[to for to in EnterpriseStatus if decides and to in moves],
        may_designate=current_user.belongs_to(Role.OPERATOR),
        may_open=current_user.belongs_to(Role.AUDITOR) or decides,
        form=form or CertificateForm(),
        error=error,
        about=about,
        typed=forms.shown_again(request.form.get("reason", "")),
    )
