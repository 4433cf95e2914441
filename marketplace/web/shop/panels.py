"""A panellist's pages: rounds to score, entries by number, one sheet each."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.reviews import panels, scoring, status
from marketplace.reviews.scoring import Asked, Sheet
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_panels", __name__, url_prefix="/panels")


@bp.get("")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """List the rounds the viewer scores in."""
    return render_template(
        "shop/panels/index.html",
        seats=scoring.list_seats(current_user.person_id),
        labels=status.LABELS,
    )


@bp.get("/<int:panel_id>")
@allow(MEMBER)
def show(panel_id: int) -> ResponseReturnValue:
    """List the entries of a round by number."""
    person_id = current_user.person_id
    return render_template(
        "shop/panels/show.html",
        seat=scoring.get_panel(panel_id, person_id=person_id),
        entries=scoring.list_entries(panel_id, person_id=person_id),
        labels=status.LABELS,
    )


@bp.get("/<int:panel_id>/entries/<int:entry_id>")
@allow(MEMBER)
def entry(panel_id: int, entry_id: int) -> ResponseReturnValue:
    """Show one entry with the viewer's sheet."""
    return _sheet(panel_id, entry_id)


@bp.post("/<int:panel_id>/entries/<int:entry_id>")
@allow(MEMBER)
def score(panel_id: int, entry_id: int) -> ResponseReturnValue:
    """Keep the viewer's scores of an entry."""
    person_id, at = current_user.person_id, clock.now()
    sheet = _read_sheet(scoring.list_criteria(panel_id))
    try:
        in_transaction(
            lambda: scoring.score(
                panel_id=panel_id, entry_id=entry_id, person_id=person_id, sheet=sheet, at=at
            )
        )
    except DomainError as error:
        return _sheet(panel_id, entry_id, typed=sheet, error=error), status_of(error)
    flash("심사표를 저장했습니다. 마감 전까지 고칠 수 있습니다.")
    return redirect(url_for(".show", panel_id=panel_id), code=303)


@bp.post("/<int:panel_id>/entries/<int:entry_id>/conflict")
@allow(MEMBER)
def step_back(panel_id: int, entry_id: int) -> ResponseReturnValue:
    """Let the viewer step back from an entry."""
    person_id, at = current_user.person_id, clock.now()
    try:
        in_transaction(
            lambda: scoring.declare_conflict(
                panel_id=panel_id, entry_id=entry_id, person_id=person_id, at=at
            )
        )
    except DomainError as error:
        return _sheet(panel_id, entry_id, error=error), status_of(error)
    flash("이 출품은 심사에서 빠졌습니다.")
    return redirect(url_for(".show", panel_id=panel_id), code=303)


def _read_sheet(criteria: list[Asked]) -> Sheet:
    given = {each.id: request.form.get(f"score-{each.id}", type=int) for each in criteria}
    return Sheet(
        scores={criterion: points for criterion, points in given.items() if points is not None},
        comment=forms.shown_again(request.form.get("comment", "")),
        improvement=forms.shown_again(request.form.get("improvement", "")),
        channels=request.form.getlist("channels"),
    )


def _sheet(
    panel_id: int,
    entry_id: int,
    *,
    typed: Sheet | None = None,
    error: DomainError | None = None,
) -> str:
    person_id = current_user.person_id
    found = scoring.get_entry(panel_id, entry_id, person_id=person_id)
    return render_template(
        "shop/panels/entry.html",
        seat=scoring.get_panel(panel_id, person_id=person_id),
        entry=found,
        filled=typed or found,
        criteria=scoring.list_criteria(panel_id),
        channels=panels.CHANNELS,
        longest=scoring.LONGEST_COMMENT,
        error=error,
    )
