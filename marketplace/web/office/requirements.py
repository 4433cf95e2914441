"""입점 점검표: what applicants are asked for, from a day on."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import IntegerField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.enterprises import designations, requirements
from marketplace.enterprises.designations import DesignationKind
from marketplace.enterprises.requirements import RequirementKind, RequirementRow, Written
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint("office_requirements", __name__, url_prefix="/office/requirements")

_MOST: int = 999


class RequirementForm(forms.BaseForm):
    """One point of the checklist."""

    kind = forms.select_field(
        "종류", [(kind.value, text) for kind, text in requirements.KIND_NAMES.items()]
    )
    title = forms.text_field("항목 이름", longest=requirements.LONGEST_TITLE)
    body = forms.long_text_field(
        "전문 또는 설명", longest=requirements.LONGEST_BODY, required=False
    )
    is_mandatory = forms.checkbox_field("꼭 필요한 항목")
    designation_kinds = SelectMultipleField(
        "해당하는 지정 (하나도 고르지 않으면 모두)",
        choices=[SelectChoice(kind.value, text) for kind, text in designations.LABELS.items()],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    position = IntegerField(
        "순서", validators=[Optional(), NumberRange(min=0, max=_MOST)], default=0
    )
    effective_on = forms.date_field("시행일")

    @property
    def written(self) -> Written:
        """Return the point as it was typed."""
        effective_on: date = self.effective_on.data
        return Written(
            kind=RequirementKind(self.kind.data),
            title=self.title.data,
            body=self.body.data or "",
            is_mandatory=self.is_mandatory.data,
            designation_kinds=tuple(
                DesignationKind(kind) for kind in self.designation_kinds.data or ()
            ),
            position=self.position.data or 0,
            effective_on=effective_on,
        )


@bp.get("")
@allow(Role.OPERATOR, Role.APPROVER, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List what is asked, what will be and what was."""
    return _list()


@bp.get("/new")
@allow(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Show an empty point."""
    return _page(RequirementForm(data={"is_mandatory": True, "effective_on": _today()}))


@bp.post("/new")
@allow(Role.OPERATOR)
def add() -> ResponseReturnValue:
    """Ask applicants for one more thing."""
    form = RequirementForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: requirements.add(form.written, by=current_user.person_id, at=clock.now())
        )
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    flash("점검 항목을 더했습니다.")
    return redirect(url_for(".index"), code=303)


@bp.get("/<int:requirement_id>")
@allow(Role.OPERATOR)
def edit(requirement_id: int) -> ResponseReturnValue:
    """Show a point to be changed before it is in force, or replaced afterwards."""
    row = requirements.get(requirement_id)
    form = RequirementForm(obj=row)
    if row.effective_on <= _today():
        form.effective_on.data = None
    return _page(form, row)


@bp.post("/<int:requirement_id>")
@allow(Role.OPERATOR)
def save(requirement_id: int) -> ResponseReturnValue:
    """Change a coming point in place; put another in the place of one in force."""
    row = requirements.get(requirement_id)
    form = RequirementForm.sent()
    if not form.validate():
        return _page(form, row), status_of(InvalidInput)
    write = requirements.change if row.effective_on > _today() else requirements.replace
    try:
        in_transaction(
            lambda: write(requirement_id, form.written, by=current_user.person_id, at=clock.now())
        )
    except DomainError as error:
        form.refuse(error)
        return _page(form, row), status_of(error)
    flash("점검 항목을 저장했습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:requirement_id>/retire")
@allow(Role.OPERATOR)
def retire(requirement_id: int) -> ResponseReturnValue:
    """Ask for it no longer."""
    try:
        in_transaction(
            lambda: requirements.retire(requirement_id, by=current_user.person_id, at=clock.now())
        )
    except requirements.AlreadyRetired as error:
        return _list(error=error), status_of(error)
    flash("항목을 거두었습니다.")
    return redirect(url_for(".index"), code=303)


def _today() -> date:
    return day_in_seoul(clock.now())


def _list(*, error: DomainError | None = None) -> str:
    today = _today()
    rows = requirements.list_all()
    return render_template(
        "office/enterprises/requirements.html",
        in_force=[row for row in rows if row.is_in_force(today)],
        coming=[row for row in rows if row.effective_on > today],
        past=[row for row in rows if row.retired_on is not None and row.retired_on <= today],
        names=requirements.KIND_NAMES,
        labels=designations.LABELS,
        may_write=current_user.belongs_to(Role.OPERATOR),
        error=error,
    )


def _page(form: RequirementForm, row: RequirementRow | None = None) -> str:
    return render_template(
        "office/enterprises/requirement.html",
        form=form,
        row=row,
        is_in_force=row is not None and row.effective_on <= _today(),
    )
