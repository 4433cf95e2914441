"""품평회: rounds set up, opened, closed and published."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import ClassVar, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import IntegerField
from wtforms.validators import InputRequired

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.reviews import panel_page, panels, rounds, status
from marketplace.reviews.panels import Criterion, PanellistKind, Plan
from marketplace.reviews.status import PanelStatus
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow, may_open

bp = Blueprint("office_panels", __name__, url_prefix="/office/panels")

LOOKS: Final = {
    PanelStatus.DRAFT: "mute",
    PanelStatus.SCORING: "warn",
    PanelStatus.CLOSED: "teal",
    PanelStatus.PUBLISHED: "ok",
}
_SPARE_ROWS: Final = 3


class PlanForm(forms.BaseForm):
    """What a round is called and when it is held."""

    aliases: ClassVar[dict[str, str]] = {}

    name = forms.text_field("품평회 이름", longest=panels.LONGEST_NAME)
    held_on = forms.date_field("여는 날")
    badges = IntegerField(
        "배지를 받을 상품 수",
        validators=[InputRequired(message="숫자로 적어 주세요.")],
        render_kw={"min": "0", "max": "50", "inputmode": "numeric"},
    )


@bp.get("")
@allow(Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List rounds, newest first."""
    return _list(PlanForm(data={"badges": 3, "held_on": day_in_seoul(clock.now())}))


@bp.post("")
@allow(Role.OPERATOR)
def create() -> ResponseReturnValue:
    """Create a round."""
    form, by, at, ip = PlanForm.sent(), *_who()
    if not form.validate():
        return _list(form), status_of(InvalidInput)
    try:
        panel_id = in_transaction(lambda: panels.create(_plan(form), by=by, at=at, ip=ip))
    except DomainError as error:
        form.refuse(error)
        return _list(form), status_of(error)
    flash("품평회를 만들었습니다. 출품과 심사위원을 넣어 주세요.")
    return redirect(url_for(".show", panel_id=panel_id), code=303)


@bp.get("/<int:panel_id>")
@allow(Role.OPERATOR, Role.AUDITOR)
def show(panel_id: int) -> ResponseReturnValue:
    """Show a round's set-up and progress."""
    return _page(panel_id)


@bp.post("/<int:panel_id>")
@allow(Role.OPERATOR)
def change(panel_id: int) -> ResponseReturnValue:
    """Change a round's name, day and badges."""
    form, by, _, ip = PlanForm.sent(), *_who()
    if not form.validate():
        return _page(panel_id, form), status_of(InvalidInput)
    try:
        in_transaction(lambda: panels.change(panel_id, _plan(form), by=by, ip=ip))
    except DomainError as error:
        form.refuse(error)
        return _page(panel_id, form), status_of(error)
    flash("품평회를 고쳤습니다.")
    return redirect(url_for(".show", panel_id=panel_id), code=303)


@bp.post("/<int:panel_id>/criteria")
@allow(Role.OPERATOR)
def set_criteria(panel_id: int) -> ResponseReturnValue:
    """Say what is scored and how much it counts."""
    by, _, ip = _who()
    criteria = [Criterion(name, _basis_points(share)) for name, share in _typed_criteria() if name]
    return _answer(
        panel_id,
        lambda: panels.set_criteria(panel_id, criteria, by=by, ip=ip),
        "심사 항목을 저장했습니다.",
        part="criteria",
    )


@bp.post("/<int:panel_id>/entries")
@allow(Role.OPERATOR)
def enter(panel_id: int) -> ResponseReturnValue:
    """Enter a product."""
    by, _, ip = _who()
    found = re.search(r"(\d{1,18})\D*$", request.form.get("product_id", ""), re.ASCII)
    product_id = int(found[1]) if found else 0
    return _answer(
        panel_id,
        lambda: panels.enter(panel_id, product_id=product_id, by=by, ip=ip),
        "출품을 넣었습니다.",
        part="entries",
    )


@bp.post("/<int:panel_id>/entries/<int:entry_id>/withdrawal")
@allow(Role.OPERATOR)
def withdraw(panel_id: int, entry_id: int) -> ResponseReturnValue:
    """Take an entry out."""
    by, _, ip = _who()
    return _answer(
        panel_id,
        lambda: panels.withdraw(panel_id, entry_id=entry_id, by=by, ip=ip),
        "출품을 뺐습니다.",
        part="entries",
    )


@bp.post("/<int:panel_id>/panellists")
@allow(Role.OPERATOR)
def seat(panel_id: int) -> ResponseReturnValue:
    """Ask a member onto the panel."""
    by, _, ip = _who()
    typed = request.form.get("kind", "")
    kind = PanellistKind(typed) if typed in set(PanellistKind) else PanellistKind.CONSUMER
    email = forms.shown_again(request.form.get("email", ""))
    return _answer(
        panel_id,
        lambda: panels.seat(panel_id, email=email, kind=kind, by=by, ip=ip),
        "심사위원을 넣었습니다.",
        part="panellists",
    )


@bp.post("/<int:panel_id>/panellists/<int:panellist_id>/removal")
@allow(Role.OPERATOR)
def unseat(panel_id: int, panellist_id: int) -> ResponseReturnValue:
    """Take a panellist off the panel."""
    by, _, ip = _who()
    return _answer(
        panel_id,
        lambda: panels.unseat(panel_id, panellist_id=panellist_id, by=by, ip=ip),
        "심사위원을 뺐습니다.",
        part="panellists",
    )


@bp.post("/<int:panel_id>/opening")
@allow(Role.OPERATOR)
def open_scoring(panel_id: int) -> ResponseReturnValue:
    """Let the panel score."""
    by, at, ip = _who()
    return _answer(
        panel_id,
        lambda: rounds.open_scoring(panel_id, by=by, at=at, ip=ip),
        "심사를 시작했습니다. 심사위원에게 알렸습니다.",
    )


@bp.post("/<int:panel_id>/closing")
@allow(Role.OPERATOR)
def close(panel_id: int) -> ResponseReturnValue:
    """End scoring."""
    by, at, ip = _who()
    return _answer(
        panel_id,
        lambda: rounds.close(panel_id, by=by, at=at, ip=ip),
        "심사를 마감했습니다. 이제 결과를 볼 수 있습니다.",
    )


def _who() -> tuple[int, datetime, str | None]:
    return current_user.person_id, clock.now(), limits.client_address()


def _plan(form: PlanForm) -> Plan:
    held_on: date = form.held_on.data
    return Plan(name=form.name.data, held_on=held_on, badges=form.badges.data)


def _answer(
    panel_id: int, act: Callable[[], None], said: str, *, part: str = ""
) -> ResponseReturnValue:
    try:
        in_transaction(act)
    except panels.PanelMissing:
        raise
    except DomainError as error:
        return _page(panel_id, error=error, part=part), status_of(error)
    flash(said)
    return redirect(url_for(".show", panel_id=panel_id), code=303)


def _typed_criteria() -> list[tuple[str, str]]:
    names, shares = request.form.getlist("name"), request.form.getlist("share")
    return [
        (forms.shown_again(name), forms.shown_again(share))
        for name, share in zip(names, shares, strict=False)
    ][: panels.MOST_CRITERIA + 1]


def _basis_points(share: str) -> int:
    # Percent with up to two decimals, read as digits: no float touches a weight.
    found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?%?", share, re.ASCII)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0


def _percent(weight_bps: int) -> str:
    whole, rest = divmod(weight_bps, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") if rest else str(whole)


def _list(form: PlanForm) -> str:
    rows = panel_page.list_page(before_id=request.args.get("before", type=int))
    is_full = len(rows) == panel_page.PAGE
    return render_template(
        "office/panels/index.html",
        rows=rows,
        form=form,
        labels=status.LABELS,
        looks=LOOKS,
        may_act=may_open("office_panels.create"),
        next_url=url_for(".index", before=rows[-1].id) if is_full else None,
    )


def _page(
    panel_id: int,
    form: PlanForm | None = None,
    *,
    error: DomainError | None = None,
    part: str = "",
) -> str:
    panel = panel_page.get(panel_id)
    criteria = [(each.name, _percent(each.weight_bps)) for each in panel.criteria]
    if part == "criteria" and error is not None:
        criteria = _typed_criteria()
    filled = {"name": panel.name, "held_on": panel.held_on, "badges": panel.badges}
    return render_template(
        "office/panels/show.html",
        panel=panel,
        form=form or PlanForm(data=filled),
        criteria=[*criteria, *[("", "")] * _SPARE_ROWS][: panels.MOST_CRITERIA],
        kinds=panels.KINDS,
        labels=status.LABELS,
        looks=LOOKS,
        may_act=may_open("office_panels.create"),
        error=error,
        part=part,
        typed_email=forms.shown_again(request.form.get("email", "")),
        typed_product=forms.shown_again(request.form.get("product_id", "")),
    )
